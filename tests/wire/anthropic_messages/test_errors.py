"""Errors on Anthropic's wire: their types follow from the HTTP status."""

from typing import Any

import pytest

from tierwatch.wire.anthropic_messages.errors import (
    error_type,
    read_error,
    stream_error,
    write_error,
)
from tierwatch.wire.fault import Fault


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (503, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors_take_their_type_from_the_status(status: int, kind: str) -> None:
    body = write_error(Fault(status, "No.", "t"))
    assert body == {"type": "error", "error": {"type": kind, "message": "No."}}
    fault = read_error(body, status)
    assert fault is not None
    assert (fault.status, fault.message, fault.type, fault.param) == (status, "No.", kind, None)


@pytest.mark.parametrize(("status", "kind"), [(418, "invalid_request_error"), (599, "api_error")])
def test_a_status_of_no_type_of_its_own_is_the_callers_fault_or_the_providers(
    status: int, kind: str
) -> None:
    assert error_type(status) == kind


def test_an_error_without_a_body_still_has_a_sentence() -> None:
    fault = read_error(None, 529)
    assert fault == Fault(529, "The provider answered 529.", "overloaded_error", "overloaded")


@pytest.mark.parametrize("body", ["<html>", [], 7, None])
def test_what_is_no_object_is_read_by_its_status(body: Any) -> None:
    fault = read_error(body, 404)
    assert fault is not None
    assert (fault.type, fault.code) == ("not_found_error", "not_found")


def test_another_wires_error_is_not_read() -> None:
    assert read_error({"error": {"message": "No.", "type": "server_error"}}, 500) is None
    assert read_error({}, 500) is None


def test_an_error_in_a_stream_has_the_type_it_says() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert stream_error(error) == Fault(500, "Overloaded", "overloaded_error", "overloaded")
    assert stream_error({"type": "error", "error": {}}).message == "The provider answered 500."
