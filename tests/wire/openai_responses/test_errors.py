"""Errors as Responses say them, whole and at the end of a stream."""

import pytest

from tierwatch.wire.fault import Fault
from tierwatch.wire.openai_responses.errors import (
    read_error,
    stream_error,
    write_error,
    write_failure,
)


def test_an_error_comes_back_as_it_was_written() -> None:
    error = Fault(404, "No such response.", code="previous_response_not_found", param="x")
    assert read_error(write_error(error), 404) == error


@pytest.mark.parametrize("body", [None, "<html>", [], {"type": "error", "error": {"message": "x"}}])
def test_what_another_wire_says_is_not_read(body: object) -> None:
    assert read_error(body, 500) is None


def test_a_failure_has_the_id_and_the_items_that_were_done() -> None:
    done = {"type": "message", "id": "msg_1"}
    begun = {"response": {"id": "resp_1", "model": "m", "output": [done]}, "sequence_number": 9}
    said = write_failure(Fault(502, "It broke.", code="provider_cut"), begun)
    assert (said["type"], said["sequence_number"]) == ("response.failed", 9)
    response = said["response"]
    assert (response["id"], response["status"], response["output"]) == ("resp_1", "failed", [done])
    assert response["error"] == {"code": "provider_cut", "message": "It broke."}


def test_a_failure_before_the_first_event_is_a_response_all_the_same() -> None:
    said = write_failure(Fault(500, "It broke."), {})
    assert said["response"]["error"] == {"code": "server_error", "message": "It broke."}
    assert (said["response"]["output"], said["sequence_number"]) == ([], 0)


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "response.failed", "response": {"error": {"code": "c", "message": "No."}}},
        {"type": "error", "code": "c", "message": "No."},
        {"type": "error", "error": {"code": "c", "message": "No."}},
    ],
)
def test_each_form_of_an_error_in_a_stream_is_read(payload: dict[str, object]) -> None:
    assert stream_error(payload) == Fault(500, "No.", "api_error", "c")


def test_an_error_without_a_sentence_gets_one() -> None:
    assert stream_error({"type": "error"}).message == "The provider gave up its stream."
