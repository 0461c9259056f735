"""Errors as OpenAI's wire says them: ``{"error": {"message", "type", "param", "code"}}``."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.fault import Fault, error_chunk
from tierwatch.wire.json_values import mapping, string

ERROR_EVENT = ""  # in a stream an error is a chunk like others


def read_error(body: object, status: int) -> Fault | None:
    """What an error body says; None when it is of another wire.

    Servers write all sorts of objects here: the message is empty where there is no sentence.
    """
    if not isinstance(body, dict) or body.get("type") == "error":
        return None
    error = mapping(body.get("error"))
    kind = string(error.get("type")) or "invalid_request_error"
    code, param = (string(error.get(name)) or None for name in ("code", "param"))
    return Fault(status, string(error.get("message")), kind, code, param)


def write_failure(
    error: Fault,
    begun: Mapping[str, Any],  # noqa: ARG001 - nothing of it is said again here
) -> dict[str, Any]:
    """What the event holds that ends a stream which broke off."""
    return write_error(error)


def write_error(error: Fault) -> dict[str, Any]:
    """The error body."""
    return error_chunk(error)
