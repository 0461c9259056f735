"""Errors as Anthropic's wire says them: ``{"type": "error", "error": {"type", "message"}}``."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.fault import Fault, sentence
from tierwatch.wire.json_values import mapping

ERROR_EVENT = "error"

_MID_STREAM = 500  # the status of a stream that fails was sent long before

_CODES = {
    "authentication_error": "invalid_api_key",
    "not_found_error": "not_found",
    "rate_limit_error": "rate_limit_exceeded",
    "overloaded_error": "overloaded",
    "billing_error": "insufficient_quota",
}
_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def read_error(body: object, status: int) -> Fault | None:
    """What an error body says; None when it is of another wire.

    A body that is no object at all (HTML from a proxy) is read as well: its status says the rest.
    """
    if isinstance(body, dict) and body.get("type") != "error":
        return None
    return _read(body, status)


def stream_error(payload: Mapping[str, Any]) -> Fault:
    """What an ``error`` event in a stream says."""
    return _read(payload, _MID_STREAM)


def _read(body: object, status: int) -> Fault:
    kind = mapping(mapping(body).get("error")).get("type")
    kind = kind if isinstance(kind, str) else error_type(status)
    return Fault(status, sentence(body, status), kind, _CODES.get(kind))


def write_failure(
    error: Fault,
    begun: Mapping[str, Any],  # noqa: ARG001 - nothing of it is said again here
) -> dict[str, Any]:
    """What the event holds that ends a stream which broke off."""
    return write_error(error)


def write_error(error: Fault) -> dict[str, Any]:
    """The error body, its type taken from the HTTP status."""
    return {"type": "error", "error": {"type": error_type(error.status), "message": error.message}}


def error_type(status: int) -> str:
    """The class of error that a status is of."""
    fallback = "api_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004 - HTTP
    return _TYPES.get(status, fallback)
