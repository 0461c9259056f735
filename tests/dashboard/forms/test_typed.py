import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories.rows import add_alert
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

import tierwatch.dashboard
from tierwatch.dashboard.forms.typed import SECRET, TypedForm, carried_form, typed_form

TEMPLATES = Path(tierwatch.dashboard.__file__).parent / "templates"
PASSWORD = "correct horse battery"
OURS = {"Origin": "http://localhost"}


def typed(fields: dict[str, str], headers: dict[str, str] | None = None) -> TypedForm | None:
    how = {"method": "POST", "data": fields, "headers": headers or {}}
    with Flask(__name__).test_request_context("/alerts/1/silence", **how):
        return typed_form()


def carried(fields: dict[str, str]) -> TypedForm | None:
    with Flask(__name__).test_request_context("/login", method="POST", data=fields):
        return carried_form()


def test_what_was_typed_is_kept_in_its_order_without_what_is_secret() -> None:
    found = typed({"why": "worse", "lasting": "4h", "csrf_token": "x", "password": "p", "to": " "})
    assert found is not None
    assert found.action == "/alerts/1/silence"
    assert [(one.name, one.label, one.value) for one in found.fields] == [
        ("why", "reason", "worse"), ("lasting", "for", "4h"),
    ]  # fmt: skip
    assert typed({"csrf_token": "x"}) is None


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, True),
        (OURS, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site"} | OURS, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_another_sites_form_is_not_shown_as_ones_own(headers: dict[str, str], kept: bool) -> None:  # noqa: FBT001 - a row of the table
    assert (typed({"why": "x"}, headers) is not None) == kept


def test_every_password_that_a_page_asks_for_is_secret() -> None:
    asked = {
        name
        for file in TEMPLATES.glob("*.html")
        for tag in re.findall(r"<input[^>]*type=\"password\"[^>]*>", file.read_text())
        for name in re.findall(r"name=\"(\w+)\"", tag)
    }
    assert asked == SECRET - {"csrf_token"}


@pytest.mark.parametrize("action", ["", "//evil.example", "https://evil.example", "/a\\b", "/a\nb"])
def test_what_a_login_carries_leads_nowhere_else(action: str) -> None:
    assert carried({"kept-address": action, "kept.why": "x"}) is None


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=99), max_size=5))
def test_no_form_is_an_error_and_none_shows_a_secret(fields: dict[str, str]) -> None:
    for found in (typed(fields), carried(fields | {"kept-address": "/alerts"})):
        assert found is None or not {one.name for one in found.fields} & SECRET


def test_a_session_that_ended_in_the_middle_of_a_form_costs_no_word(
    connection: Connection, approver: Any, clock: Any, policy: None
) -> None:
    alert_id = add_alert(connection)
    path = f"/alerts/{alert_id}/silence"
    approver.get("/alerts")
    connection.execute(text("delete from sessions"))
    ended = approver.client.post(path, data={"why": "long words", "lasting": "4h"}, headers=OURS)
    assert ended.status_code == 401
    for said in ("Your session has ended.", "long words", 'name="kept.why" value="long words"'):
        assert said in ended.text, said

    def log_in(password: str) -> Any:
        token = re.search(r'name="csrf_token" value="([^"]+)"', ended.text)
        assert token is not None
        fields = {"kept-address": path, "kept.why": "long words", "kept.lasting": "4h"}
        form = fields | {"name": "approver", "password": password, "csrf_token": token[1]}
        return approver.client.post("/login", data=form)

    wrong = log_in("not it")
    assert wrong.status_code == 401
    assert 'name="kept.why" value="long words"' in wrong.text
    entered = log_in(PASSWORD)
    assert entered.status_code == 200
    assert "Send it now?" in entered.text
    state = "select silenced_by from alerts"
    assert connection.execute(text(state)).scalar_one() is None
    token = re.search(rf'action="{path}">.*?name="csrf_token" value="([^"]+)"', entered.text)
    assert token is not None
    sent = {"why": "long words", "lasting": "4h", "csrf_token": token[1]}
    assert approver.client.post(path, data=sent).status_code == 302
    assert connection.execute(text(state)).scalar_one() == "approver"


def test_a_form_of_another_session_can_be_sent_again(
    connection: Connection, logged_in: Callable[[str], Any], policy: None
) -> None:
    path, browser = f"/alerts/{add_alert(connection)}/silence", logged_in("reviewer")
    fields = {"why": "long words", "lasting": "4h", "csrf_token": "of before"}
    refused = browser.client.post(path, data=fields)
    assert refused.status_code == 400
    assert "long words" in refused.text
    assert "Send again" in refused.text
    token = re.search(rf'action="{path}">.*?value="([^"]+)"', refused.text)
    assert token is not None
    assert browser.client.post(path, data=fields | {"csrf_token": token[1]}).status_code == 302


def test_what_is_gone_or_decided_meanwhile_keeps_what_was_typed(
    approver: Any, policy: None
) -> None:
    gone = approver.send("/alerts/99/silence", form_on="/", why="long words", lasting="4h")
    assert gone.status_code == 404
    decided = approver.send("/policies/99/rollback", form_on="/policies", why="long words")
    assert decided.status_code == 409
    for answer in (gone, decided):
        assert "What you typed is kept here." in answer.text
        assert "long words" in answer.text
        assert "Send again" not in answer.text
