"""Ratings are kept as they come, any number for an answer."""

import uuid

import pytest
from sqlalchemy import Connection, text

from tierwatch.store.traffic.feedback import add_feedback


@pytest.mark.parametrize("session", [None, "talk"])
def test_a_rating_is_kept_with_the_callers_own_fields(
    connection: Connection, session: str | None
) -> None:
    request = uuid.uuid4()
    extra = {"screen": "chat", "ü": "\u2400"}
    for score in (0.0, 1.0):
        add_feedback(
            connection, request_id=request, score=score, comment="", session=session, extra=extra
        )
    rows = connection.execute(
        text("select request_id, score, session, extra from feedback order by id")
    ).all()
    assert [tuple(row) for row in rows] == [
        (request, 0.0, session, extra),
        (request, 1.0, session, extra),
    ]
