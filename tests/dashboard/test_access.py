import time
from collections.abc import Callable
from typing import Any, Literal

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Connection

from tierwatch.dashboard.access import local_path
from tierwatch.dashboard.application import build_dashboard
from tierwatch.errors import SettingsError
from tierwatch.store.people import users
from tierwatch.store.people.users import add_user, change_password, find_user

PASSWORD = "correct horse battery"
OPEN = {"/login", "/healthz", "/metrics", "/static/<path:filename>"}


def test_every_page_but_the_open_ones_asks_for_a_login(app: Flask, stranger: Any) -> None:
    seen = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            continue
        path = rule.rule.replace("<uuid:pair_id>", "0" * 8 + "-0000-0000-0000-" + "0" * 12)
        for part in ("alert_id", "proposal_id", "version"):
            path = path.replace(f"<int(max=9223372036854775807):{part}>", "1")
        path = path.replace("<any(request, served, alternative):which>", "served")
        path = path.replace("<any(approve, reject):what>", "approve")
        if rule.rule in OPEN:
            continue
        seen.add(path)
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            response = stranger.client.open(path, method=method)
            assert response.status_code == 302, path
            assert response.headers["Location"].startswith("/login"), path
    assert {"/", "/pairs", "/proposals/1/approve", "/audit", "/logout"} <= seen


def test_unknown_addresses_tell_strangers_nothing(stranger: Any) -> None:
    assert stranger.get("/nothing").headers["Location"].startswith("/login")


def test_login_leads_to_where_one_wanted_to_go(connection: Connection, stranger: Any) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    away = stranger.get("/alerts/3?x=1").headers["Location"]
    assert stranger.log_in("ada", path=away).headers["Location"] == "/alerts/3?x=1"
    assert stranger.get("/").status_code == 200
    assert stranger.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil", "", "//["]
)
def test_login_never_leads_off_the_site(wanted: str) -> None:
    assert local_path(wanted) == "/"


@pytest.mark.parametrize("name", ["ada", "eve", "nul\x00", "<script>", "x" * 10_000])
def test_wrong_name_or_password_get_one_answer(
    connection: Connection, stranger: Any, name: str
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    response = stranger.log_in(name, "wrong password")
    assert response.status_code == 401
    assert "Name or password is wrong." in response.text
    assert "<script>" not in response.text
    assert stranger.get("/").status_code == 302


def test_unknown_names_cost_a_hash_like_wrong_passwords(
    connection: Connection, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name
            checked.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(users, "_HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
    for name in ("ada", "eve"):
        assert stranger.log_in(name, "wrong password").status_code == 401
    assert len(checked) == 2
    assert all(stored.startswith("$argon2id$") for stored in checked)


def test_guessing_is_slowed_down_by_name_and_address(
    connection: Connection, stranger: Any, clock: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    add_user(connection, "bob", PASSWORD, "viewer")
    for _ in range(5):
        assert stranger.log_in("ada", "wrong").status_code == 401

    refused = stranger.log_in("ada")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == 300
    clock.now += 301
    assert stranger.log_in("ada").status_code == 302


def test_guessing_one_name_does_not_lock_another_out(connection: Connection, stranger: Any) -> None:
    add_user(connection, "bob", PASSWORD, "viewer")
    for _ in range(6):
        stranger.log_in("ada", "wrong")
    assert stranger.log_in("bob").status_code == 302


def test_logout_ends_the_session(viewer: Any) -> None:
    assert viewer.send("/logout", form_on="/").status_code == 302
    assert viewer.get("/").status_code == 302


def test_a_new_password_ends_other_sessions(
    app: Flask, connection: Connection, viewer: Any
) -> None:
    assert viewer.get("/").status_code == 200
    change_password(connection, "viewer", "another long password")
    assert viewer.get("/").status_code == 302


def test_a_deleted_user_is_out_at_once(connection: Connection, viewer: Any) -> None:
    connection.exec_driver_sql("delete from users")
    assert viewer.get("/").status_code == 302


def test_one_time_password_opens_nothing_but_the_form_for_another(
    connection: Connection, stranger: Any
) -> None:
    add_user(connection, "admin", PASSWORD, "admin", must_change=True)
    assert stranger.log_in("admin").headers["Location"] == "/password"
    assert "one-time password" in stranger.page("/password")
    for path in ("/", "/alerts", "/pairs", "/nothing"):
        assert stranger.get(path).headers["Location"] == "/password", path
    sent = stranger.send("/proposals/1/approve", form_on="/password", why="now")
    assert sent.headers["Location"] == "/password"
    new = "another long password"
    form = {"current": PASSWORD, "new": new, "again": new}
    assert stranger.send("/password", form_on="/password", **form).headers["Location"] == "/"
    assert stranger.get("/").status_code == 200


def test_a_one_time_password_can_be_put_away(connection: Connection, stranger: Any) -> None:
    add_user(connection, "admin", PASSWORD, "admin", must_change=True)
    stranger.log_in("admin")
    assert stranger.send("/logout", form_on="/password").headers["Location"] == "/login"
    assert stranger.get("/").headers["Location"].startswith("/login")


def test_changing_the_password_keeps_this_session(connection: Connection, viewer: Any) -> None:
    new = "another long password"
    sent = viewer.send("/password", form_on="/password", current=PASSWORD, new=new, again=new)
    assert sent.headers["Location"] == "/"
    assert "Your password is changed" in viewer.page("/")
    changed = find_user(connection, "viewer")
    assert changed is not None
    assert not changed.must_change


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        (
            {"current": "wrong", "new": "x" * 12, "again": "x" * 12},
            401,
            "current password is wrong",
        ),
        ({"current": PASSWORD, "new": "x" * 12, "again": "y" * 12}, 400, "differ"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, 400, "12 to 1000"),
        ({"current": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 400, "is the current one"),
    ],
)
def test_password_changes_that_are_refused(
    viewer: Any, fields: dict[str, str], status: int, said: str
) -> None:
    response = viewer.send("/password", form_on="/password", **fields)
    assert response.status_code == status
    assert said in response.text


def test_guessing_the_current_password_is_slowed_down(viewer: Any) -> None:
    wrong = {"current": "wrong", "new": "x" * 12, "again": "x" * 12}
    answers = [viewer.send("/password", form_on="/password", **wrong).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


def test_forms_without_the_csrf_token_are_refused(viewer: Any, stranger: Any) -> None:
    for browser, path in ((viewer, "/logout"), (viewer, "/password"), (stranger, "/login")):
        response = browser.client.post(path, data={"name": "ada", "password": PASSWORD})
        assert response.status_code == 400, path
        assert "CSRF" in response.text
    assert viewer.get("/").status_code == 200


def test_session_cookie_is_hidden_from_scripts_and_other_sites(
    connection: Connection, stranger: Any
) -> None:
    add_user(connection, "ada", PASSWORD, "viewer")
    cookie = stranger.log_in("ada").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_https_sites_send_the_cookie_over_https_only(config: Any) -> None:
    app = build_dashboard(
        config=config, engine=None, secret_key="s" * 32, clock=time.time, secure_cookies=True
    )
    assert app.config["SESSION_COOKIE_SECURE"]


def test_short_secret_keys_are_refused(config: Any) -> None:
    with pytest.raises(SettingsError, match="found 5 characters; accepted: 32"):
        build_dashboard(config=config, engine=None, secret_key="short", clock=time.time)


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/api/v1/report", "/healthz"])
def test_headers_forbid_scripts_frames_and_caches(stranger: Any, path: str) -> None:
    headers = stranger.get(path).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_roles_are_looked_up_anew_for_each_request(
    connection: Connection, logged_in: Callable[[str], Any]
) -> None:
    approver = logged_in("approver")
    connection.exec_driver_sql("update users set role = 'viewer'")
    response = approver.send("/policies/1/rollback", form_on="/policies", why="x")
    assert response.status_code == 403
