"""The tables. Rows end in ``Row``; migrations never import this, `alembic check` compares it.

What is append-only: attempts, alternatives, verdicts, failures, outcomes, audit. The stage of an
exchange is derived from which of those rows exist, so that no two processes can race on a
counter; ``exchanges.ended_at`` is written once, in the transaction that adds the verdict or the
failure, so that unfinished work is found without reading the finished. Text lives apart from
figures, in tables cut by month: retention drops a partition and leaves every outcome in place.
"""

import datetime as dt
import uuid
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of tierwatch."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        dt.datetime: DateTime(timezone=True),
        float: Double(),
        str: Text(),
        int: BigInteger(),
    }


def _now() -> Mapped[dt.datetime]:
    return mapped_column(server_default=func.now())


class PolicyRow(Base):
    """One immutable policy. A new set of thresholds is a new version."""

    __tablename__ = "policies"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    thresholds: Mapped[dict[str, Any]]
    by_task: Mapped[dict[str, Any]]
    classifier: Mapped[int] = mapped_column(server_default=text("0"))
    promised: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    promised_for: Mapped[float | None]
    author: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[dt.datetime] = _now()


class ArtefactRow(Base):
    """One boundary's learned classifier, as bytes. Never changed: a refit adds another.

    ``position`` is that of the newest outcome it learned from.
    """

    __tablename__ = "classifier_artefacts"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    boundary: Mapped[str]
    artefact: Mapped[bytes]
    pairs: Mapped[int]
    position: Mapped[int]
    author: Mapped[str]
    created_at: Mapped[dt.datetime] = _now()


class ModelRow(Base):
    """A version of the learned model: the artefact of each boundary that has one."""

    __tablename__ = "classifier_models"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    boundary: Mapped[str] = mapped_column(primary_key=True)
    artefact_id: Mapped[int]
    created_at: Mapped[dt.datetime] = _now()


class LearnerRow(Base):
    """The working classifier of a boundary, which learns from each judged pair, in order.

    ``position`` is that of the newest outcome it has taken. ``candidate_id`` is the artefact that
    waits for held-out pairs: those that came after it.
    """

    __tablename__ = "learners"
    boundary: Mapped[str] = mapped_column(primary_key=True)
    artefact: Mapped[bytes]
    pairs: Mapped[int]
    position: Mapped[int]
    candidate_id: Mapped[int | None]
    updated_at: Mapped[dt.datetime] = _now()


class RefitRow(Base):
    """One comparison of a candidate with the model in force, whatever came of it."""

    __tablename__ = "refits"
    __table_args__ = (UniqueConstraint("boundary", "k"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    boundary: Mapped[str]
    k: Mapped[int]
    incumbent_id: Mapped[int]
    candidate_id: Mapped[int]
    first_position: Mapped[int]
    last_position: Mapped[int]
    pairs: Mapped[int]
    result: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = _now()


class ActivePolicyRow(Base):
    """The one row gateways poll: which policy is in force, and which one is being rolled out."""

    __tablename__ = "active_policy"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    stable_version: Mapped[int]
    candidate_version: Mapped[int | None]
    share: Mapped[float]
    salt: Mapped[str]
    changed_at: Mapped[dt.datetime] = _now()


class ExchangeRow(Base):
    """A sampled exchange, without its text. Also the unit of evaluation work: one pair each."""

    __tablename__ = "exchanges"
    __table_args__ = (
        CheckConstraint("direction in ('up', 'down')", name="direction"),
        CheckConstraint("pi > 0 and pi <= 1", name="pi"),
        Index("ix_exchanges_captured_at", "captured_at"),
        Index("ix_exchanges_unended", "captured_at", postgresql_where=text("ended_at is null")),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    request_no: Mapped[int]
    arrived_at: Mapped[dt.datetime]
    captured_at: Mapped[dt.datetime] = _now()
    session: Mapped[str]
    tier: Mapped[str]
    model: Mapped[str]
    provider: Mapped[str]
    label: Mapped[str]
    confidence: Mapped[float]
    confidences: Mapped[dict[str, Any]]
    threshold: Mapped[float | None]
    escalated: Mapped[bool]
    task_type: Mapped[str]
    policy_version: Mapped[int]
    reason: Mapped[str]
    direction: Mapped[str]
    alternative_tier: Mapped[str]
    rate: Mapped[float]
    pi: Mapped[float]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cache_write_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost_usd: Mapped[float]
    classifier_cost_usd: Mapped[float] = mapped_column(server_default=text("0"))
    latency_ms: Mapped[float]
    ended_at: Mapped[dt.datetime | None]


class ExchangeTextRow(Base):
    """What was asked and answered, redacted. Cut by month on the time inside the id."""

    __tablename__ = "exchange_texts"
    __table_args__ = ({"postgresql_partition_by": "RANGE (id)"},)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    request: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]


class AlternativeRow(Base):
    """The shadow answer's figures."""

    __tablename__ = "alternatives"
    __table_args__ = (Index("ix_alternatives_created_at", "created_at"),)
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    tier: Mapped[str]
    model: Mapped[str]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cache_write_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost_usd: Mapped[float]
    latency_ms: Mapped[float]
    created_at: Mapped[dt.datetime] = _now()


class AlternativeTextRow(Base):
    """The shadow answer's text. Cut by month like the exchange it belongs to."""

    __tablename__ = "alternative_texts"
    __table_args__ = ({"postgresql_partition_by": "RANGE (id)"},)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]]


class VerdictRow(Base):
    """What the judge said of a pair. ``preferred`` NULL means unscored, with the reason why."""

    __tablename__ = "verdicts"
    __table_args__ = (Index("ix_verdicts_created_at", "created_at"),)
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    judge_version: Mapped[str] = mapped_column(primary_key=True)
    preferred: Mapped[str | None]
    basis: Mapped[str]
    reason: Mapped[str]
    unscored_why: Mapped[str]
    orders: Mapped[list[Any]]
    cost_usd: Mapped[float]
    calls: Mapped[int]
    latency_ms: Mapped[float]
    created_at: Mapped[dt.datetime] = _now()


class FailureRow(Base):
    """The terminal end of an exchange that could not be shadowed or judged, and why."""

    __tablename__ = "failures"
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    step: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[dt.datetime] = _now()


class AttemptRow(Base):
    """One call that was tried: by a worker (every one), or by the gateway (failed ones)."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_exchange_id", "exchange_id"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    exchange_id: Mapped[uuid.UUID]
    step: Mapped[str]
    model: Mapped[str]
    error: Mapped[str]
    detail: Mapped[str]
    latency_ms: Mapped[float]
    created_at: Mapped[dt.datetime] = _now()


class ClaimRow(Base):
    """Who works on a step of an exchange, and until when nobody else may."""

    __tablename__ = "claims"
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[uuid.UUID]
    tries: Mapped[int]
    until: Mapped[dt.datetime]


class OutcomeRow(Base):
    """A verdict reduced to a loss, with the inclusion probability it was sampled under.

    ``boundary`` is the lower tier of the pair: its threshold is what this outcome is evidence
    for. ``loss`` is 1 when the lower tier's answer was materially worse. For ``up`` pairs the
    lower tier served, so the loss is a misroute; for ``down`` pairs ``1 - loss`` is overspend.
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
        Index("ix_outcomes_unobserved", "id", postgresql_where=text("position is null")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    exchange_id: Mapped[uuid.UUID]
    judge_version: Mapped[str]
    session: Mapped[str]
    request_no: Mapped[int]
    tier: Mapped[str]
    task_type: Mapped[str]
    boundary: Mapped[str]
    direction: Mapped[str]
    stream: Mapped[str]
    policy_version: Mapped[int]
    confidence: Mapped[float]
    pi: Mapped[float]
    weight: Mapped[float]
    loss: Mapped[float]
    basis: Mapped[str]
    position: Mapped[int | None] = mapped_column(unique=True)
    observation: Mapped[int | None]
    said_higher: Mapped[float | None]
    said_lower: Mapped[float | None]
    created_at: Mapped[dt.datetime] = _now()


class MonitorRow(Base):
    """State of one stream: a segment under one policy, one pair of models and one judge.

    ``kind`` says what is watched: ``misroute``, ``input`` (confidences of all traffic), ``capture``
    (captured against expected), ``judge`` (anchors judged otherwise than at first) or ``probe``
    (probes a tier used to pass).
    """

    __tablename__ = "monitors"
    kind: Mapped[str] = mapped_column(server_default=text("'misroute'"))
    stream: Mapped[str] = mapped_column(primary_key=True)
    tier: Mapped[str]
    task_type: Mapped[str]
    policy_version: Mapped[int]
    judge_version: Mapped[str]
    state: Mapped[dict[str, Any]]
    pairs: Mapped[int]
    losses: Mapped[float]
    newest_request_no: Mapped[int]
    alarmed: Mapped[bool]
    estimate: Mapped[dict[str, Any] | None]
    updated_at: Mapped[dt.datetime] = _now()


class AlertRow(Base):
    """Something a person should look at. One open alert a cause."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("state in ('open', 'acknowledged', 'resolved')", name="state"),
        Index(
            "uq_alerts_open_cause",
            "cause",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    cause: Mapped[str]
    tier: Mapped[str]
    segment: Mapped[str]
    state: Mapped[str]
    summary: Mapped[str]
    pairs: Mapped[int]
    opened_at_request: Mapped[int]
    evidence: Mapped[dict[str, Any]]
    attribution: Mapped[dict[str, Any] | None]
    attribution_until: Mapped[dt.datetime | None]
    opened_at: Mapped[dt.datetime] = _now()
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by: Mapped[str | None]
    resolved_at: Mapped[dt.datetime | None]
    resolved_by: Mapped[str | None]
    delivered: Mapped[list[Any]]


class ProposalRow(Base):
    """A candidate policy with its evidence, waiting for or after a decision.

    Kind ``threshold`` moves a tier's threshold. Kind ``model`` puts the artefact at the tier's
    boundary, with the threshold that keeps the same share of its traffic.
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
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default=text("'threshold'"))
    artefact_id: Mapped[int | None]
    tier: Mapped[str]
    task_type: Mapped[str]
    from_threshold: Mapped[float]
    to_threshold: Mapped[float]
    direction: Mapped[str]
    certified: Mapped[bool]
    state: Mapped[str]
    base_version: Mapped[int]
    candidate_version: Mapped[int | None]
    alert_id: Mapped[int | None]
    pairs: Mapped[int]
    predicted: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = _now()
    expires_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[str | None]
    decided_why: Mapped[str | None]
    ended_at: Mapped[dt.datetime | None]
    ended_why: Mapped[str | None]


class RetuneRow(Base):
    """One test of a tier's threshold: what of the error budget it spent, and what it saw."""

    __tablename__ = "retunes"
    __table_args__ = (UniqueConstraint("tier", "task_type", "k"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    tier: Mapped[str]
    task_type: Mapped[str]
    k: Mapped[int]
    delta: Mapped[float]
    first_outcome: Mapped[int]
    last_outcome: Mapped[int]
    pairs: Mapped[int]
    result: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = _now()


class TaskTypesRow(Base):
    """One version of the task types. At most one is active; gateways poll its version."""

    __tablename__ = "task_types"
    __table_args__ = (
        Index("uq_task_types_active", "active", unique=True, postgresql_where=text("active")),
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    artefact: Mapped[bytes]
    names: Mapped[list[Any]]
    evidence: Mapped[dict[str, Any]]
    mapping: Mapped[dict[str, Any]]
    active: Mapped[bool]
    created_at: Mapped[dt.datetime] = _now()


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


class LabelRow(Base):
    """What a person said of a pair, shown blind; ``shown_first`` says in which order."""

    __tablename__ = "labels"
    __table_args__ = (
        CheckConstraint("preferred in ('served', 'alternative', 'tie')", name="preferred"),
    )
    exchange_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    reviewer: Mapped[str] = mapped_column(primary_key=True)
    preferred: Mapped[str]
    shown_first: Mapped[str]
    note: Mapped[str]
    created_at: Mapped[dt.datetime] = _now()


class EvalsetRunRow(Base):
    """One pass over an evalset: anchors put to the judge, or probes put to a tier.

    ``subject`` is the judge version or the tier. Whoever runs it holds it until ``until``.
    """

    __tablename__ = "evalset_runs"
    __table_args__ = (
        CheckConstraint("kind in ('anchors', 'probes')", name="kind"),
        Index("ix_evalset_runs_kind_subject_id", "kind", "subject", "id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    model: Mapped[str]
    set_version: Mapped[str]
    why: Mapped[str]
    started_at: Mapped[dt.datetime] = _now()
    until: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class AnchorVerdictRow(Base):
    """What the judge said of an anchor in one run; ``verdict`` NULL means unscored."""

    __tablename__ = "anchor_verdicts"
    __table_args__ = (
        CheckConstraint("verdict in ('a', 'b', 'tie')", name="verdict"),
        Index("ix_anchor_verdicts_created_at", "created_at"),
    )
    run_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    anchor_id: Mapped[str] = mapped_column(primary_key=True)
    truth: Mapped[str]
    verdict: Mapped[str | None]
    orders_agree: Mapped[bool | None]
    longer: Mapped[str]
    cost_usd: Mapped[float]
    created_at: Mapped[dt.datetime] = _now()


class ProbeAnswerRow(Base):
    """What a tier answered to a probe in one run; ``passed`` NULL means there was no answer."""

    __tablename__ = "probe_answers"
    __table_args__ = (Index("ix_probe_answers_created_at", "created_at"),)
    run_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    probe_id: Mapped[str] = mapped_column(primary_key=True)
    passed: Mapped[bool | None]
    reply: Mapped[str]
    cost_usd: Mapped[float]
    created_at: Mapped[dt.datetime] = _now()


class LostCostRow(Base):
    """What was paid for an answer that was not kept: it could not be read, or another was there."""

    __tablename__ = "lost_costs"
    __table_args__ = (
        CheckConstraint("kind in ('shadow', 'judge', 'checks')", name="kind"),
        Index("ix_lost_costs_created_at", "created_at"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    cost_usd: Mapped[float]
    created_at: Mapped[dt.datetime] = _now()


class CertificateRow(Base):
    """What `tierwatch simulate` measured of the installed code."""

    __tablename__ = "certificates"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    quick: Mapped[bool]
    version: Mapped[str]
    seconds: Mapped[float]
    rows: Mapped[list[Any]]
    created_at: Mapped[dt.datetime] = _now()


class RollupFlushRow(Base):
    """A batch of rollups that was added, so that sending it again adds nothing."""

    __tablename__ = "rollup_flushes"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    created_at: Mapped[dt.datetime] = _now()


class AuditRow(Base):
    """Who did what and why. Append-only: the database refuses UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[dt.datetime] = _now()
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]


class UserRow(Base):
    """A person who may enter the dashboard."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'reviewer', 'approver', 'admin')", name="role"),
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    must_change: Mapped[bool]
    created_at: Mapped[dt.datetime] = _now()


class TokenRow(Base):
    """A bearer token of the JSON API; only its hash is kept."""

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'reviewer', 'approver', 'admin')", name="role"),
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    created_at: Mapped[dt.datetime] = _now()


class FeedbackRow(Base):
    """What a user of the gateway said of an answer."""

    __tablename__ = "feedback"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    request_id: Mapped[uuid.UUID]
    score: Mapped[float]
    comment: Mapped[str]
    session: Mapped[str | None]
    extra: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[dt.datetime] = _now()


class ReplayRow(Base):
    """A replay of recorded traffic: the graded quality of what was served."""

    __tablename__ = "replays"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    file: Mapped[str]
    requests: Mapped[int]
    scored: Mapped[int]
    score_sum: Mapped[float]
    created_at: Mapped[dt.datetime] = _now()
