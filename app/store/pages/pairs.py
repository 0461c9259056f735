"""Pairs, as their list shows them: from the moment their exchange is captured."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, select, true

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.judgements.preferred import preferred_of
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.schema.exchanges import (
    AlternativeRow,
    ExchangeRow,
)
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.schema.values import SelectOfFields
from tierwatch.store.schema.work import FailureRow

Stage = Literal["waiting", "shadowed", "judged", "unscored", "failed"]


STAGES: tuple[Stage, ...] = ("waiting", "shadowed", "judged", "unscored", "failed")


# Twins, whose direction is ``top``, are listed where they are asked for: what is counted anywhere
# are the exchanges that they repeat.
DIRECTIONS = ("up", "down", "top")


PREFERENCES = ("served", "alternative", "tie", "inconclusive")


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
    """Which pairs to list; None leaves a column open, but for twins (`DIRECTIONS`)."""

    tier: str | None = None
    direction: str | None = None
    preferred: str | None = None
    stage: str | None = None
    for_review: bool = False
    task_type: str | None = None


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
    else:
        conditions.append(ExchangeRow.direction != "top")
    if wanted.preferred is not None:
        conditions.append(newest.c.preferred == wanted.preferred)
    if wanted.stage is not None:
        conditions += [stage == wanted.stage, *_found_by(wanted.stage)]
    if wanted.task_type is not None:
        conditions.append(ExchangeRow.task_type == wanted.task_type)
    if wanted.for_review:
        unscored = and_(newest.c.judge_version.is_not(None), newest.c.preferred.is_(None))
        conditions.append(unscored | (newest.c.basis == SWAP_DISAGREEMENT))
    if before is not None:
        conditions.append(ExchangeRow.id < before)
    return _lines(connection, query.where(*conditions))


def _found_by(stage: str) -> list[ColumnElement[bool]]:
    """What follows from a stage and has an index: those of a rare one are found among few."""
    if stage in {"waiting", "shadowed"}:
        return [ExchangeRow.ended_at.is_(None)]
    if stage == "failed":
        return [FailureRow.exchange_id.is_not(None)]
    if stage == "unscored":
        unscored = select(VerdictRow.exchange_id).where(VerdictRow.preferred.is_(None))
        return [ExchangeRow.id.in_(unscored)]
    return []


def pair_line(connection: Connection, pair_id: uuid.UUID) -> PairLine | None:
    """One pair as the list shows it, or None when there is no such exchange."""
    _, _, query = _pair_lines()
    return next(iter(_lines(connection, query.where(ExchangeRow.id == pair_id))), None)


def _lines(connection: Connection, query: SelectOfFields) -> list[PairLine]:
    return [PairLine(**row) for row in connection.execute(query).mappings()]


def _newest_verdict() -> FromClause:
    """The newest verdict of the exchange beside it."""
    return (
        select(
            VerdictRow.judge_version,
            preferred_of(VerdictRow).label("preferred"),
            VerdictRow.basis,
            VerdictRow.unscored_why,
        )
        .where(VerdictRow.exchange_id == ExchangeRow.id)
        .order_by(VerdictRow.created_at.desc(), VerdictRow.judge_version)
        .limit(1)
        .lateral("newest")
    )


def _pair_lines() -> tuple[FromClause, ColumnElement[str], SelectOfFields]:
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
