"""The pairs of a trial: drawn from the stored sample, claimed by workers, given their result."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, func, select, text, update

from tierwatch.store.documents import Json
from tierwatch.store.schema.proposals import ModelTrialPairRow, ModelTrialRow
from tierwatch.store.schema.values import select_fields
from tierwatch.store.traffic.exchanges import first_id

Result = Literal["worse", "better", "tie", "inconclusive", "unanswered", "unscored", "left_out"]
# What says how the candidate's answer compares, as a difference: 1 where it is worse.
DIFFERENCES = {"worse": 1, "better": -1, "tie": 0, "unanswered": 1}

# One exchange of each conversation, the same whenever it is drawn; text that is still there.
_DRAW = text(
    """
insert into model_trial_pairs
    (trial_id, exchange_id, session, task_type, weight, served_usd)
select :trial, e.id, e.session, e.task_type, e.rate / e.pi * e.tier_density, e.cost_usd
from (
    select distinct on (session) * from exchanges
    where id >= :first and tier = :tier and model = :served and direction = :direction
      and rate / pi * tier_density <= :cap
    order by session, md5(id::text)
) e
join exchange_texts t on t.id = e.id
where not exists (
    select 1 from model_trial_pairs p where p.trial_id = :trial and p.session = e.session
)
order by md5(e.id::text)
limit :limit
on conflict do nothing
"""
)


@dataclass(frozen=True, slots=True)
class ClaimedPair:
    """A pair that is this worker's for a while; ``answer`` is the candidate's, once there is one.

    ``tries`` counts this time too.
    """

    exchange_id: uuid.UUID
    tries: int
    answer: Json | None


@dataclass(frozen=True, slots=True)
class EndedPair:
    """A pair with its result, and what both answers cost."""

    exchange_id: uuid.UUID
    task_type: str
    weight: float
    result: Result
    detail: str
    served_usd: float
    candidate_usd: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a trial is: pairs drawn and ended, and USD spent on asking and judging."""

    drawn: int
    ended: int
    spent_usd: float


def draw_pairs(
    connection: Connection,
    trial_id: int,
    *,
    tier: str,
    served: str,
    direction: Literal["up", "down"],
    max_weight: float,
    since: dt.datetime,
    limit: int,
) -> int:
    """Draw up to ``limit`` more exchanges for a trial; how many there were.

    Args:
        connection: inside the caller's transaction.
        trial_id: for which; a conversation it has drawn from is not drawn from again.
        tier: that served.
        served: the variant that answered.
        direction: of the sample that is drawn from, since a weight is of one.
        max_weight: those that weigh more are left alone.
        since: no older ones.
        limit: at most.
    """
    return connection.execute(
        _DRAW,
        {
            "trial": trial_id,
            "tier": tier,
            "served": served,
            "direction": direction,
            # A quotient may exceed its cap by rounding.
            "cap": max_weight * (1 + 1e-9),
            "first": first_id(since),
            "limit": limit,
        },
    ).rowcount


def claim_pairs(
    connection: Connection, trial_id: int, *, limit: int, hold_s: float
) -> list[ClaimedPair]:
    """Claim pairs without a result that nobody holds, in an order that is nobody's choice."""
    rows = connection.execute(
        text(
            # Materialised: a subquery may be run again for each row, and then picks others too.
            "with free as materialized ("
            "   select exchange_id from model_trial_pairs"
            "   where trial_id = :trial and result is null and (until is null or until <= now())"
            "   order by md5(exchange_id::text) limit :limit for update skip locked)"
            " update model_trial_pairs p set tries = tries + 1,"
            " until = now() + make_interval(secs => :hold)"
            " from free where p.trial_id = :trial and p.exchange_id = free.exchange_id"
            " returning p.exchange_id, p.tries, p.answer"
        ),
        {"trial": trial_id, "hold": hold_s, "limit": limit},
    )
    return [ClaimedPair(*row) for row in rows]


def give_back_pair(
    connection: Connection,
    trial_id: int,
    exchange_id: uuid.UUID,
    *,
    wait_s: float,
    spent_usd: float,
) -> None:
    """Let anybody claim the pair again in ``wait_s`` seconds; what the failed call cost is kept."""
    connection.execute(
        update(ModelTrialPairRow)
        .where(*_is(trial_id, exchange_id))
        .values(
            until=func.now() + dt.timedelta(seconds=wait_s),
            candidate_usd=ModelTrialPairRow.candidate_usd + spent_usd,
        )
    )


def put_answer(
    connection: Connection,
    trial_id: int,
    exchange_id: uuid.UUID,
    *,
    answer: dict[str, object],
    cost_usd: float,
    latency_ms: float,
    fitted: list[str],
) -> None:
    """Keep the candidate's answer, so that a judge that is away costs it no second call."""
    connection.execute(
        update(ModelTrialPairRow)
        .where(*_is(trial_id, exchange_id))
        .values(
            answer=answer,
            candidate_usd=ModelTrialPairRow.candidate_usd + cost_usd,
            latency_ms=latency_ms,
            fitted=fitted,
        )
    )


def put_result(
    connection: Connection,
    trial_id: int,
    exchange_id: uuid.UUID,
    result: Result,
    *,
    basis: str = "",
    detail: str = "",
    judge_usd: float = 0.0,
    spent_usd: float = 0.0,
) -> None:
    """Write down what became of a pair, once, in the order in which results come.

    Takes the trial's row first: two results at once would have one position.
    """
    connection.execute(
        select(ModelTrialRow.id).where(ModelTrialRow.id == trial_id).with_for_update()
    )
    last = (
        select(func.coalesce(func.max(ModelTrialPairRow.position), 0))
        .where(ModelTrialPairRow.trial_id == trial_id)
        .scalar_subquery()
    )
    connection.execute(
        update(ModelTrialPairRow)
        .where(*_is(trial_id, exchange_id), ModelTrialPairRow.result.is_(None))
        .values(
            result=result,
            basis=basis,
            detail=detail[:2_000],
            judge_usd=judge_usd,
            candidate_usd=ModelTrialPairRow.candidate_usd + spent_usd,
            position=last + 1,
            answer=None,  # a text, which is kept nowhere longer than it must be
            ended_at=func.now(),
        )
    )


def ended_pairs(connection: Connection, trial_id: int) -> list[EndedPair]:
    """Pairs with a result, in the order in which they got it."""
    rows = connection.execute(
        select_fields(EndedPair, ModelTrialPairRow)
        .where(ModelTrialPairRow.trial_id == trial_id, ModelTrialPairRow.result.is_not(None))
        .order_by(ModelTrialPairRow.position)
    )
    return [EndedPair(*row) for row in rows]


def forget_answers(connection: Connection, trial_id: int) -> None:
    """Drop the answers of a trial that wait for a verdict which nobody will give."""
    connection.execute(
        update(ModelTrialPairRow)
        .where(ModelTrialPairRow.trial_id == trial_id, ModelTrialPairRow.answer.is_not(None))
        .values(answer=None)
    )


def trial_progress(connection: Connection, trial_id: int) -> Progress:
    """How far a trial is."""
    row = connection.execute(
        select(
            func.count(),
            func.count(ModelTrialPairRow.result),
            func.coalesce(
                func.sum(ModelTrialPairRow.candidate_usd + ModelTrialPairRow.judge_usd), 0.0
            ),
        ).where(ModelTrialPairRow.trial_id == trial_id)
    ).one()
    return Progress(int(row[0]), int(row[1]), float(row[2]))


def _is(trial_id: int, exchange_id: uuid.UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        ModelTrialPairRow.trial_id == trial_id,
        ModelTrialPairRow.exchange_id == exchange_id,
    )
