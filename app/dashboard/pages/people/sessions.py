"""Where one is logged in, and for admins where everybody is; any of it can be ended."""

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.browser_session import this_session
from tierwatch.dashboard.arguments import ID
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.store.audit import add_audit
from tierwatch.store.people.sessions import (
    IDLE,
    LASTS,
    OpenSession,
    Session,
    end_session,
    end_sessions,
    open_sessions,
)

routes = Blueprint("sessions", __name__)


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """Open sessions.

    Attributes:
        here: id of the session that the page was asked for in.
        own: of whoever asks.
        others: everybody else's; empty for all but admins.
        idle_hours: unused for so long, a session ends.
        lasts_hours: used or not, a session ends after so long.
    """

    template: ClassVar[str] = "sessions.html"

    here: int
    own: tuple[Session, ...]
    others: tuple[Session, ...]
    idle_hours: int
    lasts_hours: int


@routes.get("/sessions")
def show() -> str:
    """Where one is logged in."""
    with this_site().engine.connect() as connection:
        page = sessions_page(connection, this_session(), now=this_moment())
    return render(page)


@routes.post(f"/sessions/<{ID}:session_id>/end")
def end(session_id: int) -> ResponseReturnValue:
    """End one of one's own sessions; an admin may end anybody's."""
    person = this_person()
    of = None if person.may("admin") else person.name
    with this_site().engine.begin() as connection:
        ended = end_session(connection, session_id, actor=person.name, of=of)
    if ended is None:
        abort(404)
    flash(f"A session of {ended} has ended.")
    return redirect(url_for("sessions.show"))


@routes.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    """End one's own sessions on every other browser."""
    person = this_person()
    with this_site().engine.begin() as connection:
        ended = end_sessions(connection, person.name, but=this_session().id)
        if ended:
            subject = f"user/{person.name}"
            add_audit(
                connection, actor=person.name, action="session.ended", subject=subject, ended=ended
            )
    flash("You are logged in here only.")
    return redirect(url_for("sessions.show"))


def sessions_page(connection: Connection, here: OpenSession, *, now: dt.datetime) -> SessionsPage:
    """Fill the page for the person of this session."""
    person = here.person
    of = None if person.may("admin") else person.name
    found = open_sessions(connection, now=now, of=of)
    return SessionsPage(
        here=here.id,
        own=tuple(one for one in found if one.user_name == person.name),
        others=tuple(one for one in found if one.user_name != person.name),
        idle_hours=IDLE // dt.timedelta(hours=1),
        lasts_hours=LASTS // dt.timedelta(hours=1),
    )
