"""What users of the gateway said of answers."""

import uuid

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from app.store.schema import FeedbackRow


def add_feedback(
    connection: Connection,
    *,
    request_id: uuid.UUID,
    score: float,
    comment: str,
    session: str | None,
) -> None:
    """Keep one rating of an answer; ``score`` is in [0, 1]."""
    connection.execute(
        insert(FeedbackRow).values(
            request_id=request_id, score=score, comment=comment, session=session
        )
    )
