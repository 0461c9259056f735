"""Errors on OpenAI's wire."""

import pytest

from tierwatch.wire.fault import Fault
from tierwatch.wire.openai_chat.errors import read_error, write_error


def test_errors_are_written_and_read() -> None:
    fault = Fault(400, "No.", "invalid_request_error", "bad", "model")
    body = write_error(fault)
    assert body["error"] == {
        "message": "No.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "bad",
    }
    assert read_error(body, 400) == fault


@pytest.mark.parametrize("body", [{}, {"error": "x"}, {"error": {"message": 5, "code": 7}}])
def test_an_object_without_a_sentence_has_none(body: dict[str, object]) -> None:
    assert read_error(body, 422) == Fault(422, "")


def test_another_wires_error_is_not_read() -> None:
    assert (
        read_error({"type": "error", "error": {"type": "api_error", "message": "x"}}, 500) is None
    )
    assert read_error("<html>", 502) is None
