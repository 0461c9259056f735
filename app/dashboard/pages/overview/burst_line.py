"""A segment that is sampled more densely than planned, as a line of the overview."""

import datetime as dt
from dataclasses import dataclass

from tierwatch.evaluation.sampling.burst import EVERY_TYPE
from tierwatch.store.judgements.bursts import SampledBurst

_UNTYPED = "all"


@dataclass(frozen=True, slots=True)
class BurstLine:
    """One burst in words.

    Attributes:
        segment: its tier, with the task type where it is about one.
        density: how many times as densely it is sampled.
        asked: how many times it would be, had the day's budget the money.
        starved: whether it has not.
        since: when it began.
        evidence: of an alert's, the share that speaks against it, in (0, 1].
    """

    segment: str
    density: float
    asked: float
    starved: bool
    since: dt.datetime
    evidence: float

    @property
    def at_all(self) -> bool:
        """Whether it is sampled any more densely than planned."""
        return self.density > 1


def burst_line(burst: SampledBurst) -> BurstLine:
    """What is said of a burst."""
    by_type = burst.task_type not in {EVERY_TYPE, _UNTYPED}
    return BurstLine(
        segment=f"{burst.tier}/{burst.task_type}" if by_type else burst.tier,
        density=burst.density,
        asked=burst.asked,
        starved=burst.starved,
        since=burst.started_at,
        evidence=min(1.0, burst.statistic / burst.level),
    )
