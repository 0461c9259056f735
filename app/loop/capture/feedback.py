"""What a caller says of an answer, and keeping it, redacted like everything that is stored."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from tierwatch.loop.capture.redact import Redactor, redact_json, storable
from tierwatch.store.traffic.feedback import add_feedback


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a user of the gateway said of an answer. ``score`` is in [0, 1]."""

    request_id: uuid.UUID
    score: float
    comment: str
    session: str | None
    extra: Mapping[str, str]


def keep_feedback(given: Feedback, *, engine: Engine, redact: Redactor) -> None:
    """Store one rating with its comment and the caller's own fields."""
    with engine.begin() as connection:
        add_feedback(
            connection,
            request_id=given.request_id,
            score=given.score,
            comment=storable(redact(given.comment)),
            session=None if given.session is None else storable(redact(given.session)),
            extra=storable(redact_json(dict(given.extra), redact)),
        )
