"""The cookie of a browser: an id that means something to the server only, and only while it may."""

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Connection, text
from sqlalchemy.exc import InternalError

from tierwatch.dashboard.access import browser_session
from tierwatch.dashboard.access.browser_session import cookie_settings
from tierwatch.store.people.sessions import IDLE, LASTS
from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"


def cookie(browser: Any) -> str:
    found = browser.client.get_cookie("tierwatch")
    assert found is not None
    return str(found.value)


def content(app: Flask, value: str) -> dict[str, Any]:
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    assert isinstance(serializer, URLSafeTimedSerializer)
    return dict(serializer.loads(value))


@pytest.mark.parametrize(
    ("url", "name", "secure"),
    [
        ("", "tierwatch", False),
        ("http://watch.example", "tierwatch", False),
        ("watch.example", "tierwatch", False),
        ("https://watch.example", "__Host-tierwatch", True),
        ("https://watch.example/", "__Host-tierwatch", True),
        (" HTTPS://watch.example:8443 ", "__Host-tierwatch", True),
        ("https://example.org/tierwatch/", "__Secure-tierwatch", True),
    ],
)
def test_the_cookie_is_as_safe_as_the_address(url: str, name: str, *, secure: bool) -> None:
    found = cookie_settings(url)
    assert found["SESSION_COOKIE_NAME"] == name
    assert found["SESSION_COOKIE_SECURE"] == secure
    # A browser drops a __Host- cookie with another path, or with a domain.
    assert found["SESSION_COOKIE_PATH"] == "/"
    assert "SESSION_COOKIE_DOMAIN" not in found
    assert found["SESSION_COOKIE_HTTPONLY"]


def test_the_cookie_says_nothing_of_who_it_is(app: Flask, viewer: Any) -> None:
    held = content(app, cookie(viewer))
    assert set(held) == {"_permanent", "csrf_token", "id"} - ({"csrf_token"} - set(held))
    assert "viewer" not in str(held)


def test_a_copied_cookie_opens_nothing_after_the_logout(app: Flask, viewer: Any) -> None:
    copied = cookie(viewer)
    other = app.test_client()
    other.set_cookie("tierwatch", copied)
    assert other.get("/").status_code == 200
    viewer.send("/logout", form_on="/")
    other.set_cookie("tierwatch", copied)
    assert other.get("/").headers["Location"] == "/login"


def test_a_login_begins_a_session_of_its_own(app: Flask, viewer: Any) -> None:
    """Whoever planted or copied the cookie from before the login gains nothing by it."""
    before = cookie(viewer)
    assert viewer.log_in_again("viewer").status_code == 302
    assert content(app, cookie(viewer))["id"] != content(app, before)["id"]
    other = app.test_client()
    other.set_cookie("tierwatch", before)
    assert other.get("/").headers["Location"] == "/login"


@pytest.mark.parametrize(
    "held",
    [
        {"name": "viewer", "stamp": "0" * 16},  # of a release that kept the session in the cookie
        {"id": 17},
        {"id": None},
        {"id": ["x"]},
        {"id": "x" * 3_000},
        {"id": "nul\x00"},
        {},
    ],
)
def test_any_other_cookie_leads_to_the_login(app: Flask, viewer: Any, held: Any) -> None:
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    stranger = app.test_client()
    stranger.set_cookie("tierwatch", serializer.dumps(held))
    assert stranger.get("/").headers["Location"] == "/login"
    assert stranger.get("/login").status_code == 200
    assert viewer.get("/").status_code == 200


def test_it_ends_when_it_is_not_used(viewer: Any, clock: Any) -> None:
    clock.now += IDLE.total_seconds() - 1
    assert viewer.get("/").status_code == 200
    clock.now += IDLE.total_seconds() - 1
    assert viewer.get("/").status_code == 200
    clock.now += IDLE.total_seconds()
    assert viewer.get("/").status_code == 302


def test_it_ends_after_a_shift_however_often_it_is_used(viewer: Any, clock: Any) -> None:
    for _ in range(LASTS // dt.timedelta(hours=1) - 1):
        clock.now += 3_600
        assert viewer.get("/").status_code == 200
    clock.now += 3_600
    assert viewer.get("/").status_code == 302


def test_pages_can_be_read_where_postgres_takes_no_writes(
    viewer: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise InternalError("update", {}, Exception("read-only transaction"))

    monkeypatch.setattr(browser_session, "note_seen", refuse)
    clock.now += 600
    assert viewer.get("/alerts").status_code == 200


def test_whoever_is_disabled_while_they_log_in_stays_outside(
    connection: Connection, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    real = browser_session.begin_stored_session

    def disabled_meanwhile(*given: Any, **named: Any) -> str | None:
        connection.execute(text("update users set disabled_at = now()"))
        return real(*given, **named)

    monkeypatch.setattr(browser_session, "begin_stored_session", disabled_meanwhile)
    response = stranger.log_in("ada")
    assert response.status_code == 401
    assert "Name or password is wrong." in response.text
    assert stranger.get("/").status_code == 302


def test_the_log_says_who_came_in_and_not_by_which_secret(
    app: Flask, connection: Connection, stranger: Any, caplog: pytest.LogCaptureFixture
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    stranger.log_in("ada")
    secret = content(app, cookie(stranger))["id"]
    assert secret not in caplog.text
    assert PASSWORD not in caplog.text
