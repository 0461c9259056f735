"""The page of users and tokens: an admin's, each form of it, and secrets that are shown once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection

from tierwatch.store.pages.lists import audit_lines
from tierwatch.store.people.accounts import add_external_user, load_user
from tierwatch.store.people.tokens import add_token, load_token, tokens
from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"


@pytest.fixture
def admin(logged_in: Callable[[str], Any]) -> Any:
    return logged_in("admin")


def send(browser: Any, what: str, **fields: str) -> Any:
    return browser.send(f"/users/{what}", form_on="/users", **fields)


def secret(page: str) -> str:
    found = re.search(r'<code class="secret">([^<]+)</code>', page)
    assert found is not None
    return found[1]


def test_only_an_admin_sees_it_and_its_link(logged_in: Callable[[str], Any]) -> None:
    for role in ("viewer", "reviewer", "approver"):
        browser = logged_in(role)
        assert browser.get("/users").status_code == 403
        assert 'href="/users"' not in browser.page("/")
    assert 'href="/users"' in logged_in("admin").page("/")


def test_a_new_user_enters_with_what_is_shown_once(app: Flask, admin: Any) -> None:
    shown = send(admin, "add", name="bob", role="reviewer")
    assert shown.status_code == 200
    assert "One-time password of bob, reviewer" in shown.text
    password = secret(shown.text)
    assert password not in admin.page("/users")
    assert password not in admin.page("/audit")
    bob = type(admin)(app.test_client())
    assert bob.log_in("bob", password).headers["Location"] == "/password"


def test_a_reset_shows_another_password_and_ends_sessions(
    connection: Connection, admin: Any, viewer: Any
) -> None:
    shown = send(admin, "reset", name="viewer")
    assert viewer.get("/").status_code == 302
    assert viewer.log_in("viewer").status_code == 401
    assert viewer.log_in("viewer", secret(shown.text)).headers["Location"] == "/password"
    line = next(one for one in audit_lines(connection) if one.action == "user.password_reset")
    assert (line.actor, line.subject) == ("admin", "user/viewer")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("role", "viewer has the role approver"),
        ("disable", "viewer is disabled"),
        ("remove", "viewer is removed"),
    ],
)
def test_what_an_admin_does_is_said_audited_and_ends_sessions(
    connection: Connection, admin: Any, viewer: Any, what: str, said: str
) -> None:
    sent = send(admin, what, name="viewer", role="approver")
    assert sent.headers["Location"] == "/users"
    assert said in admin.page("/users")
    assert viewer.get("/").status_code == 302
    line = audit_lines(connection)[0]
    actions = {"role": "role_changed", "disable": "disabled", "remove": "removed"}
    assert (line.actor, line.subject) == ("admin", "user/viewer")
    assert line.action == f"user.{actions[what]}"


def test_who_was_disabled_is_shown_so_and_can_come_back(admin: Any, viewer: Any) -> None:
    send(admin, "disable", name="viewer")
    page = admin.page("/users")
    assert '<span class="state disabled">disabled</span>' in page
    assert viewer.log_in("viewer").status_code == 401
    send(admin, "enable", name="viewer")
    assert viewer.log_in("viewer").status_code == 302


@pytest.mark.parametrize(
    ("what", "fields"), [("role", {"role": "viewer"}), ("disable", {}), ("remove", {})]
)
def test_the_last_admin_stays(admin: Any, what: str, fields: dict[str, str]) -> None:
    refused = send(admin, what, name="admin", **fields)
    assert refused.status_code == 409
    assert "Admin is the last admin; make somebody else an admin first." in refused.text
    assert admin.get("/users").status_code == 200


@pytest.mark.parametrize(
    ("what", "fields", "said"),
    [
        ("add", {"name": "a b", "role": "viewer"}, "accepted: 1 to 100 characters"),
        ("add", {"name": "a/b", "role": "viewer"}, "no slash"),
        ("add", {"name": "", "role": "viewer"}, "accepted: 1 to 100 characters"),
        ("add", {"name": "bob", "role": "root"}, "accepted: viewer, reviewer"),
        ("add", {"name": "bob"}, "accepted: viewer, reviewer"),
        ("role", {"name": "viewer", "role": "root"}, "accepted: viewer, reviewer"),
        ("role", {"name": "nobody", "role": "viewer"}, "Found no user"),
        ("reset", {}, "Found no user"),
        ("reset", {"name": "grace"}, "has no password here"),
        ("remove", {"name": "nul\x00"}, "Found no user"),
        ("tokens/add", {"name": "ci", "role": "viewer", "expires": "soon"}, "days as 90d"),
        ("tokens/add", {"name": "ci", "role": "root", "expires": "1d"}, "accepted: viewer"),
        ("tokens/revoke", {"name": "ci"}, "Found no token"),
    ],
)
def test_what_is_refused_is_said_with_what_is_accepted(
    connection: Connection, admin: Any, what: str, fields: dict[str, str], said: str
) -> None:
    add_user(connection, "viewer", PASSWORD, "viewer")
    add_external_user(connection, "grace", "s-1", "viewer")
    before = len(audit_lines(connection))
    refused = send(admin, what, **fields)
    assert refused.status_code == 400
    assert said in refused.text
    assert len(audit_lines(connection)) == before


def test_taken_names_conflict(connection: Connection, admin: Any) -> None:
    add_token(connection, "ci", "viewer")
    assert send(admin, "add", name="admin", role="viewer").status_code == 409
    taken = send(admin, "tokens/add", name="ci", role="viewer", expires="90d")
    assert taken.status_code == 409
    assert "There is a token" in taken.text


def test_who_logs_in_elsewhere_is_added_by_their_subject(
    connection: Connection, admin: Any
) -> None:
    send(admin, "add", name="grace", role="viewer", subject=" https://id.example|17 ")
    page = admin.page("/users")
    assert "grace may enter as https://id.example|17." in page
    found = load_user(connection, "grace")
    assert found is not None
    assert found.subject == "https://id.example|17"
    assert page.count("Reset password") == 1  # the admin's own; grace has none here


def test_a_token_is_shown_once_used_and_revoked(
    connection: Connection, admin: Any, clock: Any
) -> None:
    shown = send(admin, "tokens/add", name="ci", role="viewer", expires="90d")
    token = secret(shown.text)
    for path in ("/users", "/audit"):
        assert token not in admin.page(path)
    headers = {"Authorization": f"Bearer {token}"}
    assert admin.client.get("/api/v1/report", headers=headers).status_code == 200
    found = load_token(connection, "ci")
    assert found is not None
    assert found.ends_at is not None
    assert (found.ends_at.timestamp() - clock(), found.used_at is None) == (90 * 86_400, False)
    assert "just now" in admin.page("/users")
    clock.now += 90 * 86_400
    assert admin.client.get("/api/v1/report", headers=headers).status_code == 401
    admin.log_in("admin")
    assert '<span class="state failed">ended</span>' in admin.page("/users")
    send(admin, "tokens/revoke", name="ci")
    assert "Token ci is not accepted any more." in admin.page("/users")
    assert tokens(connection) == []


def test_names_are_text(connection: Connection, admin: Any) -> None:
    hostile = '<script>alert("x")</script>"\'>'.replace(" ", "").replace("/", "")
    add_user(connection, hostile, PASSWORD, "viewer")
    add_token(connection, hostile, "viewer")
    add_external_user(connection, "grace", "<img src=x onerror=alert(1)>", "viewer")
    page = admin.page("/users")
    assert "<script>" not in page
    assert "<img" not in page
    send(admin, "disable", name=hostile)
    found = load_user(connection, hostile)
    assert found is not None
    assert found.disabled_at is not None


def test_an_address_that_names_nothing_to_do_is_not_found(admin: Any) -> None:
    assert admin.send("/users/promote", form_on="/users", name="admin").status_code == 404
