"""What users did after an answer, as far as stored exchanges show it."""

import datetime as dt
import uuid

from sqlalchemy import Index, text

from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class FollowUpRow(Base):
    """Whether the same question came again in an exchange's session soon after.

    One row an exchange, in order of ids: the highest says how far they have been read.
    ``asked_again`` is NULL where that cannot be said: no later exchange of the session was sampled
    within half an hour, or one of the two did not end in a question of a person.
    """

    __tablename__ = "follow_ups"
    __table_args__ = (
        Index(
            "ix_follow_ups_known", "exchange_id", postgresql_where=text("asked_again is not null")
        ),
    )
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    asked_again: Column[bool | None]
    created_at: Column[dt.datetime] = set_by_database()
