"""What the pages and the JSON API read of pairs.

A pair is listed from the moment its exchange is captured. Lists come newest first.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, select, true

from tierwatch.store.pages.judge import SWAP_DISAGREEMENT
from tierwatch.store.pages.lines import PAGE, rows
from tierwatch.store.schema.evidence import VerdictRow
from tierwatch.store.schema.exchanges import (
    AlternativeRow,
    AlternativeTextRow,
    ExchangeRow,
    ExchangeTextRow,
)
from tierwatch.store.schema.work import AttemptRow, FailureRow

Stage = Literal["waiting", "shadowed", "judged", "unscored", "failed"]

STAGES: tuple[Stage, ...] = ("waiting", "shadowed", "judged", "unscored", "failed")
DIRECTIONS = ("up", "down")
PREFERENCES = ("served", "alternative", "tie")


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair in a list. ``preferred`` and ``basis`` are the newest verdict's."""

    id: uuid.UUID
    request_no: int
    arrived_at: dt.datetime
    tier: str
    alternative_tier: str
    direction: str
    task_type: str
    policy_version: int
    confidence: float
    threshold: float | None
    cost_usd: float
    stage: Stage
    preferred: str | None
    basis: str | None
    unscored_why: str | None


@dataclass(frozen=True, slots=True)
class PairFilter:
    """Which pairs to list; None leaves a column open."""

    tier: str | None = None
    direction: str | None = None
    preferred: str | None = None
    stage: str | None = None
    for_review: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge version said of a pair; ``preferred`` is None when unscored."""

    judge_version: str
    preferred: str | None
    basis: str
    reason: str
    unscored_why: str
    orders: list[Any]
    cost_usd: float
    calls: int
    latency_ms: float
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that was tried; ``error`` is empty when it answered."""

    step: str
    model: str
    error: str
    detail: str
    latency_ms: float
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair with all that is known of it.

    Texts are None once retention took them; ``alternative`` is None before the shadow ran.
    ``failed`` names the step and the reason of a terminal failure.
    """

    line: PairLine
    session: str
    model: str
    provider: str
    label: str
    confidences: dict[str, Any]
    escalated: bool
    reason: str
    pi: float
    prompt_tokens: int
    completion_tokens: int
    latency_ms: float
    alternative_model: str | None
    alternative_cost_usd: float | None
    alternative_latency_ms: float | None
    alternative_tokens: int | None
    request: dict[str, Any] | None
    answer: dict[str, Any] | None
    alternative: dict[str, Any] | None
    failed: str | None
    verdicts: list[Verdict]
    attempts: list[Attempt]


def pairs(
    connection: Connection,
    wanted: PairFilter,
    *,
    before: uuid.UUID | None = None,
    limit: int = PAGE,
) -> list[PairLine]:
    """Pairs that match, newest first (ids are sorted by arrival)."""
    newest, stage, query = _pair_lines()
    query = query.order_by(ExchangeRow.id.desc()).limit(limit)
    conditions: list[ColumnElement[bool]] = []
    if wanted.tier is not None:
        conditions.append(ExchangeRow.tier == wanted.tier)
    if wanted.direction is not None:
        conditions.append(ExchangeRow.direction == wanted.direction)
    if wanted.preferred is not None:
        conditions.append(newest.c.preferred == wanted.preferred)
    if wanted.stage is not None:
        conditions.append(stage == wanted.stage)
    if wanted.for_review:
        unscored = and_(newest.c.judge_version.is_not(None), newest.c.preferred.is_(None))
        conditions.append(unscored | (newest.c.basis == SWAP_DISAGREEMENT))
    if before is not None:
        conditions.append(ExchangeRow.id < before)
    return [PairLine(**row) for row in rows(connection, query.where(*conditions))]


def pair(connection: Connection, pair_id: uuid.UUID) -> Pair | None:
    """Everything about one pair, or None when there is no such exchange."""
    _, _, query = _pair_lines()
    lines = [PairLine(**r) for r in rows(connection, query.where(ExchangeRow.id == pair_id))]
    if not lines:
        return None
    failed = FailureRow.step + ": " + FailureRow.reason
    details = (
        select(
            ExchangeRow.session,
            ExchangeRow.model,
            ExchangeRow.provider,
            ExchangeRow.label,
            ExchangeRow.confidences,
            ExchangeRow.escalated,
            ExchangeRow.reason,
            ExchangeRow.pi,
            ExchangeRow.prompt_tokens,
            ExchangeRow.completion_tokens,
            ExchangeRow.latency_ms,
            AlternativeRow.model.label("alternative_model"),
            AlternativeRow.cost_usd.label("alternative_cost_usd"),
            AlternativeRow.latency_ms.label("alternative_latency_ms"),
            AlternativeRow.completion_tokens.label("alternative_tokens"),
            ExchangeTextRow.request,
            ExchangeTextRow.answer,
            AlternativeTextRow.answer.label("alternative"),
            failed.label("failed"),
        )
        .select_from(ExchangeRow)
        .outerjoin(AlternativeRow, AlternativeRow.exchange_id == ExchangeRow.id)
        .outerjoin(ExchangeTextRow, ExchangeTextRow.id == ExchangeRow.id)
        .outerjoin(AlternativeTextRow, AlternativeTextRow.id == ExchangeRow.id)
        .outerjoin(FailureRow, FailureRow.exchange_id == ExchangeRow.id)
        .where(ExchangeRow.id == pair_id)
    )
    verdicts = (
        select(*(c for c in VerdictRow.__table__.columns if c.name != "exchange_id"))
        .where(VerdictRow.exchange_id == pair_id)
        .order_by(VerdictRow.created_at.desc(), VerdictRow.judge_version)
    )
    attempts = (
        select(*(c for c in AttemptRow.__table__.columns if c.name not in {"id", "exchange_id"}))
        .where(AttemptRow.exchange_id == pair_id)
        .order_by(AttemptRow.id)
        .limit(100)
    )
    return Pair(
        line=lines[0],
        **rows(connection, details)[0],
        verdicts=[Verdict(**row) for row in rows(connection, verdicts)],
        attempts=[Attempt(**row) for row in rows(connection, attempts)],
    )


def _newest_verdict() -> FromClause:
    """The newest verdict of the exchange beside it."""
    return (
        select(
            VerdictRow.judge_version,
            VerdictRow.preferred,
            VerdictRow.basis,
            VerdictRow.unscored_why,
        )
        .where(VerdictRow.exchange_id == ExchangeRow.id)
        .order_by(VerdictRow.created_at.desc(), VerdictRow.judge_version)
        .limit(1)
        .lateral("newest")
    )


def _pair_lines() -> tuple[FromClause, ColumnElement[str], Select[*tuple[Any, ...]]]:
    """The query behind every list of pairs, with what its conditions need."""
    newest = _newest_verdict()
    # The stage is derived from which rows exist, in the order the work is done.
    stage: ColumnElement[str] = case(
        (newest.c.preferred.is_not(None), "judged"),
        (newest.c.judge_version.is_not(None), "unscored"),
        (FailureRow.exchange_id.is_not(None), "failed"),
        (AlternativeRow.exchange_id.is_not(None), "shadowed"),
        else_="waiting",
    )
    query = (
        select(
            ExchangeRow.id,
            ExchangeRow.request_no,
            ExchangeRow.arrived_at,
            ExchangeRow.tier,
            ExchangeRow.alternative_tier,
            ExchangeRow.direction,
            ExchangeRow.task_type,
            ExchangeRow.policy_version,
            ExchangeRow.confidence,
            ExchangeRow.threshold,
            ExchangeRow.cost_usd,
            stage.label("stage"),
            newest.c.preferred,
            newest.c.basis,
            newest.c.unscored_why,
        )
        .select_from(ExchangeRow)
        .outerjoin(AlternativeRow, AlternativeRow.exchange_id == ExchangeRow.id)
        .outerjoin(FailureRow, FailureRow.exchange_id == ExchangeRow.id)
        .outerjoin(newest, true())
    )
    return newest, stage, query
