"""Losses of judged pairs by time, tier and task type, enough for rates and their intervals."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.traffic.exchanges import first_id

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class LossSums:
    """Sums over conversations: a conversation counts once, with the weight of its pairs together.

    Attributes:
        pairs: judged.
        weight: sum of the conversations' weights.
        weight_squares: sum of the squares of these.
        weighted_loss: sum of weight times mean loss.
    """

    pairs: int
    weight: float
    weight_squares: float
    weighted_loss: float

    def __add__(self, other: "LossSums") -> "LossSums":
        """Both together; a conversation that is in both counts twice."""
        return LossSums(
            self.pairs + other.pairs,
            self.weight + other.weight,
            self.weight_squares + other.weight_squares,
            self.weighted_loss + other.weighted_loss,
        )


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of a stretch of time.

    Attributes:
        steps: by tier and number of the step, from 0.
        cells: by tier and task type.
        tiers: by tier, all of it.
    """

    steps: Mapping[tuple[str, int], LossSums]
    cells: Mapping[tuple[str, str], LossSums]
    tiers: Mapping[str, LossSums]


# One pass for all three. Bits 13 to 60 of an id are the milliseconds at which its request arrived,
# and its primary key leads with it, so a range of ids reads the rows of a stretch of time alone.
_SUMS = text(
    """
    with seen as (
        select tier, task_type, session, pi,
               case when direction = 'down' and basis = :contradicting then 1 else loss end as x,
               least(floor((('x' || left(replace(exchange_id::text, '-', ''), 12))::bit(48)::bigint
                            / 1000.0 - :since_s) / :step_s), :last)::int as step
        from outcomes
        where judge_version = :judge and direction = :direction
          and exchange_id >= :first and exchange_id < :end
    ), of_session as (
        select tier, task_type, step, sum(x / pi) / sum(1 / pi) as loss, sum(1 / pi) as weight,
               count(*) as pairs
        from seen
        group by grouping sets (
            (tier, session), (tier, task_type, session), (tier, step, session))
    )
    select tier, task_type, step, sum(pairs)::bigint, sum(weight), sum(weight * weight),
           sum(weight * loss)
    from of_session group by tier, task_type, step
    """
)


def losses(
    connection: Connection,
    judge_version: str,
    since: dt.datetime,
    until: dt.datetime,
    *,
    direction: Direction = "up",
    steps: int,
) -> Losses:
    """The losses of a judge's verdicts on requests of a stretch of time.

    Args:
        connection: any.
        judge_version: whose verdicts.
        since: the first moment.
        until: the first moment after it.
        direction: ``up``, a loss is a misroute; ``down``, it is that the dearer answer was needed
            or that nothing was said, and the rest is overspend.
        steps: equal ones that the stretch is cut into.
    """
    step_s = (until - since).total_seconds() / steps
    rows = connection.execute(
        _SUMS,
        {
            "judge": judge_version,
            "direction": direction,
            "contradicting": SWAP_DISAGREEMENT,
            "first": first_id(since),
            "end": first_id(until),
            "since_s": since.timestamp(),
            "step_s": step_s,
            "last": steps - 1,
        },
    )
    by_step: dict[tuple[str, int], LossSums] = {}
    cells: dict[tuple[str, str], LossSums] = {}
    tiers: dict[str, LossSums] = {}
    for tier, task_type, step, *sums in rows:
        found = LossSums(*sums)
        if step is not None:
            by_step[tier, step] = found
        elif task_type is not None:
            cells[tier, task_type] = found
        else:
            tiers[tier] = found
    return Losses(by_step, cells, tiers)
