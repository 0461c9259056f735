"""Users, tokens and sessions for programs: by an admin's token only, secrets sent once."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from tierwatch.dashboard.api.people import ROUTES
from tierwatch.store.pages.lists import audit_lines
from tierwatch.store.people.users import add_user

Bearer = Callable[[str], dict[str, str]]
PASSWORD = "correct horse battery"


@pytest.fixture
def call(client: Any, bearer: Bearer) -> Callable[..., Any]:
    """Asks with an admin's token."""
    headers = bearer("admin")

    def ask(method: str, path: str, body: Any = None) -> Any:
        return client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    return ask


@pytest.fixture(autouse=True)
def _root(connection: Connection) -> None:
    add_user(connection, "root", PASSWORD, "admin")


def test_all_of_it_is_an_admins() -> None:
    assert {route.role for route in ROUTES} == {"admin"}


def test_an_account_from_its_beginning_to_its_end(
    call: Any, connection: Connection, stranger: Any
) -> None:
    added = call("POST", "/users", {"name": "bob", "role": "viewer"}).json
    assert added["user"]["must_change"] is True
    assert stranger.log_in("bob", added["one_time_password"]).status_code == 302
    assert call("GET", "/users/bob").json["entered_at"] is not None
    [session] = call("GET", "/sessions").json["sessions"]
    assert (session["user_name"], session["method"]) == ("bob", "password")
    assert call("POST", f"/sessions/{session['id']}/end").json["subject"] == "user/bob"
    assert stranger.get("/password").status_code == 302
    assert call("POST", "/users/bob/role", {"role": "approver"}).json["role"] == "approver"
    reset = call("POST", "/users/bob/reset").json
    assert reset["one_time_password"] != added["one_time_password"]
    assert call("POST", "/users/bob/disable").json["disabled_at"] is not None
    assert stranger.log_in("bob", reset["one_time_password"]).status_code == 401
    assert call("POST", "/users/bob/enable").json["disabled_at"] is None
    assert call("POST", "/users/bob/remove").json["subject"] == "user/bob"
    assert call("GET", "/users/bob").status_code == 404
    assert [one["name"] for one in call("GET", "/users").json["users"]] == ["root"]
    lines = audit_lines(connection)
    done = [line.action for line in reversed(lines) if line.actor == "token:admin"]
    assert done == [
        "user.added", "session.ended", "user.role_changed", "user.password_reset",
        "user.disabled", "user.enabled", "user.removed",
    ]  # fmt: skip
    for password in (added["one_time_password"], reset["one_time_password"]):
        assert password not in str(lines)


def test_who_logs_in_elsewhere(call: Any) -> None:
    body = {"name": "grace", "role": "viewer", "subject": "https://id.example|17"}
    assert call("POST", "/users/external", body).json["subject"] == "https://id.example|17"
    refused = call("POST", "/users/grace/reset")
    assert refused.status_code == 400
    assert "no password here" in refused.json["error"]["message"]


def test_a_token_from_its_beginning_to_its_end(call: Any, client: Any, clock: Any) -> None:
    body = {"name": "ci", "role": "viewer", "expires": "1d"}
    made = call("POST", "/tokens", body).json
    assert made["token"]["ends_at"].startswith("1970-01-13T")  # a day after the test's clock
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert client.get("/api/v1/report", headers=headers).status_code == 200
    listed = call("GET", "/tokens")
    assert [one["name"] for one in listed.json["tokens"]] == ["admin", "ci"]
    assert listed.json["tokens"][1]["used_at"] is not None
    assert made["secret"] not in listed.text
    clock.now += 86_400
    ended = client.get("/api/v1/report", headers=headers)
    assert ended.status_code == 401
    assert "has not ended" in ended.json["error"]["message"]
    assert call("POST", "/tokens/ci/revoke").json["subject"] == "token/ci"
    assert call("POST", "/tokens/ci/revoke").status_code == 404


def test_the_last_admin_stays(call: Any) -> None:
    for path, body in (("role", {"role": "viewer"}), ("disable", None), ("remove", None)):
        refused = call("POST", f"/users/root/{path}", body)
        assert refused.status_code == 409, path
        assert "Root is the last admin" in refused.json["error"]["message"]


@pytest.mark.parametrize("path", ["role", "reset", "disable", "enable", "remove"])
def test_nobodys_account_is_not_found(call: Any, path: str) -> None:
    assert call("POST", f"/users/nobody/{path}", {"role": "viewer"}).status_code == 404
    assert call("POST", "/sessions/999/end").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        None, [], "x", {}, {"name": "bob"}, {"name": "bob", "role": "viewer", "more": "x"},
        {"name": 1, "role": "viewer"}, {"name": "bob", "role": None},
        {"name": "a b", "role": "viewer"},
        {"name": "bob", "role": "root"}, {"name": "\ud800", "role": "\x00"},
    ],
)  # fmt: skip
def test_bodies_that_are_none_are_refused_with_what_is_accepted(
    call: Any, body: Any, connection: Connection
) -> None:
    refused = call("POST", "/users", body)
    assert refused.status_code == 400
    assert "accepted" in refused.json["error"]["message"].lower()
    assert [one["name"] for one in call("GET", "/users").json["users"]] == ["root"]


def test_a_name_in_the_address_that_no_database_holds_is_nobodys(call: Any) -> None:
    for path in ("users/nul%00", "users/%ED%A0%80", "users/%FF"):
        assert call("GET", f"/{path}").status_code == 404, path
        assert call("POST", f"/{path}/disable").status_code == 404, path
    assert call("POST", "/tokens/nul%00/revoke").status_code == 404


def test_a_body_nested_deeper_than_can_be_read_is_none(client: Any, bearer: Bearer) -> None:
    headers = bearer("admin")
    for body in ("[" * 60_000, '{"name":' * 9_000, "[" * 5_000 + "]" * 5_000):
        for path in ("users", "tokens", "alerts/1/resolve"):
            refused = client.post(f"/api/v1/{path}", headers=headers, data=body)
            assert refused.status_code in {400, 404}, path


def test_a_refusal_does_not_repeat_all_that_was_sent(call: Any) -> None:
    refused = call("POST", "/users", {"name": "n" * 100_000, "role": "viewer"})
    assert refused.status_code == 400
    assert len(refused.text) < 500


@pytest.mark.parametrize("role", ["viewer", "reviewer", "approver"])
def test_nobody_else_learns_who_there_is(client: Any, bearer: Bearer, role: str) -> None:
    headers = bearer(role)
    for path in ("users", "users/root", "users/nobody", "tokens", "sessions"):
        refused = client.get(f"/api/v1/{path}", headers=headers)
        assert refused.status_code == 403, path
        assert "this needs the role admin" in refused.json["error"]["message"]
