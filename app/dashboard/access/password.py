"""Changing one's own password."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tierwatch.dashboard.access.browser_session import begin_session
from tierwatch.dashboard.access.known_browser import known_browser
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.errors import UsageError
from tierwatch.store.people.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from tierwatch.store.people.users import change_password, check_password

routes = Blueprint("password", __name__)


@dataclass(frozen=True, slots=True)
class PasswordPage:
    """The form to change one's password."""

    template: ClassVar[str] = "password.html"

    problem: str
    one_time: bool
    shortest: int
    longest: int


@routes.get("/password")
def show() -> ResponseReturnValue:
    """The form."""
    return _form("", 200)


@routes.post("/password")
def change() -> ResponseReturnValue:
    """Change one's password; other sessions of the same person end."""
    site, person, address = this_site(), this_person(), request.remote_addr or ""
    new = request.form.get("new", "")
    browser = known_browser(person.name)
    if site.throttle.wait_s(person.name, address, browser) > 0:
        return _form("Too many wrong passwords. Try again in a few minutes.", 429)
    if new != request.form.get("again", ""):
        return _form("The two new passwords differ.", 400)
    if new == request.form.get("current", ""):
        return _form("The new password is the current one.", 400)
    with site.engine.begin() as connection:
        if check_password(connection, person.name, request.form.get("current", "")) is None:
            site.throttle.failed(person.name, address, browser)
            return _form("The current password is wrong.", 401)
        try:
            changed = change_password(connection, person.name, new)
        except UsageError as problem:
            return _form(f"New {problem}.", 400)
    begin_session(changed, "password")
    flash("Your password is changed; your other sessions have ended.")
    return redirect(url_for("overview.show"))


def _form(problem: str, status: int) -> ResponseReturnValue:
    page = PasswordPage(
        problem=problem,
        one_time=this_person().must_change,
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
    )
    return render(page), status
