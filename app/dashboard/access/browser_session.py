"""Who is logged in on a browser: its cookie holds a random id, everything else is in a table."""

from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import g, request, session
from sqlalchemy.exc import DBAPIError

from tierwatch.dashboard.site import stored_text, this_moment, this_site
from tierwatch.store.people.roles import Person
from tierwatch.store.people.sessions import (
    LASTS,
    Method,
    OpenSession,
    find_session,
    leave_session,
    note_seen,
)
from tierwatch.store.people.sessions import begin_session as begin_stored_session

_log = structlog.get_logger(__name__)

# Under this name the id stands in Flask's signed cookie, beside the CSRF token and what is flashed.
_ID = "id"
_LONGEST_AGENT = 200
# Sent by static/page.js.
_LIVE = "X-Tierwatch-Live"


def cookie_settings(dashboard_url: str) -> dict[str, Any]:
    """Flask's settings of the cookie, for the address at which browsers reach the dashboard.

    Over https browsers take ``__Host-`` for this host only, with the path ``/``; where other
    programs share the host under paths of their own, ``__Secure-`` keeps it off plain http alone.

    >>> cookie_settings("https://watch.example")["SESSION_COOKIE_NAME"]
    '__Host-tierwatch'
    >>> cookie_settings("http://127.0.0.1:8421")["SESSION_COOKIE_SECURE"]
    False
    """
    seen = urlsplit(dashboard_url.strip())
    secure = seen.scheme == "https"
    prefix = ("__Secure-" if seen.path.strip("/") else "__Host-") if secure else ""
    return {
        "SESSION_COOKIE_NAME": f"{prefix}tierwatch",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": LASTS,
    }


def begin_session(person: Person, method: Method) -> bool:
    """Log this person in on this browser, whatever proved who they are.

    A login that the browser had before ends, and what its cookie held besides is dropped: nothing
    that was known before a login is worth anything after it.

    Returns:
        Whether they are in; False when they have been disabled, removed or given another password
        since they were found.
    """
    site, address = this_site(), request.remote_addr or ""
    with site.engine.begin() as connection:
        if former := _shown_id():
            leave_session(connection, former)
        secret = begin_stored_session(
            connection,
            person,
            method,
            now=this_moment(),
            address=address,
            agent=stored_text(request.user_agent.string)[:_LONGEST_AGENT],
        )
    session.clear()
    if secret is None:
        return False
    session.permanent = True
    session[_ID] = secret
    _log.info("logged in", user=person.name, method=method, address=address)
    return True


def end_session() -> None:
    """Log out on this browser; its cookie opens nothing afterwards, wherever it was copied to."""
    former = _shown_id()
    session.clear()
    if former:
        with this_site().engine.begin() as connection:
            leave_session(connection, former)


def open_session() -> OpenSession | None:
    """The session that the request's cookie opens, or None; writes now and then that it is used."""
    shown, now = _shown_id(), this_moment()
    if not shown:
        return None
    engine = this_site().engine
    with engine.connect() as connection:
        found = find_session(connection, shown, now=now)
    # A page that keeps itself up to date is nobody's use of it: left open, its login still ends.
    if found is not None and found.is_stale(now) and _LIVE not in request.headers:
        try:
            with engine.begin() as connection:
                note_seen(connection, found.id, now=now)
        except DBAPIError as problem:  # read-only after a failover: pages can still be read
            _log.warning("a session's use cannot be written", error=str(problem)[:300])
    return found


def this_session() -> OpenSession:
    """The session of the present request; only where login is required."""
    found: OpenSession = g.session
    return found


def _shown_id() -> str:
    shown = session.get(_ID)
    return shown if isinstance(shown, str) else ""
