"""Why there is no answer: the form of an error between the wires."""

from dataclasses import dataclass
from typing import Any

_MID_STREAM = 500  # the status of a stream that fails was sent long before


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error says, in OpenAI's terms.

    Attributes:
        status: of HTTP.
        message: the sentence for the caller.
        type: the class of error.
        code: the error itself, where it has a name.
        param: the field of the request that is at fault.
    """

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None


def error_text(body: object) -> str:
    """The sentence in an error body, whichever wire it came on; "" when there is none.

    >>> error_text({"error": {"message": "No."}}), error_text({"detail": "No."}), error_text([])
    ('No.', 'No.', '')
    """
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error.get("type")
    return error if isinstance(error, str) else ""


def sentence(body: object, status: int) -> str:
    """The sentence in an error body, or one that says as much as its status does."""
    return error_text(body) or f"The provider answered {status}."


def read_error_chunk(chunk: object) -> Fault:
    """The error that a chunk of a stream holds."""
    return Fault(_MID_STREAM, sentence(chunk, _MID_STREAM), "api_error")


def error_chunk(error: Fault) -> dict[str, Any]:
    """The error as a chunk of a stream."""
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    }
