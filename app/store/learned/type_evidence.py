"""What task types are built from and compared by: judged prompts, losses, traffic."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select, text

from tierwatch.store.documents import Json
from tierwatch.store.schema.exchanges import ExchangeTextRow
from tierwatch.store.schema.judgements import OutcomeRow
from tierwatch.store.traffic.exchanges import first_id
from tierwatch.store.traffic.stored_request import library_form

# Before the first and after the last exchange.
_EVER: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NEVER: Final = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
# Of these the traffic is counted unless another time is asked for.
USUAL_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class JudgedPrompt:
    """A request whose pair was judged: redacted, in OpenAI's form, and the loss at the boundary."""

    request: Json
    boundary: str
    loss: float
    session: str


@dataclass(frozen=True, slots=True)
class TypeLosses:
    """Judged pairs of one task type in one direction, a conversation as one by its mean loss."""

    task_type: str
    direction: str
    losses: list[float]
    weights: list[float]


def judged_prompts(connection: Connection, *, judge_version: str, limit: int) -> list[JudgedPrompt]:
    """The newest judged requests whose text is still kept, oldest first."""
    rows = connection.execute(
        select(
            ExchangeTextRow.request,
            ExchangeTextRow.wire,
            OutcomeRow.boundary,
            OutcomeRow.loss,
            OutcomeRow.session,
        )
        .join(ExchangeTextRow, ExchangeTextRow.id == OutcomeRow.exchange_id)
        .where(OutcomeRow.judge_version == judge_version)
        .order_by(OutcomeRow.id.desc())
        .limit(limit)
    )
    return [
        JudgedPrompt(library_form(row.request, row.wire), row.boundary, row.loss, row.session)
        for row in rows
    ][::-1]


def type_losses(
    connection: Connection,
    *,
    judge_version: str,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    limit: int = 100_000,
) -> list[TypeLosses]:
    """What the newest pairs say of each task type, by direction.

    Args:
        connection: any.
        judge_version: whose verdicts.
        since: only pairs of requests that arrived then or later.
        until: only of those that arrived before.
        limit: at most so many pairs, the newest.
    """
    rows = connection.execute(
        text(
            """
            with newest as (
                -- What is inconclusive is no overspend, which is 1 - loss of pairs down.
                select task_type, direction, session, pi,
                       case when direction = 'down' and basis = 'swap_disagreement'
                            then 1 else loss end as loss
                from outcomes
                where judge_version = :judge and exchange_id >= :first and exchange_id < :end
                order by id desc limit :limit
            ), talks as (
                select task_type, direction, avg(1 / pi) as weight,
                       least(1, sum(loss / pi) / sum(1 / pi)) as loss
                from newest group by task_type, direction, session
            )
            select task_type, direction, array_agg(loss), array_agg(weight)
            from talks group by 1, 2 order by 1, 2
            """
        ),
        {
            "judge": judge_version,
            "first": first_id(since or _EVER),
            "end": first_id(until or _NEVER),
            "limit": limit,
        },
    )
    return [TypeLosses(*row) for row in rows]


def requests_by_type(
    connection: Connection, *, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> dict[str, int]:
    """All requests of a stretch of time by the type they were given.

    Args:
        connection: any.
        since: from this minute on; without one from `USUAL_DAYS` before the end.
        until: before this minute; now without one.
    """
    rows = connection.execute(
        text(
            "select task_type, sum(requests)::bigint as requests from rollups"
            " where minute >= coalesce(cast(:since as timestamptz),"
            " coalesce(cast(:until as timestamptz), now()) - make_interval(days => :days))"
            " and minute < coalesce(cast(:until as timestamptz), 'infinity') group by 1"
        ),
        {"since": since, "until": until, "days": USUAL_DAYS},
    )
    return {row.task_type: row.requests for row in rows}
