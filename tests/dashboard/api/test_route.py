from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest, NotFound

from tierwatch.dashboard.api.route import Route, one_of, reason, there
from tierwatch.dashboard.arguments import ID, LONGEST_REASON


def _nothing(_connection: Any) -> None: ...


@pytest.mark.parametrize(
    ("method", "rule", "name"),
    [
        ("GET", "/report", "get_report"),
        ("GET", f"/alerts/<{ID}:alert_id>", "get_alerts_alert_id"),
        ("POST", f"/policies/<{ID}:version>/rollback", "post_policies_version_rollback"),
        ("GET", "/openapi.json", "get_openapi_json"),
    ],
)
def test_operations_are_named_by_their_address(method: str, rule: str, name: str) -> None:
    assert Route(method, rule, "", dict, _nothing).name == name


def test_an_operation_is_a_viewers_unless_it_says_otherwise() -> None:
    route = Route("GET", "/x", "", dict, _nothing)
    assert (route.role, route.query, route.body) == ("viewer", {}, None)


def test_what_is_there_is_given_back_and_what_is_not_is_404() -> None:
    assert there(0) == 0
    assert there("") == ""
    with pytest.raises(NotFound):
        there(None)


def test_one_of_these_words() -> None:
    assert one_of("Which.", "up", "down") == (
        {"type": "string", "enum": ["up", "down"]},
        "Which.",
    )


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"why": "because"}', "because"),
        (b'{"why": "", "other": 1}', ""),
        (b'{"why": "nul \\u0000 and half \\ud800"}', "nul \ufffd and half ?"),
        (b'{"why": "' + b"x" * 3_000 + b'"}', "x" * LONGEST_REASON),
    ],
)
def test_reasons_are_kept_as_postgres_can_hold_them(app: Flask, body: bytes, kept: str) -> None:
    # Whatever the content type says: the body is JSON or it is refused.
    with app.test_request_context("/", method="POST", data=body, content_type="text/plain"):
        assert reason() == kept


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"why": 1}', b"\xff", b"why=form"])
def test_a_body_without_a_reason_is_refused_with_what_is_accepted(app: Flask, body: bytes) -> None:
    with (
        app.test_request_context("/", method="POST", data=body),
        pytest.raises(BadRequest, match="accepted is"),
    ):
        reason()
