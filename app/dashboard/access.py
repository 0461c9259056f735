"""Who may enter and do what: login, logout, passwords, roles, bearer tokens."""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from tierwatch.dashboard.pages import LoginPage, PasswordPage
from tierwatch.dashboard.site import stored_text, this_person, this_site
from tierwatch.errors import UsageError
from tierwatch.store.people.roles import Person, Role
from tierwatch.store.people.tokens import find_token
from tierwatch.store.people.users import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    change_password,
    check_password,
    find_user,
)

P = ParamSpec("P")
R = TypeVar("R")

access = Blueprint("access", __name__)

# Endpoints that answer anybody. Everything else, unknown addresses included, asks for a login.
_OPEN = {"access.login", "access.enter", "static", "health.healthz", "health.metrics"}
# All that a one-time password leads to: it was printed somewhere, and lets nobody decide anything.
_ONE_TIME = {"access.password", "access.set_password", "access.logout"}


def admit() -> ResponseReturnValue | None:
    """Find out who asks, before every request; send strangers to the login page.

    Whoever has a one-time password changes it first.
    """
    if request.endpoint in _OPEN or request.path.startswith("/api/"):
        return None
    person = _session_person()
    if person is None:
        session.clear()
        wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("access.login", next=None if wanted == "/" else wanted))
    g.person = person
    if person.must_change and request.endpoint not in _ONE_TIME:
        return redirect(url_for("access.password"))
    return None


def bearer() -> Person:
    """Whose token the request carries; cookies are not looked at.

    Raises:
        Unauthorized: no token, or one that nobody has.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    person = None
    if scheme.lower() == "bearer" and token:
        with this_site().engine.connect() as connection:
            person = find_token(connection, token.strip())
    if person is None:
        abort(401, "a bearer token is required; make one with `tierwatch tokens add`")
    g.person = person
    return person


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


@access.get("/login")
def login() -> ResponseReturnValue:
    """The form."""
    if _session_person() is not None:
        return redirect(url_for("views.overview"))
    return _login_form(name="", problem="", status=200)


@access.post("/login")
def enter() -> ResponseReturnValue:
    """Check name and password; open a session."""
    site = this_site()
    name = stored_text(request.form.get("name", ""))[:200]
    address = request.remote_addr or ""
    wait_s = site.throttle.wait_s(name, address)
    if wait_s > 0:
        minutes = math.ceil(wait_s / 60)
        problem = f"Too many wrong passwords for this name. Try again in {minutes} minutes."
        return _login_form(name=name, problem=problem, status=429, retry_after_s=wait_s)
    with site.engine.connect() as connection:
        person = check_password(connection, name, request.form.get("password", ""))
    if person is None:
        site.throttle.failed(name, address)
        return _login_form(name=name, problem="Name or password is wrong.", status=401)
    site.throttle.passed(name, address)
    _open_session(person)
    if person.must_change:
        return redirect(url_for("access.password"))
    return redirect(local_path(request.args.get("next", "")))


@access.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session."""
    session.clear()
    return redirect(url_for("access.login"))


@access.get("/password")
def password() -> ResponseReturnValue:
    """The form to change one's password."""
    return _password_form("", 200)


@access.post("/password")
def set_password() -> ResponseReturnValue:
    """Change one's password; other sessions of the same person end."""
    site, person, address = this_site(), this_person(), request.remote_addr or ""
    new = request.form.get("new", "")
    if site.throttle.wait_s(person.name, address) > 0:
        return _password_form("Too many wrong passwords. Try again in some minutes.", 429)
    if new != request.form.get("again", ""):
        return _password_form("The two new passwords differ.", 400)
    if new == request.form.get("current", ""):
        return _password_form("The new password is the current one.", 400)
    with site.engine.begin() as connection:
        if check_password(connection, person.name, request.form.get("current", "")) is None:
            site.throttle.failed(person.name, address)
            return _password_form("The current password is wrong.", 401)
        try:
            changed = change_password(connection, person.name, new)
        except UsageError as problem:
            return _password_form(f"New {problem}.", 400)
    _open_session(changed)
    flash("Your password is changed; your other sessions have ended.")
    return redirect(url_for("views.overview"))


def local_path(wanted: str) -> str:
    """``wanted`` if it is a path of this site, else the overview: no redirect leads elsewhere.

    >>> local_path("/alerts/3?x=1"), local_path("//evil.example"), local_path("https://evil.example")
    ('/alerts/3?x=1', '/', '/')
    """
    inside = wanted.startswith("/") and not wanted.startswith("//")
    # Browsers read a backslash as a slash and drop tabs and newlines.
    return wanted if inside and "\\" not in wanted and wanted.isprintable() else "/"


def _session_person() -> Person | None:
    name = session.get("name")
    if not isinstance(name, str):
        return None
    with this_site().engine.connect() as connection:
        person = find_user(connection, name)
    # The stamp changes with the password: a new one ends the sessions of the old one.
    return person if person is not None and person.stamp == session.get("stamp") else None


def _open_session(person: Person) -> None:
    session.clear()
    session.permanent = True
    session["name"] = person.name
    session["stamp"] = person.stamp


def _login_form(
    *, name: str, problem: str, status: int, retry_after_s: float = 0.0
) -> ResponseReturnValue:
    page = LoginPage(name=name, problem=problem, wanted=request.args.get("next", ""))
    headers: dict[str, Any] = {}
    if retry_after_s > 0:
        headers["Retry-After"] = str(math.ceil(retry_after_s))
    return render_template("login.html", page=page), status, headers


def _password_form(problem: str, status: int) -> ResponseReturnValue:
    page = PasswordPage(
        problem=problem,
        one_time=this_person().must_change,
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
    )
    return render_template("password.html", page=page), status
