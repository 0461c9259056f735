"""What evidence costs: the pairs that the plan samples of each tier, and what more would take."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.sampling.pairs_to_width import pairs_to_width
from tierwatch.store.judgements.bursts import SegmentLoad, first_arrival, segment_loads

# Every day of the week counts once.
MEASURED: Final = dt.timedelta(days=7)
_LEAST: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class EvidenceCost:
    """What watching a tier takes.

    Attributes:
        tier: its name.
        pairs_per_day: sampled upwards as planned, without bursts.
        usd_per_day: what they cost: shadow answers and verdicts.
        usd_per_pair: of one.
        rate: that the width is stated for: the tolerated one.
        days_to_width: until an interval of that rate is a percentage point wide on either side.
        usd_to_width: what that costs, however fast it is sampled.
    """

    tier: str
    pairs_per_day: float
    usd_per_day: float
    usd_per_pair: float
    rate: float
    days_to_width: float
    usd_to_width: float


def evidence_costs(
    connection: Connection, tolerance: Mapping[str, float], now: dt.datetime
) -> list[EvidenceCost]:
    """What watching each tier with a tolerance takes, by the last seven days.

    A tier of which nothing was judged in them is left out.
    """
    since = now - MEASURED
    first = first_arrival(connection, since)
    if first is None:
        return []
    days = max(now - max(first, since), _LEAST) / dt.timedelta(days=1)
    return costs_of_loads(segment_loads(connection, since), tolerance, days=days)


def costs_of_loads(
    loads: Sequence[SegmentLoad], tolerance: Mapping[str, float], *, days: float
) -> list[EvidenceCost]:
    """What watching each tier takes, by the pairs and the money of some days.

    >>> loads = [SegmentLoad("simple", "sql", 60, 0.3), SegmentLoad("simple", "chat", 40, 0.2)]
    >>> found, = costs_of_loads(loads, {"simple": 0.05, "standard": 0.05}, days=2)
    >>> found.pairs_per_day, found.usd_per_day, found.days_to_width   # 1,825 pairs at 50 a day
    (50.0, 0.25, 36.5)
    >>> round(found.usd_to_width, 3)
    9.125
    """
    found = []
    for tier, rate in tolerance.items():
        mine = [load for load in loads if load.tier == tier]
        pairs, usd = sum(load.pairs for load in mine), sum(load.usd for load in mine)
        if pairs <= 0:
            continue
        found.append(
            EvidenceCost(
                tier=tier,
                pairs_per_day=pairs / days,
                usd_per_day=usd / days,
                usd_per_pair=usd / pairs,
                rate=rate,
                days_to_width=pairs_to_width(rate) * days / pairs,
                usd_to_width=pairs_to_width(rate) * usd / pairs,
            )
        )
    return found
