"""Pairs, as their list shows them: from the moment their exchange is captured."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, select, true

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.judgements.preferred import preferred_of
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pair_filter import SORTS, PairFilter, Stage
from tierwatch.store.pages.pair_search import (
    asked_first_words,
    comes_after,
    conditions_of,
    order_of,
    windows,
)
from tierwatch.store.schema.exchanges import (
    AlternativeRow,
    ExchangeRow,
)
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.schema.values import SelectOfFields
from tierwatch.store.schema.work import FailureRow


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair in a list. ``preferred`` and ``basis`` are the newest verdict's.

    ``asked`` begins what the user said last; None once retention took it, or where nobody did.
    ``client`` is the name of the key that was shown, or of the source that reported it, if any.
    """

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
    session: str
    model: str
    client: str | None
    latency_ms: float
    asked: str | None


def pairs(
    connection: Connection,
    wanted: PairFilter,
    *,
    before: uuid.UUID | None = None,
    limit: int = PAGE,
    sort: str = SORTS[0],
) -> list[PairLine]:
    """Pairs that match.

    Args:
        connection: any.
        wanted: which.
        before: the last pair of the page before, in the same order.
        limit: at most so many.
        sort: one of `SORTS`.
    """
    newest, stage, query = _pair_lines()
    of_exchange = conditions_of(wanted)
    conditions = list[ColumnElement[bool]]()
    if wanted.preferred is not None:
        conditions.append(newest.c.preferred == wanted.preferred)
    if wanted.stage is not None:
        conditions += [stage == wanted.stage, *_found_by(wanted.stage)]
    disagrees = newest.c.basis == SWAP_DISAGREEMENT
    if wanted.orders_agree is not None:
        conditions.append(~disagrees if wanted.orders_agree else disagrees)
    if wanted.for_review:
        unscored = and_(newest.c.judge_version.is_not(None), newest.c.preferred.is_(None))
        conditions.append(unscored | disagrees)
    if before is not None:
        of_exchange.append(comes_after(before, sort))
    if not conditions and wanted.text is None:
        # The page's ids first: an index has them, also where columns exclude each other and a list
        # of whole rows would be looked for through all of them.
        page = select(ExchangeRow.id).where(*of_exchange).order_by(*order_of(sort)).limit(limit)
        of_exchange = [ExchangeRow.id.in_(page)]
    query = query.where(*of_exchange, *conditions).order_by(*order_of(sort))
    found = list[PairLine]()
    for within in windows(connection, wanted, before, sort):
        found += _lines(connection, query.where(*within).limit(limit - len(found)))
        if len(found) >= limit:
            break
    return found


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
            ExchangeRow.session,
            ExchangeRow.model,
            ExchangeRow.client,
            ExchangeRow.latency_ms,
            asked_first_words().label("asked"),
        )
        .select_from(ExchangeRow)
        .outerjoin(AlternativeRow, AlternativeRow.exchange_id == ExchangeRow.id)
        .outerjoin(FailureRow, FailureRow.exchange_id == ExchangeRow.id)
        .outerjoin(newest, true())
    )
    return newest, stage, query
