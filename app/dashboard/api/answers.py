"""The API's answers as JSON, and the envelope of its errors."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import Response

_BEYOND: Final = 2**63
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
    try:
        body = orjson.dumps(value)
    except TypeError:  # orjson writes no whole number beyond 64 bits; stored JSON may have one
        body = orjson.dumps(_spelt(value))
    return Response(body, status=status, content_type="application/json")


def _spelt(value: Any) -> Any:
    """The same value with each whole number beyond 64 bits as its digits."""
    if isinstance(value, int) and not -_BEYOND <= value < _BEYOND:
        return orjson.Fragment(str(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _spelt(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _spelt(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(item) for item in value]
    return value


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
