"""What a rise takes of each segment: days at the present sampling, and sampling for given days."""

from collections.abc import Sequence
from dataclasses import dataclass

from tierwatch.evaluation.sampling.pairs_to_width import pairs_to_width
from tierwatch.store.judgements.bursts import SegmentLoad


@dataclass(frozen=True, slots=True)
class Need:
    """What one segment has, and what it would take.

    Attributes:
        segment: a tier, or the median one of its task types.
        pairs_per_day: that the plan samples upwards now, without bursts.
        usd_per_day: what they cost: shadow answers and verdicts.
        days: to the alert at present.
        sample_rate: that brings it within the days asked for; above 1 there is no such rate.
        needed_pairs_per_day: at that rate.
        needed_usd_per_day: at that rate.
        days_to_width: until an interval of the rate is a point wide on either side at present.
        usd_to_width: what that costs.
    """

    segment: str
    pairs_per_day: float
    usd_per_day: float
    days: float
    sample_rate: float
    needed_pairs_per_day: float
    needed_usd_per_day: float
    days_to_width: float
    usd_to_width: float


def needs(
    loads: Sequence[SegmentLoad],
    *,
    per: float,
    rate: float,
    pairs: float,
    days: float,
    before: float,
) -> list[Need]:
    """For each tier and the median of its task types.

    Args:
        loads: pairs and money of each tier and task type.
        per: days in which they were counted.
        rate: present ``sample_rate``.
        pairs: of the plan that an alert takes, bursts taken into account.
        days: asked for.
        before: the rate whose interval is spoken of.
    """
    found = []
    for tier in dict.fromkeys(load.tier for load in loads):
        mine = sorted((load for load in loads if load.tier == tier), key=lambda load: load.pairs)
        total = SegmentLoad(
            tier, "*", sum(load.pairs for load in mine), sum(load.usd for load in mine)
        )
        lines = [(tier, total)]
        if len(mine) > 1:
            lines.append((f"{tier}, a median type", mine[len(mine) // 2]))
        for name, load in lines:
            if load.pairs <= 0:
                continue
            a_day, usd = load.pairs / per, load.usd / load.pairs
            found.append(
                Need(
                    segment=name,
                    pairs_per_day=a_day,
                    usd_per_day=a_day * usd,
                    days=pairs / a_day,
                    sample_rate=rate * pairs / days / a_day,
                    needed_pairs_per_day=pairs / days,
                    needed_usd_per_day=pairs / days * usd,
                    days_to_width=pairs_to_width(before) / a_day,
                    usd_to_width=pairs_to_width(before) * usd,
                )
            )
    return found
