"""What was said of pairs, what that means, and the monitors that follow it."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint, text

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class VerdictRow(Base):
    """What the judge said of a pair. ``preferred`` NULL means unscored, with the reason why.

    ``asked`` has what each of several judges made of it and what that cost, the one that spoke
    last; it is empty where there is one judge.
    """

    __tablename__ = "verdicts"
    __table_args__ = (
        Index("ix_verdicts_spent", "created_at", postgresql_include=["exchange_id", "cost_usd"]),
        Index("ix_verdicts_unscored", "exchange_id", postgresql_where=text("preferred is null")),
        {"postgresql_partition_by": "RANGE (exchange_id)"},
    )
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    judge_version: Column[str] = column(primary_key=True)
    preferred: Column[str | None]
    basis: Column[str]
    reason: Column[str]
    unscored_why: Column[str]
    orders: Column[JsonList]
    cost_usd: Column[float]
    calls: Column[int]
    latency_ms: Column[float]
    asked: Column[JsonList] = column(server_default=text("'[]'::jsonb"))
    created_at: Column[dt.datetime] = set_by_database()


class OutcomeRow(Base):
    """A verdict reduced to a loss, with the inclusion probability it was sampled under.

    ``boundary`` is the lower tier of the pair: its threshold is what this outcome is evidence
    for. ``loss`` is 1 when the lower tier's answer was materially worse. For ``up`` pairs the
    lower tier served, so the loss is a misroute; for ``down`` pairs ``1 - loss`` is overspend.
    ``weight`` is against a plain sample: a segment's monitor takes it times ``density``, a tier's
    times ``tier_density``, how many times as densely each was sampled when the pair was drawn.
    ``position`` and ``observation`` are written once, when an outcome enters the monitors: those of
    one observation (a conversation) count as one, and replaying them in order of position gives the
    same monitor state. ``said_higher`` and ``said_lower`` are the log-odds that the boundary's
    working classifier gave just before it learned the pair.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        UniqueConstraint("exchange_id", "judge_version"),
        CheckConstraint("loss >= 0 and loss <= 1", name="loss"),
        Index("ix_outcomes_boundary_id", "boundary", "id"),
        Index("ix_outcomes_stream_id", "stream", "id"),
        Index("ix_outcomes_session", "session"),
        Index("ix_outcomes_unobserved", "id", postgresql_where=text("position is null")),
        # Not unique: that would have to hold the partitions' key. One observer at a time counts.
        Index("ix_outcomes_position", "position"),
        {"postgresql_partition_by": "RANGE (exchange_id)"},
    )
    id: Column[int] = column(Identity(), primary_key=True)
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    judge_version: Column[str]
    session: Column[str]
    request_no: Column[int]
    tier: Column[str]
    task_type: Column[str]
    boundary: Column[str]
    direction: Column[str]
    stream: Column[str]
    policy_version: Column[int]
    confidence: Column[float]
    pi: Column[float]
    weight: Column[float]
    density: Column[float] = column(server_default=text("1"))
    tier_density: Column[float] = column(server_default=text("1"))
    loss: Column[float]
    basis: Column[str]
    position: Column[int | None]
    observation: Column[int | None]
    said_higher: Column[float | None]
    said_lower: Column[float | None]
    created_at: Column[dt.datetime] = set_by_database()


class OutcomeSumRow(Base):
    """Outcomes of a tier and a judge that arrived in an hour or a day, UTC, by task type.

    ``task_type`` ``*`` has all of them. A trigger adds each outcome in the transaction that adds
    its row, and the function ``rebuild_outcome_sums`` makes the same of the outcomes themselves.
    Outcomes go after months, and their sums stay.

    The weight of a pair is 1 / pi. Pairs upwards are misroutes where they are *lost*; pairs
    downwards were *needed* where the cheaper answer was worse or the judge's orders contradict each
    other. ``squares`` adds up the squared weights of conversations, whose pairs in the row count as
    one; ``crossing`` twice the products of their weights in this row and in each earlier one;
    ``up_alone`` the squared weights of the pairs themselves. Without ``up`` or ``down`` they are of
    both directions together.
    """

    __tablename__ = "outcome_sums"
    __table_args__ = (CheckConstraint("span in ('hour', 'day')", name="span"),)
    span: Column[str] = column(primary_key=True)
    start: Column[dt.datetime] = column(primary_key=True)
    tier: Column[str] = column(primary_key=True)
    task_type: Column[str] = column(primary_key=True)
    judge_version: Column[str] = column(primary_key=True)
    up_pairs: Column[int]
    up_losses: Column[float]
    up_weight: Column[float]
    up_lost: Column[float]
    up_alone: Column[float]
    up_squares: Column[float]
    up_crossing: Column[float]
    down_pairs: Column[int]
    down_needed: Column[float]
    down_weight: Column[float]
    down_lost: Column[float]
    down_squares: Column[float]
    down_crossing: Column[float]
    inconclusive: Column[int]
    inconclusive_weight: Column[float]
    squares: Column[float]
    crossing: Column[float]


class PromptSumRow(Base):
    """Pairs upwards of a month, a tier, a version of the prompt and a judge, added up by the hour.

    As `evaluation.rates.weighted.RateSums`. A tier's largest versions of a month have a row each,
    the others one together (`store.sums.prompt_versions`); "" is where none was known.
    """

    __tablename__ = "prompt_sums"
    month: Column[dt.date] = column(primary_key=True)
    tier: Column[str] = column(primary_key=True)
    prompt_version: Column[str] = column(primary_key=True)
    judge_version: Column[str] = column(primary_key=True)
    pairs: Column[int]
    bad: Column[float]
    weight: Column[float]
    lost: Column[float]
    squares: Column[float]


class MonitorRow(Base):
    """State of one stream: a segment under one policy, one pair of models and one judge.

    ``kind`` says what is watched: ``misroute``, ``input`` (confidences of all traffic), ``capture``
    (captured against expected), ``judge`` (anchors judged otherwise than at first) or ``probe``
    (probes a tier used to pass).
    """

    __tablename__ = "monitors"
    kind: Column[str] = column(server_default=text("'misroute'"))
    stream: Column[str] = column(primary_key=True)
    tier: Column[str]
    task_type: Column[str]
    policy_version: Column[int]
    judge_version: Column[str]
    state: Column[Json]
    pairs: Column[int]
    losses: Column[float]
    newest_request_no: Column[int]
    alarmed: Column[bool]
    estimate: Column[Json | None]
    updated_at: Column[dt.datetime] = set_by_database()


class LabelRow(Base):
    """What a person said of a pair, shown blind; ``shown_first`` says in which order."""

    __tablename__ = "labels"
    __table_args__ = (
        CheckConstraint("preferred in ('served', 'alternative', 'tie')", name="preferred"),
    )
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    reviewer: Column[str] = column(primary_key=True)
    preferred: Column[str]
    shown_first: Column[str]
    note: Column[str]
    created_at: Column[dt.datetime] = set_by_database()
