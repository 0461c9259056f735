"""Keep what a caller says of an answer, redacted like everything that is stored."""

from sqlalchemy import Engine

from tierwatch.loop.capture.exchange import Feedback
from tierwatch.loop.capture.redact import Redactor, redact_json, storable
from tierwatch.store.traffic.feedback import add_feedback


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
