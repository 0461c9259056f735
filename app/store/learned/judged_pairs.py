"""Judged pairs as a boundary's classifier learns them, and the texts behind them."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, func, select, text

from tierwatch.evaluation.sampling.outcome import LowerVerdict, lower_verdict
from tierwatch.routing.classify.features import routed_text
from tierwatch.store.documents import Json
from tierwatch.store.schema.exchanges import ExchangeTextRow
from tierwatch.store.schema.judgements import OutcomeRow, VerdictRow
from tierwatch.store.traffic.stored_request import library_form


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A pair as a boundary's classifier learns it.

    Attributes:
        text: what was asked; None once retention took it.
        said: log-odds that the working classifier gave before it learned the pair; None where it
            had too few to give any.
    """

    position: int
    session: str
    verdict: LowerVerdict
    loss: float
    pi: float
    weight: float
    exchange_id: uuid.UUID
    judged_at: dt.datetime
    text: str | None
    said: tuple[float, float] | None


def newest_position(connection: Connection) -> int:
    """Position of the newest observed outcome; 0 when there is none."""
    newest = connection.execute(select(func.max(OutcomeRow.position))).scalar_one()
    return int(newest or 0)


def judged_pairs(
    connection: Connection,
    boundary: str,
    *,
    judge_version: str,
    after: int,
    until: int,
    limit: int,
    newest: bool = False,
) -> list[JudgedPair]:
    """Pairs about a boundary in the order of their outcomes, both directions, each exchange once.

    A pair that several judges compared counts where its first outcome stands: what a model has
    learned is never learned, or held out, a second time.

    Args:
        connection: any.
        boundary: the lower tier.
        judge_version: whose verdicts; those of other judges are another measurement.
        after: positions up to this one are left out.
        until: positions after this one are left out.
        limit: how many at most.
        newest: take the newest instead of the oldest; they come in order all the same.
    """
    earlier = OutcomeRow.__table__.alias()
    query = (
        select(
            OutcomeRow.position,
            OutcomeRow.session,
            OutcomeRow.direction,
            OutcomeRow.loss,
            OutcomeRow.pi,
            OutcomeRow.weight,
            OutcomeRow.exchange_id,
            OutcomeRow.created_at,
            OutcomeRow.said_higher,
            OutcomeRow.said_lower,
            VerdictRow.preferred,
            ExchangeTextRow.request,
            ExchangeTextRow.wire,
        )
        .join(
            VerdictRow,
            and_(
                VerdictRow.exchange_id == OutcomeRow.exchange_id,
                VerdictRow.judge_version == OutcomeRow.judge_version,
            ),
        )
        .outerjoin(ExchangeTextRow, ExchangeTextRow.id == OutcomeRow.exchange_id)
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.position > after,
            OutcomeRow.position <= until,
            VerdictRow.preferred.is_not(None),
            ~exists().where(
                earlier.c.exchange_id == OutcomeRow.exchange_id,
                earlier.c.position < OutcomeRow.position,
            ),
        )
        .order_by(OutcomeRow.position.desc() if newest else OutcomeRow.position)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return [
        JudgedPair(
            position=row.position,
            session=row.session,
            verdict=lower_verdict(row.preferred, direction=row.direction),
            loss=row.loss,
            pi=row.pi,
            weight=row.weight,
            exchange_id=row.exchange_id,
            judged_at=row.created_at,
            text=request_text(row.request, row.wire),
            said=None if row.said_higher is None else (row.said_higher, row.said_lower),
        )
        for row in (rows[::-1] if newest else rows)
    ]


def count_judged(
    connection: Connection, boundary: str, *, judge_version: str, after: int, until: int
) -> int:
    """How many outcomes `judged_pairs` has to read, without reading a text."""
    found = connection.execute(
        select(func.count())
        .select_from(OutcomeRow)
        .where(
            OutcomeRow.boundary == boundary,
            OutcomeRow.judge_version == judge_version,
            OutcomeRow.position > after,
            OutcomeRow.position <= until,
        )
    ).scalar_one()
    return int(found)


def request_text(stored: Json | None, wire: str | None = None) -> str | None:
    """What the router reads of a request stored on a wire; None without one."""
    if stored is None:
        return None
    request: Json = library_form(stored, wire)
    return routed_text(
        request.get("messages") or (),
        tools=request.get("tools"),
        response_format=request.get("response_format"),
    )


def unjudged_texts(connection: Connection, *, limit: int) -> list[str]:
    """The newest different prompts of the store, judged or not: what a student imitates on."""
    newest = connection.execute(
        select(ExchangeTextRow.request, ExchangeTextRow.wire)
        .order_by(ExchangeTextRow.id.desc())
        .limit(limit)
    )
    texts = (request_text(row.request, row.wire) for row in newest)
    return list(dict.fromkeys(text for text in texts if text))


def sessions_until(connection: Connection, sessions: Sequence[str], position: int) -> set[str]:
    """Which of these conversations have outcomes up to a position, and so may have been learned."""
    found = connection.execute(
        select(OutcomeRow.session)
        .where(OutcomeRow.position <= position, OutcomeRow.session.in_(sessions))
        .distinct()
    )
    return {row.session for row in found}


def put_said(connection: Connection, said: Mapping[int, tuple[float, float]]) -> None:
    """Write down what the working classifier said of pairs before it learned them, by position."""
    connection.execute(
        text(
            "update outcomes set said_higher = given.higher, said_lower = given.lower"
            " from unnest(cast(:positions as bigint[]), cast(:higher as float[]),"
            " cast(:lower as float[])) as given(position, higher, lower)"
            " where outcomes.position = given.position"
        ),
        {
            "positions": list(said),
            "higher": [higher for higher, _ in said.values()],
            "lower": [lower for _, lower in said.values()],
        },
    )
