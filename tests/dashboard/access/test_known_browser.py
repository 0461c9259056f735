"""A browser's mark: what it is worth, and that nobody can make one."""

from http.cookies import SimpleCookie
from typing import Any

from flask import Flask
from sqlalchemy import Connection

from tierwatch.dashboard.access.known_browser import known_browser
from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"
COOKIE = "tierwatch-known"


def mark_of(app: Flask, name: str, value: str) -> str:
    with app.test_request_context(headers={"Cookie": f"{COOKIE}={value}"}):
        return known_browser(name)


def test_a_login_marks_its_browser_for_that_name(
    app: Flask, connection: Connection, stranger: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    stranger.log_in("ada", "wrong")
    assert stranger.client.get_cookie(COOKIE) is None
    said = stranger.log_in("ada")
    cookies = SimpleCookie()
    for line in said.headers.getlist("Set-Cookie"):
        cookies.load(line)
    kept = cookies[COOKIE]
    assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "Strict", "/")
    assert mark_of(app, "ada", kept.value)
    assert mark_of(app, "bob", kept.value) == ""


def test_the_mark_stays_the_same_with_the_next_login(
    app: Flask, connection: Connection, stranger: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    marks = []
    for _ in range(2):
        stranger.log_in("ada")
        marks.append(mark_of(app, "ada", stranger.client.get_cookie(COOKIE).value))
        stranger.send("/logout", form_on="/")
    assert marks[0] == marks[1] != ""


def test_what_was_not_signed_here_marks_nobody(app: Flask) -> None:
    for value in ("", "x", "a.b.c", "WyJhZGEiLCJ4Il0", "\x00", "W10.x.y", "x" * 5_000):
        assert mark_of(app, "ada", value) == ""


def test_its_owner_gets_in_while_the_name_is_guessed_at(
    connection: Connection, stranger: Any, app: Flask, clock: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    assert stranger.log_in("ada").status_code == 302
    stranger.send("/logout", form_on="/")
    owner = type(stranger)(app.test_client())
    owner.client.set_cookie(COOKIE, stranger.client.get_cookie(COOKIE).value)
    guesser = type(stranger)(app.test_client())
    for _ in range(5):
        assert guesser.log_in("ada", "wrong").status_code == 401
    assert guesser.log_in("ada").status_code == 429
    assert owner.log_in("ada").status_code == 302
