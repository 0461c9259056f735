"""What was served, read in one statement: all of it by tier, its costs, and steps of a stretch.

The last hours are read from the rows that they add up (`hours`), which is what such a statement
takes; so a page that asks for both asks once.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from tierwatch.store.sums.hours import HOURS, NEVER, TierSums


class Stretch(NamedTuple):
    """A stretch of time that is cut into so many equal steps."""

    since: dt.datetime
    until: dt.datetime
    steps: int

    @property
    def asked(self) -> dict[str, object]:
        """Parameters of `STEPS`."""
        step_s = (self.until - self.since).total_seconds() / self.steps
        return {
            "since": self.since, "until": self.until, "step_s": step_s, "last": self.steps - 1
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class TierStep:
    """What a tier served in a step of time.

    Attributes:
        step: its number, from 0.
        tier: which.
        requests: served.
        cost_usd: of serving, the classifier included.
        top_tier_usd: what the top tier's price would have been.
        classifier_usd: of ``cost_usd``, what the classifier cost.
    """

    step: int
    tier: str
    requests: int
    cost_usd: float
    top_tier_usd: float
    classifier_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Served:
    """All that was served.

    Attributes:
        tiers: by the tier that served it, as far back as anything is kept.
        costs: of each hour with requests, in order, what serving cost; of each minute where all of
            it lies within a day.
        tops: of the same, what the top tier would have cost.
        steps: of the stretch that was asked for, in order; empty ones are left out.
    """

    tiers: dict[str, TierSums]
    costs: Sequence[float]
    tops: Sequence[float]
    steps: list[TierStep]


# Whole hours from their sums; hours in which a step begins, and the last, by the minute.
_CUT: Final = """
    cut as (
        -- A second to either side, for where a step begins with an hour but for rounding.
        select distinct date_trunc('hour', at + aside * interval '1 second', 'UTC') as hour
        from (select :since + place * make_interval(secs => :step_s) as at
              from generate_series(0, :last) as place
              union all select :until) as ends, generate_series(-1, 1) as aside
    ), served as (
        select hour as at, tier, requests, cost_usd + classifier_cost_usd as usd,
               cost_top_tier_usd as top, classifier_cost_usd as classifier
        from hours
        where hour >= :since and hour < :until and requests > 0 and hour not in (table cut)
        union all
        select r.minute, r.tier, r.requests, r.cost_usd + r.classifier_cost_usd,
               r.cost_top_tier_usd, r.classifier_cost_usd
        from cut c join rollups r
          on r.minute >= greatest(c.hour, :since)
         and r.minute < least(c.hour + interval '1 hour', :until)
    )
"""
_STEPS: Final = """
    select 'step' as kind, tier,
           least(floor(extract(epoch from at - :since) / :step_s), :last)::int as step,
           array[sum(requests::float), sum(usd), sum(top), sum(classifier)] as numbers
    from served group by tier, step
"""
_NAMES: Final = TierSums.__slots__
# A saving has its interval by hours, which are too few while there is no more than a day of them.
_ALL: Final = f"""
    moments as (
        select hour as at, sum(cost_usd) as cost, sum(cost_top_tier_usd) as top
        from hours where requests > 0 group by hour
    ), young as (
        select max(at) - min(at) <= interval '1 day' as young from moments
    ), shown as (
        select at, cost, top from moments, young where not young
        union all
        select minute, sum(cost_usd), sum(cost_top_tier_usd) from rollups, young where young
        group by minute
    )
    select 'tier' as kind, tier, null::int as step,
           array[{", ".join(f"sum({name}::float)" for name in _NAMES)}] as numbers
    from hours group by tier
    union all
    select 'costs', null, null, array_agg(cost order by at) from shown
    union all
    select 'tops', null, null, array_agg(top order by at) from shown
"""  # noqa: S608 - ours
_SERVED: Final = text(f"{HOURS}, {_ALL}")
_SERVED_AND_STEPS: Final = text(f"{HOURS}, {_CUT}, {_ALL} union all {_STEPS}")


def served(connection: Connection, stretch: Stretch | None = None) -> Served:
    """All that was served, and the steps of a stretch where one is asked for."""
    if stretch is None:
        rows = connection.execute(_SERVED, {"never": NEVER})
    else:
        rows = connection.execute(_SERVED_AND_STEPS, stretch.asked | {"never": NEVER})
    found = rows.all()
    columns: dict[str, Sequence[float]] = {
        row.kind: row.numbers or () for row in found if row.kind in {"costs", "tops"}
    }
    return Served(
        tiers={
            row.tier: _tier_sums(row.numbers)
            for row in sorted(
                (row for row in found if row.kind == "tier"), key=lambda one: one.tier
            )
        },
        costs=columns["costs"],
        tops=columns["tops"],
        steps=_steps((row.tier, row.step, row.numbers) for row in found if row.kind == "step"),
    )


def _steps(rows: Iterable[tuple[str, int, Sequence[float]]]) -> list[TierStep]:
    return [
        TierStep(step, tier, int(requests), *usd)
        for step, tier, (requests, *usd) in sorted((step, tier, them) for tier, step, them in rows)
    ]


# Doubles hold whole numbers up to 2^53.
_COUNTS: Final = tuple(kind in {"int", int} for kind in TierSums.__annotations__.values())


def _tier_sums(numbers: Sequence[float]) -> TierSums:
    values: list[Any] = [
        int(one) if whole else one for one, whole in zip(numbers, _COUNTS, strict=True)
    ]
    return TierSums(*values)
