"""All traffic as counts, and what its callers and its replays said of it."""

import datetime as dt
import uuid

from sqlalchemy import Identity, Index, SmallInteger, text

from tierwatch.store.documents import Json
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class RollupRow(Base):
    """All traffic, counted: a minute x tier x task type x confidence bin x policy.

    ``eligible`` counts requests that could have been sampled, ``expected`` adds up their inclusion
    probabilities. ``drift_taken`` requests have been seen by the input monitor. ``cost_usd`` is
    what serving cost; asking the classifier is apart.
    """

    __tablename__ = "rollups"
    minute: Column[dt.datetime] = column(primary_key=True)
    tier: Column[str] = column(primary_key=True)
    task_type: Column[str] = column(primary_key=True)
    bin: Column[int] = column(kind=SmallInteger, primary_key=True)
    policy_version: Column[int] = column(primary_key=True)
    requests: Column[int]
    finished: Column[int]
    errors: Column[int]
    escalated: Column[int]
    sampled: Column[int]
    dropped: Column[int]
    eligible: Column[int] = column(server_default=text("0"))
    expected: Column[float] = column(server_default=text("0"))
    drift_taken: Column[int] = column(server_default=text("0"))
    prompt_tokens: Column[int]
    completion_tokens: Column[int]
    cached_tokens: Column[int] = column(server_default=text("0"))
    cost_usd: Column[float]
    classifier_cost_usd: Column[float] = column(server_default=text("0"))
    cost_top_tier_usd: Column[float]
    latency_ms: Column[float]


class HourSumRow(Base):
    """All traffic of an hour by tier, and what became of what was sampled of it.

    Added up from the rows some hours after the hour is over (`store.sums.hours`, which says what
    the columns are). ``changed_hours`` has those that got rows since.
    """

    __tablename__ = "hour_sums"
    hour: Column[dt.datetime] = column(primary_key=True)
    tier: Column[str] = column(primary_key=True)
    requests: Column[int]
    unfamiliar: Column[int]
    errors: Column[int]
    escalated: Column[int]
    sampled: Column[int]
    dropped: Column[int]
    eligible: Column[int]
    exchanges: Column[int]
    judged: Column[int]
    unscored: Column[int]
    failed: Column[int]
    cost_usd: Column[float]
    classifier_cost_usd: Column[float]
    cost_top_tier_usd: Column[float]
    latency_ms: Column[float]
    shadow_usd: Column[float]
    judge_usd: Column[float]


class HourVerdictRow(Base):
    """What a judge said of exchanges of an hour, by what it rests on (`store.sums.hour_details`).

    A trigger adds it up where the hour is added up in ``hour_sums``, and deletes it with that.
    """

    __tablename__ = "hour_verdicts"
    hour: Column[dt.datetime] = column(primary_key=True)
    judge_version: Column[str] = column(primary_key=True)
    basis: Column[str] = column(primary_key=True)
    verdicts: Column[int]
    scored: Column[int]
    swapped: Column[int]
    cut: Column[int]
    calls: Column[int]
    cost_usd: Column[float]
    latency_ms: Column[float]
    newest_at: Column[dt.datetime]


class HourFailureRow(Base):
    """Why exchanges of an hour failed; kept as `HourVerdictRow` is.

    The reason is too long for a key.
    """

    __tablename__ = "hour_failures"
    hour: Column[dt.datetime] = column(primary_key=True)
    step: Column[str] = column(primary_key=True)
    reason_md5: Column[str] = column(primary_key=True)
    reason: Column[str]
    n: Column[int]


class ChangedHourRow(Base):
    """An hour that got a row long after it was over, marked by a trigger; until it is added up."""

    __tablename__ = "changed_hours"
    id: Column[int] = column(Identity(), primary_key=True)
    hour: Column[dt.datetime]


class OutsideCountRow(Base):
    """Requests that cannot be evidence, by why not; under no reason those drawn that can.

    ``drawn`` counts those whose reason was found once they were drawn. They stand for others, so
    ``requests`` need not be whole.
    """

    __tablename__ = "outside_counts"
    minute: Column[dt.datetime] = column(primary_key=True)
    tier: Column[str] = column(primary_key=True)
    reason: Column[str] = column(primary_key=True)
    requests: Column[float]
    drawn: Column[int]


class BoundaryCountRow(Base):
    """All requests that came to a boundary, by day and confidence in the lower tier, in cents.

    A request comes to the boundaries up to the tier that serves it. It is what sampled pairs are
    held against when another threshold is scored on the past. ``largest_weight`` is the largest 1 /
    pi that one of them would have had as a pair of the boundary, drawn or not; 0 where none could
    be drawn, NULL where a version counted that did not note it.
    """

    __tablename__ = "boundary_counts"
    day: Column[dt.date] = column(primary_key=True)
    boundary: Column[str] = column(primary_key=True)
    cents: Column[int] = column(kind=SmallInteger, primary_key=True)
    requests: Column[int]
    largest_weight: Column[float | None]


class RollupFlushRow(Base):
    """A batch of rollups that was added, so that sending it again adds nothing."""

    __tablename__ = "rollup_flushes"
    id: Column[uuid.UUID] = column(primary_key=True)
    created_at: Column[dt.datetime] = set_by_database()


class FeedbackRow(Base):
    """What a user of the gateway said of an answer."""

    __tablename__ = "feedback"
    id: Column[int] = column(Identity(), primary_key=True)
    request_id: Column[uuid.UUID]
    score: Column[float]
    comment: Column[str]
    session: Column[str | None]
    extra: Column[Json] = column(server_default=text("'{}'::jsonb"))
    created_at: Column[dt.datetime] = set_by_database()


class ReplayRow(Base):
    """A replay of recorded traffic: the graded quality of what was served."""

    __tablename__ = "replays"
    id: Column[int] = column(Identity(), primary_key=True)
    file: Column[str]
    requests: Column[int]
    scored: Column[int]
    score_sum: Column[float]
    created_at: Column[dt.datetime] = set_by_database()


class SeenCallRow(Base):
    """A call that was counted, so that it counts once however often its source sends it.

    ``call`` is a digest of the source and of its own id for the call.
    """

    __tablename__ = "seen_calls"
    call: Column[uuid.UUID] = column(primary_key=True)
    seen_at: Column[dt.datetime] = set_by_database()
    __table_args__ = (Index(None, "seen_at"),)


class SourceCountRow(Base):
    """What a source sent, by day and by what became of it (`traffic.sources` has the words)."""

    __tablename__ = "source_counts"
    day: Column[dt.date] = column(primary_key=True)
    source: Column[str] = column(primary_key=True)
    what: Column[str] = column(primary_key=True)
    calls: Column[int]
