"""All traffic as counts, and what its callers and its replays said of it."""

import datetime as dt
import uuid

from sqlalchemy import Identity, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, set_by_database


class RollupRow(Base):
    """All traffic, counted: a minute x tier x task type x confidence bin x policy.

    ``eligible`` counts requests that could have been sampled, ``expected`` adds up their inclusion
    probabilities. ``drift_taken`` requests have been seen by the input monitor. ``cost_usd`` is
    what serving cost; asking the classifier is apart.
    """

    __tablename__ = "rollups"
    minute: Mapped[dt.datetime] = mapped_column(primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True)
    task_type: Mapped[str] = mapped_column(primary_key=True)
    bin: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    policy_version: Mapped[int] = mapped_column(primary_key=True)
    requests: Mapped[int]
    finished: Mapped[int]
    errors: Mapped[int]
    escalated: Mapped[int]
    sampled: Mapped[int]
    dropped: Mapped[int]
    eligible: Mapped[int] = mapped_column(server_default=text("0"))
    expected: Mapped[float] = mapped_column(server_default=text("0"))
    drift_taken: Mapped[int] = mapped_column(server_default=text("0"))
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost_usd: Mapped[float]
    classifier_cost_usd: Mapped[float] = mapped_column(server_default=text("0"))
    cost_top_tier_usd: Mapped[float]
    latency_ms: Mapped[float]


class OutsideCountRow(Base):
    """Requests that cannot be evidence, by why not; under no reason those drawn that can.

    ``drawn`` counts those whose reason was found once they were drawn. They stand for others, so
    ``requests`` need not be whole.
    """

    __tablename__ = "outside_counts"
    minute: Mapped[dt.datetime] = mapped_column(primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[float]
    drawn: Mapped[int]


class BoundaryCountRow(Base):
    """All requests that came to a boundary, by day and confidence in the lower tier, in cents.

    A request comes to the boundaries up to the tier that serves it. It is what sampled pairs are
    held against when another threshold is scored on the past.
    """

    __tablename__ = "boundary_counts"
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    boundary: Mapped[str] = mapped_column(primary_key=True)
    cents: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    requests: Mapped[int]


class RollupFlushRow(Base):
    """A batch of rollups that was added, so that sending it again adds nothing."""

    __tablename__ = "rollup_flushes"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    created_at: Mapped[dt.datetime] = set_by_database()


class FeedbackRow(Base):
    """What a user of the gateway said of an answer."""

    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    request_id: Mapped[uuid.UUID]
    score: Mapped[float]
    comment: Mapped[str]
    session: Mapped[str | None]
    extra: Mapped[Json] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[dt.datetime] = set_by_database()


class ReplayRow(Base):
    """A replay of recorded traffic: the graded quality of what was served."""

    __tablename__ = "replays"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    file: Mapped[str]
    requests: Mapped[int]
    scored: Mapped[int]
    score_sum: Mapped[float]
    created_at: Mapped[dt.datetime] = set_by_database()
