"""Who asks, and whether this person may: sessions, bearer tokens, roles."""

import hashlib
import hmac
import math
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from flask import abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import TooManyRequests

from tierwatch.dashboard.access.auth_proxy import keep_to_proxy
from tierwatch.dashboard.access.browser_session import open_session
from tierwatch.dashboard.access.login import ended_login
from tierwatch.dashboard.forms.typed import typed_form
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.store.people.roles import Person, Role
from tierwatch.store.people.tokens import find_token, note_used

_log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# Endpoints that answer anybody. Everything else, unknown addresses included, asks for a login.
_OPEN = {
    "login.show",
    "login.enter",
    "oidc.begin",
    "oidc.finish",
    "static",
    "health.healthz",
    "health.loop",
    "health.metrics",
    # Their calls are signed.
    "hooks.pagerduty",
    "hooks.slack",
}
# All that a one-time password leads to: it was printed somewhere, and lets nobody decide anything.
_ONE_TIME = {"password.show", "password.change", "login.leave"}


def admit() -> ResponseReturnValue | None:
    """Find out who asks, before every request; send strangers to the login page.

    Whoever has a one-time password changes it first.
    """
    if request.endpoint in _OPEN or request.path.startswith("/api/"):
        return None
    opened = open_session()
    if keep_to_proxy(opened):
        opened = open_session()
    if opened is None:
        session.clear()
        typed = typed_form()
        if typed is not None and request.endpoint != "login.leave":
            return ended_login(typed)
        wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("login.show", next=None if wanted == "/" else wanted))
    g.session, g.person = opened, opened.person
    if opened.person.must_change and request.endpoint not in _ONE_TIME:
        return redirect(url_for("password.show"))
    return None


def bearer() -> Person:
    """Whose token the request carries; cookies do not count.

    One that is right is never kept out by those who guess: it cannot be guessed, and looking it up
    is cheap.

    Raises:
        Unauthorized: no token, or one that nobody has.
        TooManyRequests: many of those from the same address.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    person = token_person(token.strip()) if scheme.lower() == "bearer" else None
    if person is None:
        _count_guess()
        abort(
            401,
            "a bearer token that has not ended is required; `tierwatch tokens add` makes one",
        )
    g.person = person
    return person


def _count_guess() -> None:
    throttle, address = this_site().throttle, request.remote_addr or ""
    wait_s = throttle.token_wait_s(address)
    if wait_s > 0:
        raise TooManyRequests(
            "too many wrong tokens from this address", retry_after=math.ceil(wait_s)
        )
    throttle.token_failed(address)


def token_person(token: str) -> Person | None:
    """Whose token this is, or None; writes now and then that it is used."""
    if not token:
        return None
    engine, now = this_site().engine, this_moment()
    with engine.connect() as connection:
        person = find_token(connection, token, now=now)
    if person is not None:
        try:
            with engine.begin() as connection:
                note_used(connection, token, now=now)
        except DBAPIError as problem:  # read-only after a failover: the API can still be read
            _log.warning("a token's use cannot be written", error=str(problem)[:300])
    return person


def may_scrape(metrics_token: str) -> bool:
    """Whether the request may read the metrics.

    With a token set for them, it shows that; without one, any token of the API or a session.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    shown = token.strip() if scheme.lower() == "bearer" else ""
    if metrics_token:
        return hmac.compare_digest(_digest(shown), _digest(metrics_token))
    if shown:
        return token_person(shown) is not None
    opened = open_session()
    return opened is not None and not opened.person.must_change


def _digest(text: str) -> bytes:
    """Of one length, so that comparing takes as long whatever was shown."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def require(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse a view to people whose role does not include ``role``."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            check_role(role)
            return view(*args, **kwargs)

        return checked

    return decorate


def check_role(role: Role) -> None:
    """Refuse the present request unless its person's role includes ``role``.

    Raises:
        Forbidden: with the sentence that says which role is needed.
    """
    person = this_person()
    if not person.may(role):
        abort(403, f"this needs the role {role}; {person.name} has the role {person.role}")
