"""Logging in and out."""

import math
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tierwatch.dashboard.access.browser_session import (
    begin_session,
    end_session,
    open_session,
)
from tierwatch.dashboard.access.known_browser import known_browser, mark_browser
from tierwatch.dashboard.forms.typed import TypedForm, carried_form
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import stored_text, this_site
from tierwatch.store.people.passwords import refuse_if_busy
from tierwatch.store.people.users import check_password

routes = Blueprint("login", __name__)


@dataclass(frozen=True, slots=True)
class LoginPage:
    """The login form.

    Attributes:
        name: given so far.
        problem: why the last attempt failed; empty at first.
        wanted: where to go afterwards.
        passwords: whether passwords are taken at all.
        sign_on: what the button of the single sign-on says; empty without one.
        typed: a form that was sent when the session had ended; it goes with the login.
    """

    template: ClassVar[str] = "login.html"

    name: str
    problem: str
    wanted: str
    passwords: bool
    sign_on: str
    typed: TypedForm | None = None


@dataclass(frozen=True, slots=True)
class SendAgainPage:
    """What was typed before the login, to be sent now or not; ``instead`` leads away from it."""

    template: ClassVar[str] = "send_again.html"

    typed: TypedForm
    instead: str


@routes.get("/login")
def show() -> ResponseReturnValue:
    """The form."""
    if open_session() is not None:
        return redirect(url_for("overview.show"))
    return _form(name="", problem="", status=200)


@routes.post("/login")
def enter() -> ResponseReturnValue:
    """Check name and password; open a session."""
    refuse_if_busy()
    site = this_site()
    if not site.config.people.passwords:
        return refused_login("Passwords are switched off here.", 403)
    name = stored_text(request.form.get("name", ""))[:200]
    address = request.remote_addr or ""
    browser = known_browser(name)
    wait_s = site.throttle.wait_s(name, address, browser)
    if wait_s > 0:
        minutes = math.ceil(wait_s / 60)
        problem = f"Too many wrong passwords. Try again in {minutes} minutes."
        return _form(name=name, problem=problem, status=429, retry_after_s=wait_s)
    with site.engine.connect() as connection:
        person = check_password(connection, name, request.form.get("password", ""))
    if person is None or not begin_session(person, "password"):
        site.throttle.failed(name, address, browser)
        return _form(name=name, problem="Name or password is wrong.", status=401)
    site.throttle.passed(name, address, browser)
    mark_browser(name)
    if person.must_change:
        return redirect(url_for("password.show"))
    typed = carried_form()
    if typed is not None:
        g.person = person
        return render(SendAgainPage(typed, local_path(request.args.get("next", ""))))
    return redirect(local_path(request.args.get("next", "")))


@routes.post("/logout")
def leave() -> ResponseReturnValue:
    """End the session."""
    end_session()
    return redirect(url_for("login.show"))


def ended_login(typed: TypedForm) -> ResponseReturnValue:
    """The form for whoever sent another one after the session had ended; it is kept."""
    return _form(name="", problem="", status=401, typed=typed)


def refused_login(problem: str, status: int) -> ResponseReturnValue:
    """The form again, with why a login by other means than a password failed."""
    return _form(name="", problem=problem, status=status)


def local_path(wanted: str) -> str:
    """``wanted`` if it is a path of this site, else the overview: no redirect leads elsewhere.

    >>> local_path("/alerts/3?x=1"), local_path("//evil.example"), local_path("https://evil.example")
    ('/alerts/3?x=1', '/', '/')
    """
    inside = wanted.startswith("/") and not wanted.startswith("//")
    # Browsers read a backslash as a slash and drop tabs and newlines.
    return wanted if inside and "\\" not in wanted and wanted.isprintable() else "/"


def _form(
    *,
    name: str,
    problem: str,
    status: int,
    retry_after_s: float = 0.0,
    typed: TypedForm | None = None,
) -> ResponseReturnValue:
    people = this_site().config.people
    page = LoginPage(
        name=name,
        problem=problem,
        wanted=request.args.get("next", ""),
        passwords=people.passwords,
        sign_on="" if people.oidc is None else people.oidc.label,
        typed=typed or carried_form(),
    )
    headers = {"Retry-After": str(math.ceil(retry_after_s))} if retry_after_s > 0 else {}
    return render(page), status, headers
