"""Users, tokens and sessions: for admins."""

import datetime as dt
from dataclasses import dataclass

from flask import abort
from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Route, sent, there
from tierwatch.dashboard.arguments import ID
from tierwatch.dashboard.site import this_moment, this_person
from tierwatch.store.people import accounts, tokens
from tierwatch.store.people.accounts import User, load_user
from tierwatch.store.people.passwords import one_time_password
from tierwatch.store.people.sessions import Session, end_session, open_sessions
from tierwatch.store.people.tokens import Token, load_token
from tierwatch.store.people.users import add_user


@dataclass(frozen=True, slots=True)
class Users:
    """Every account, by name."""

    users: list[User]


@dataclass(frozen=True, slots=True)
class NewUser:
    """Somebody who shall be able to log in with a password."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class NewExternalUser:
    """Somebody without a password here; another program says that they are the subject."""

    name: str
    role: str
    subject: str


@dataclass(frozen=True, slots=True)
class NewRole:
    """What a user may do from now on."""

    role: str


@dataclass(frozen=True, slots=True)
class UserWithPassword:
    """An account and its one-time password, which is sent this once."""

    user: User
    one_time_password: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every token, by name."""

    tokens: list[Token]


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made; it expires after days, as `90d`, or `never`."""

    name: str
    role: str
    expires: str


@dataclass(frozen=True, slots=True)
class TokenWithSecret:
    """A token and what to send as bearer, which is sent this once."""

    token: Token
    secret: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """Logins that have not ended, the last used first."""

    sessions: list[Session]


@dataclass(frozen=True, slots=True)
class Ended:
    """What was ended, and when."""

    subject: str
    at: dt.datetime


def _users(connection: Connection) -> Users:
    return Users(accounts.users(connection))


def _user(connection: Connection, name: str) -> User:
    return there(load_user(connection, name))


def _add_user(connection: Connection) -> UserWithPassword:
    new, password = sent(NewUser), one_time_password()
    actor = this_person().name
    add_user(connection, new.name, password, new.role, must_change=True, actor=actor)
    return UserWithPassword(_user(connection, new.name), password)


def _add_external(connection: Connection) -> User:
    new = sent(NewExternalUser)
    actor = this_person().name
    accounts.add_external_user(connection, new.name, new.subject, new.role, actor=actor)
    return _user(connection, new.name)


def _change_role(connection: Connection, name: str) -> User:
    _user(connection, name)
    accounts.change_role(connection, name, sent(NewRole).role, actor=this_person().name)
    return _user(connection, name)


def _reset(connection: Connection, name: str) -> UserWithPassword:
    _user(connection, name)
    password = accounts.reset_password(connection, name, actor=this_person().name)
    return UserWithPassword(_user(connection, name), password)


def _disable(connection: Connection, name: str) -> User:
    _user(connection, name)
    accounts.disable_user(connection, name, now=this_moment(), actor=this_person().name)
    return _user(connection, name)


def _enable(connection: Connection, name: str) -> User:
    _user(connection, name)
    accounts.enable_user(connection, name, actor=this_person().name)
    return _user(connection, name)


def _remove(connection: Connection, name: str) -> Ended:
    _user(connection, name)
    accounts.remove_user(connection, name, actor=this_person().name)
    return Ended(f"user/{name}", this_moment())


def _tokens(connection: Connection) -> Tokens:
    return Tokens(tokens.tokens(connection))


def _add_token(connection: Connection) -> TokenWithSecret:
    new = sent(NewToken)
    ends_at = tokens.accepted_end(new.expires, now=this_moment())
    person = this_person()
    secret = tokens.add_token(
        connection,
        new.name,
        new.role,
        ends_at=ends_at,
        actor=person.name,
        owner=person.answerable,
    )
    return TokenWithSecret(there(load_token(connection, new.name)), secret)


def _revoke(connection: Connection, name: str) -> Ended:
    there(load_token(connection, name))
    tokens.revoke_token(connection, name, actor=this_person().name)
    return Ended(f"token/{name}", this_moment())


def _sessions(connection: Connection) -> Sessions:
    return Sessions(open_sessions(connection, now=this_moment()))


def _end_session(connection: Connection, session_id: int) -> Ended:
    whose = end_session(connection, session_id, actor=this_person().name)
    if whose is None:
        abort(404)
    return Ended(f"user/{whose}", this_moment())


_ROWS = (
    ("GET", "/users", "Every account, by name.", Users, _users, None),
    ("GET", "/users/<name>", "One account.", User, _user, None),
    (
        "POST",
        "/users",
        "Add a user with a one-time password, which is sent this once.",
        UserWithPassword,
        _add_user,
        NewUser,
    ),
    (
        "POST",
        "/users/external",
        "Add a user who logs in elsewhere.",
        User,
        _add_external,
        NewExternalUser,
    ),
    (
        "POST",
        "/users/<name>/role",
        "Give a user another role; their sessions end.",
        User,
        _change_role,
        NewRole,
    ),
    (
        "POST",
        "/users/<name>/reset",
        "Replace a password by a one-time password, which is sent this once; sessions end.",
        UserWithPassword,
        _reset,
        None,
    ),
    ("POST", "/users/<name>/disable", "Keep a user out; sessions end.", User, _disable, None),
    ("POST", "/users/<name>/enable", "Let a disabled user in again.", User, _enable, None),
    ("POST", "/users/<name>/remove", "Remove a user; sessions end.", Ended, _remove, None),
    ("GET", "/tokens", "Every token, by name.", Tokens, _tokens, None),
    (
        "POST",
        "/tokens",
        "Make a token, whose secret is sent this once.",
        TokenWithSecret,
        _add_token,
        NewToken,
    ),
    ("POST", "/tokens/<name>/revoke", "Remove a token.", Ended, _revoke, None),
    ("GET", "/sessions", "Logins that have not ended.", Sessions, _sessions, None),
    ("POST", f"/sessions/<{ID}:session_id>/end", "End a session.", Ended, _end_session, None),
)

ROUTES = tuple(
    Route(method, rule, summary, answers, run, role="admin", body=body)
    for method, rule, summary, answers, run, body in _ROWS
)
