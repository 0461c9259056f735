"""Users and tokens, for admins: who may enter, what they may do, until when."""

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import stored_text, this_moment, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.people import accounts
from tierwatch.store.people.accounts import User
from tierwatch.store.people.passwords import one_time_password
from tierwatch.store.people.roles import ROLES, Role
from tierwatch.store.people.tokens import (
    LASTS,
    Token,
    accepted_end,
    add_token,
    revoke_token,
    tokens,
)
from tierwatch.store.people.users import add_user

routes = Blueprint("users", __name__)


@dataclass(frozen=True, slots=True)
class Secret:
    """What is shown this once, and what it is."""

    words: str
    secret: str


@dataclass(frozen=True, slots=True)
class UsersPage:
    """Users and tokens.

    Attributes:
        secret: a one-time password or a token that was just made; None otherwise.
        now: tokens that ended before have ended.
        lasts: how long a token lasts unless something else is typed.
    """

    template: ClassVar[str] = "users.html"

    users: tuple[User, ...]
    tokens: tuple[Token, ...]
    roles: tuple[Role, ...]
    secret: Secret | None
    problem: str
    now: dt.datetime
    lasts: str


@routes.get("/users")
@require("admin")
def show() -> ResponseReturnValue:
    """Who may enter."""
    return _answer()


@routes.post("/users/<any(add, role, reset, disable, enable, remove):what>")
@require("admin")
def change(what: str) -> ResponseReturnValue:
    """Do something to the user whose name is in the form."""
    name, role = _field("name"), _field("role")
    try:
        with this_site().engine.begin() as connection:
            done = _changed(connection, what, name, role)
    except ConflictError as problem:
        return _answer(problem=sentence(problem), status=409)
    except UsageError as problem:
        return _answer(problem=sentence(problem), status=400)
    if isinstance(done, Secret):
        return _answer(secret=done)
    flash(done)
    return redirect(url_for("users.show"))


@routes.post("/users/tokens/add")
@require("admin")
def make_token() -> ResponseReturnValue:
    """Make a token, and show it this once."""
    name, role = _field("name"), _field("role")
    try:
        ends_at = accepted_end(_field("expires"), now=this_moment())
        with this_site().engine.begin() as connection:
            actor = this_person().name
            secret = add_token(connection, name, role, ends_at=ends_at, actor=actor, owner=actor)
    except ConflictError as problem:
        return _answer(problem=sentence(problem), status=409)
    except UsageError as problem:
        return _answer(problem=sentence(problem), status=400)
    return _answer(secret=Secret(f"Token {name}, {role}", secret))


@routes.post("/users/tokens/revoke")
@require("admin")
def revoke() -> ResponseReturnValue:
    """Remove a token."""
    name = _field("name")
    try:
        with this_site().engine.begin() as connection:
            revoke_token(connection, name, actor=this_person().name)
    except UsageError as problem:
        return _answer(problem=sentence(problem), status=400)
    flash(f"Token {name} is not accepted any more.")
    return redirect(url_for("users.show"))


def users_page(
    connection: Connection, *, now: dt.datetime, secret: Secret | None = None, problem: str = ""
) -> UsersPage:
    """Fill the page."""
    return UsersPage(
        users=tuple(accounts.users(connection)),
        tokens=tuple(tokens(connection)),
        roles=ROLES,
        secret=secret,
        problem=problem,
        now=now,
        lasts=LASTS,
    )


def _changed(connection: Connection, what: str, name: str, role: str) -> Secret | str:
    """Do it; return what to show once, or what to say."""
    actor = this_person().name
    if what == "add":
        return _added(connection, name, role)
    if what == "reset":
        password = accounts.reset_password(connection, name, actor=actor)
        return Secret(f"One-time password of {name}", password)
    if what == "role":
        accounts.change_role(connection, name, role, actor=actor)
    elif what == "disable":
        accounts.disable_user(connection, name, now=this_moment(), actor=actor)
    elif what == "enable":
        accounts.enable_user(connection, name, actor=actor)
    else:
        accounts.remove_user(connection, name, actor=actor)
    said = {
        "role": f"{name} has the role {role}.",
        "disable": f"{name} is disabled; their sessions have ended.",
        "enable": f"{name} may enter again.",
        "remove": f"{name} is removed; their sessions have ended.",
    }
    return said[what]


def _added(connection: Connection, name: str, role: str) -> Secret | str:
    """Add a user: with a one-time password, or where the form has a subject, by that."""
    actor, subject = this_person().name, _field("subject")
    if subject:
        accounts.add_external_user(connection, name, subject, role, actor=actor)
        return f"{name} may enter as {subject}."
    password = one_time_password()
    add_user(connection, name, password, role, must_change=True, actor=actor)
    return Secret(f"One-time password of {name}, {role}", password)


def _field(name: str) -> str:
    return stored_text(request.form.get(name, "")).strip()


def _answer(
    *, secret: Secret | None = None, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    with this_site().engine.connect() as connection:
        page = users_page(connection, now=this_moment(), secret=secret, problem=problem)
    return render(page), status
