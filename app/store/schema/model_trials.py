"""Trials of a model in the place of a tier's, and the pairs that each of them rests on."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Identity, Index, text

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class ModelTrialRow(Base):
    """One candidate beside the model that serves a tier: what was asked for, and how it ended.

    ``served`` is the variant that it is held against, ``sample`` and ``budget_usd`` how far it may
    go. ``judge_version`` is the one of the worker that took it up first. A tier has one that runs.
    ``why`` is the reason for its end, in a sentence.
    """

    __tablename__ = "model_trials"
    __table_args__ = (
        CheckConstraint(
            "state in ('running', 'certified', 'refused', 'undecided', 'cancelled', 'failed')",
            name="state",
        ),
        Index(
            "uq_model_trials_running_tier",
            "tier",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    tier: Column[str]
    served: Column[str]
    candidate: Column[Json]
    sample: Column[int]
    budget_usd: Column[float]
    worse_by: Column[float]
    delta: Column[float]
    max_weight: Column[float]
    judge_version: Column[str] = column(server_default=text("''"))
    base_version: Column[int]
    state: Column[str] = column(server_default=text("'running'"))
    why: Column[str] = column(server_default=text("''"))
    proposal_id: Column[int | None]
    started_by: Column[str]
    started_at: Column[dt.datetime] = set_by_database()
    ended_at: Column[dt.datetime | None]


class ModelTrialPairRow(Base):
    """An exchange that a trial drew: one of each conversation, fixed at the draw.

    ``result`` is None until the candidate was asked and its answer judged; ``position`` orders what
    has a result. ``unanswered`` counts as worse; ``inconclusive`` (the judge's two orders
    contradict each other), ``unscored`` and ``left_out`` count for nothing; ``detail`` says why.
    """

    __tablename__ = "model_trial_pairs"
    __table_args__ = (
        CheckConstraint(
            "result in ('worse', 'better', 'tie', 'inconclusive', 'unanswered', 'unscored',"
            " 'left_out')",
            name="result",
        ),
        Index("uq_model_trial_pairs_session", "trial_id", "session", unique=True),
        Index("ix_model_trial_pairs_ended_at", "ended_at"),
    )
    trial_id: Column[int] = column(primary_key=True, autoincrement=False)
    exchange_id: Column[uuid.UUID] = column(primary_key=True)
    session: Column[str]
    task_type: Column[str]
    weight: Column[float]
    tries: Column[int] = column(server_default=text("0"))
    until: Column[dt.datetime | None]
    result: Column[str | None]
    basis: Column[str] = column(server_default=text("''"))
    detail: Column[str] = column(server_default=text("''"))
    answer: Column[Json | None]
    served_usd: Column[float]
    candidate_usd: Column[float] = column(server_default=text("0"))
    judge_usd: Column[float] = column(server_default=text("0"))
    latency_ms: Column[float] = column(server_default=text("0"))
    fitted: Column[JsonList] = column(server_default=text("'[]'::jsonb"))
    position: Column[int | None]
    drawn_at: Column[dt.datetime] = set_by_database()
    ended_at: Column[dt.datetime | None]
