"""What users of the gateway said of answers."""

import uuid
from collections.abc import Mapping

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.traffic import FeedbackRow


def add_feedback(
    connection: Connection,
    *,
    request_id: uuid.UUID,
    score: float,
    comment: str,
    session: str | None,
    extra: Mapping[str, str],
) -> None:
    """Keep one rating of an answer; ``score`` is in [0, 1], ``extra`` the caller's own fields."""
    connection.execute(
        insert(FeedbackRow).values(
            request_id=request_id,
            score=score,
            comment=comment,
            session=session,
            extra=dict(extra),
        )
    )
