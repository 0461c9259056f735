"""The API's answers as JSON, and the envelope of its errors."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response

_KINDS = {
    400: "invalid_request",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found",
    409: "conflict",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong: a sentence, and a kind that stays the same."""

    message: str
    type: str


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Every answer that is not 200."""

    error: Problem


def json_answer(value: Any, status: int = 200) -> Response:
    """A value as the body: dataclasses by their fields, dates in ISO 8601 with their offset."""
    return Response(orjson.dumps(value), status=status, content_type="application/json")


def problem_answer(status: int, message: str) -> Response:
    """An error in the API's envelope."""
    kind = _KINDS.get(
        status,
        "internal_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request",
    )
    response = json_answer(ErrorAnswer(Problem(message=message, type=kind)), status)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
