"""Reading what a caller says of an answer."""

import uuid
from typing import Any

from tierwatch.loop.capture.feedback import Feedback
from tierwatch.wire.json_bytes import read_outside_json
from tierwatch.wire.refusal import Refusal

_RATINGS = {"up": 1.0, "down": 0.0}
_MAX_COMMENT = 10_000
_MAX_EXTRA = 16  # as many as OpenAI's metadata takes, and as long
_MAX_EXTRA_VALUE = 512
_READ = {"request_id", "rating", "score", "comment", "session"}


def read_feedback(body: bytes) -> Feedback | Refusal:
    """Feedback in a body: ``request_id``, and ``rating`` (up, down) or ``score`` (0 to 1).

    Optional are ``comment``, ``session`` and up to 16 fields of the caller's own, all strings.
    """
    try:
        said = read_outside_json(body)
    except ValueError as error:
        return Refusal(400, f"The request body is not JSON: {error}.", code="invalid_json")
    if not isinstance(said, dict):
        return Refusal(400, "The request body is not a JSON object.", code="invalid_json")
    score = _score(said.get("rating"), said.get("score"))
    if score is None:
        return _wrong("rating", "`up` or `down`, or instead `score`, a number from 0 to 1")
    try:
        request_id = uuid.UUID(str(said.get("request_id", "")))
    except ValueError:
        return _wrong("request_id", "the `x-tierwatch-request-id` of an answer")
    extra = {name: value for name, value in said.items() if name not in _READ}
    problem = _text_problem(said.get("comment"), said.get("session"), extra)
    if problem is not None:
        return problem
    return Feedback(request_id, score, said.get("comment") or "", said.get("session"), extra)


def _score(rating: object, score: object) -> float | None:
    if score is None:
        return _RATINGS.get(rating) if isinstance(rating, str) else None
    if rating is not None or isinstance(score, bool) or not isinstance(score, int | float):
        return None
    return float(score) if 0 <= score <= 1 else None


def _text_problem(comment: object, session: object, extra: dict[str, Any]) -> Refusal | None:
    if comment is not None and (not isinstance(comment, str) or len(comment) > _MAX_COMMENT):
        return _wrong("comment", f"a string of at most {_MAX_COMMENT:,} characters")
    if session is not None and not isinstance(session, str):
        return _wrong("session", "a string")
    short = all(isinstance(text, str) and len(text) <= _MAX_EXTRA_VALUE for text in extra.values())
    if len(extra) > _MAX_EXTRA or not short:
        return Refusal(
            400,
            f"Other fields must be strings of at most {_MAX_EXTRA_VALUE} characters, and at most"
            f" {_MAX_EXTRA} of them.",
            code="invalid_value",
        )
    return None


def _wrong(param: str, accepted: str) -> Refusal:
    return Refusal(400, f"`{param}` must be {accepted}.", code="invalid_value", param=param)
