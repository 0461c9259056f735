"""Errors as Responses say them: OpenAI's envelope, and ``response.failed`` within a stream."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.fault import Fault, error_chunk
from tierwatch.wire.json_values import mapping, string

# A stream that fails says so in its last event. The other one, ``error``, shows Codex no sentence.
ERROR_EVENT = "response.failed"
_MID_STREAM = 500  # the status of a stream that fails was sent long before
_NO_CODE = "server_error"


def read_error(body: object, status: int) -> Fault | None:
    """What an error body says; None when it is of another wire."""
    if not isinstance(body, dict) or body.get("type") == "error":
        return None
    error = mapping(body.get("error"))
    kind = string(error.get("type")) or "invalid_request_error"
    code, param = (string(error.get(name)) or None for name in ("code", "param"))
    return Fault(status, string(error.get("message")), kind, code, param)


def write_error(error: Fault) -> dict[str, Any]:
    """The error body."""
    return error_chunk(error)


def write_failure(error: Fault, begun: Mapping[str, Any]) -> dict[str, Any]:
    """What the event holds that ends a stream which broke off.

    Args:
        error: what happened.
        begun: ``response`` as far as it came, and ``sequence_number`` for the event.
    """
    response = {"object": "response", "output": [], **mapping(begun.get("response"))}
    said = {"code": error.code or _NO_CODE, "message": error.message}
    response |= {"status": "failed", "error": said, "incomplete_details": None}
    number = begun.get("sequence_number", 0)
    return {"type": ERROR_EVENT, "sequence_number": number, "response": response}


def stream_error(payload: Mapping[str, Any]) -> Fault:
    """What an ``error`` or ``response.failed`` event in a provider's stream says."""
    response, nested = mapping(payload.get("response")), mapping(payload.get("error"))
    error = mapping(response.get("error")) or nested or payload
    message = string(error.get("message")) or "The provider gave up its stream."
    code, param = (string(error.get(name)) or None for name in ("code", "param"))
    return Fault(_MID_STREAM, message, "api_error", code, param)
