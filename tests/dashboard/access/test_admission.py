from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Connection

from tierwatch.dashboard import build_dashboard
from tierwatch.store.people.tokens import add_token
from tierwatch.store.people.users import add_user, change_password

PASSWORD = "correct horse battery"


OPEN = {
    "/login",
    "/healthz",
    "/healthz/loop",
    "/metrics",
    "/static/<path:filename>",
    "/hooks/pagerduty",
    "/hooks/slack",
}


def test_every_page_but_the_open_ones_asks_for_a_login(app: Flask, stranger: Any) -> None:
    seen = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            continue
        path = rule.rule.replace("<uuid:pair_id>", "0" * 8 + "-0000-0000-0000-" + "0" * 12)
        for part in ("alert_id", "proposal_id", "session_id", "version"):
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


def test_forms_without_the_csrf_token_are_refused(viewer: Any, stranger: Any) -> None:
    for browser, path in ((viewer, "/logout"), (viewer, "/password"), (stranger, "/login")):
        response = browser.client.post(path, data={"name": "ada", "password": PASSWORD})
        assert response.status_code == 400, path
        assert "CSRF" in response.text
    assert viewer.get("/").status_code == 200


def test_roles_are_looked_up_anew_for_each_request(
    connection: Connection, logged_in: Callable[[str], Any]
) -> None:
    approver = logged_in("approver")
    connection.exec_driver_sql("update users set role = 'viewer'")
    response = approver.send("/policies/1/rollback", form_on="/policies", why="x")
    assert response.status_code == 403


def test_guessing_tokens_is_slowed_down_by_address_and_keeps_no_program_out(
    app: Flask, connection: Connection, clock: Any
) -> None:
    token = add_token(connection, "ci", "viewer")
    client = app.test_client()

    def ask(shown: str) -> Any:
        return client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {shown}"})

    for number in range(30):
        assert ask(f"guess-{number}").status_code == 401
    refused = ask("another")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
    assert "too many wrong tokens" in refused.text
    assert ask(token).status_code == 200
    clock.now += 301
    assert ask("another").status_code == 401


def test_behind_a_trusted_proxy_each_caller_is_counted_alone(
    one_connection: Any, config: Any, clock: Any
) -> None:
    app = build_dashboard(
        config=config,
        engine=one_connection,
        secret_key="k" * 32,
        clock=clock,
        trusted_proxies="127.0.0.0/8,10.0.0.0/8",
    )

    def status(caller: str) -> int:
        headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": f"9.9.9.9, {caller}"}
        return app.test_client().get("/api/v1/alerts", headers=headers).status_code

    assert {status("203.0.113.5") for _ in range(30)} == {401}
    assert status("203.0.113.5") == 429
    assert status("203.0.113.6") == 401
