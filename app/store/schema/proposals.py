"""What waits for a person: alerts, proposals, and the tests that proposals come from."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint, text

from tierwatch.store.documents import Json, JsonList
from tierwatch.store.schema.declarative import Base, Column, column, set_by_database


class AlertRow(Base):
    """Something a person should look at. One open alert a cause.

    ``events`` counts what people were to be notified of, ``last_event_at`` is when that was last.
    ``delivered`` is what versions without an outbox kept of it. ``resolution`` says why tierwatch
    resolved it by itself, with the figures, or why a person did. People are not notified again
    before ``silenced_until``. ``began_at`` is when the change began, by estimate; ``incident`` is
    the first alert of its incident, and None of that one itself.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("state in ('open', 'acknowledged', 'resolved')", name="state"),
        Index(
            "uq_alerts_open_cause",
            "cause",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("ix_alerts_incident", "incident"),
        Index("ix_alerts_kind_id", "kind", "id"),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    kind: Column[str]
    cause: Column[str]
    tier: Column[str]
    segment: Column[str]
    state: Column[str]
    summary: Column[str]
    pairs: Column[int]
    opened_at_request: Column[int]
    evidence: Column[Json]
    attribution: Column[Json | None]
    attribution_until: Column[dt.datetime | None]
    opened_at: Column[dt.datetime] = set_by_database()
    acknowledged_at: Column[dt.datetime | None]
    acknowledged_by: Column[str | None]
    resolved_at: Column[dt.datetime | None]
    resolved_by: Column[str | None]
    resolution: Column[Json | None]
    delivered: Column[JsonList]
    events: Column[int] = column(server_default=text("0"))
    last_event_at: Column[dt.datetime | None]
    silenced_until: Column[dt.datetime | None]
    silenced_by: Column[str | None]
    began_at: Column[dt.datetime | None]
    incident: Column[int | None]
    assigned_to: Column[str | None]
    assigned_by: Column[str | None]
    assigned_at: Column[dt.datetime | None]


class ProposalRow(Base):
    """A candidate policy with its evidence, waiting for or after a decision.

    Kind ``threshold`` moves a tier's threshold. Kind ``model`` puts the artefact at the tier's
    boundary, with the threshold that keeps the same share of its traffic. ``proposed_by`` is the
    person who made it, ``tierwatch`` where none did.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint(
            "state in ('open', 'approved', 'rejected', 'rolling_out', 'active',"
            " 'rolled_back', 'expired')",
            name="state",
        ),
        Index(
            "uq_proposals_undecided_tier",
            "tier",
            "task_type",
            unique=True,
            postgresql_where=text("state in ('open', 'approved', 'rolling_out')"),
        ),
    )
    id: Column[int] = column(Identity(), primary_key=True)
    kind: Column[str] = column(server_default=text("'threshold'"))
    artefact_id: Column[int | None]
    tier: Column[str]
    task_type: Column[str]
    from_threshold: Column[float]
    to_threshold: Column[float]
    direction: Column[str]
    certified: Column[bool]
    state: Column[str]
    base_version: Column[int]
    candidate_version: Column[int | None]
    alert_id: Column[int | None]
    pairs: Column[int]
    predicted: Column[Json]
    evidence: Column[Json]
    proposed_by: Column[str] = column(server_default=text("'tierwatch'"))
    proposed_why: Column[str | None]
    created_at: Column[dt.datetime] = set_by_database()
    expires_at: Column[dt.datetime]
    decided_at: Column[dt.datetime | None]
    decided_by: Column[str | None]
    decided_why: Column[str | None]
    ended_at: Column[dt.datetime | None]
    ended_why: Column[str | None]


class ProposalApprovalRow(Base):
    """One person's approval of a proposal; ``person`` is who answers for ``actor``, a token say."""

    __tablename__ = "proposal_approvals"
    proposal_id: Column[int] = column(primary_key=True, autoincrement=False)
    person: Column[str] = column(primary_key=True)
    actor: Column[str]
    why: Column[str]
    at: Column[dt.datetime] = set_by_database()


class RetuneRow(Base):
    """One test of a tier's threshold: what of the error budget it spent, and what it saw."""

    __tablename__ = "retunes"
    __table_args__ = (UniqueConstraint("tier", "task_type", "k"),)
    id: Column[int] = column(Identity(), primary_key=True)
    tier: Column[str]
    task_type: Column[str]
    k: Column[int]
    delta: Column[float]
    first_outcome: Column[int]
    last_outcome: Column[int]
    pairs: Column[int]
    result: Column[Json]
    created_at: Column[dt.datetime] = set_by_database()


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
