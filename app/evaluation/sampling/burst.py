"""Bursts: a stream under suspicion is sampled more densely, until the suspicion is over.

A stream whose rate has risen looks like any other at first, and most of the wait for its alarm is
spent on pairs that come at the pace of quiet times. When the statistic passes a three-thousandth
of the level, its segment is sampled ten times as densely, until it falls below a tenth of that.

What stays proven: a monitor's bound asks that each pair's rate *given the past* is within the
tolerance, where the pair is drawn with a probability that the past decides and that is written
down. A burst makes that probability a function of the past, which it may be; the weights remain
``rate / pi`` with the segment's rate of that moment, so the same cap holds, and ``P(alarm within N
updates) <= N / level`` word for word. A burst only has more updates in a day.

Reference: Shin, Ramdas and Rinaldo, "E-detectors" (2024), for predictable bets and observations
whose arrival depends on the past.
"""

from dataclasses import dataclass

from tierwatch.errors import EvidenceError

# The stream of all task types of a tier, as the monitors name it.
EVERY_TYPE = "*"
# Where the level is 2e7 that is 6,700. A two-thousandth costs 14 % more days at 5 -> 10 %, a
# six-thousandth 11 % fewer, and a stream exactly at its tolerance is then judged 3.7 times as often
# instead of 1.5 (docs/decisions/0060).
BEGIN_SHARE = 1 / 3_000
# A statistic comes to b about once in b pairs of a rate at the tolerance. Where few pairs suffice
# for an alert (a level of 1e5, as in the demo), a three-thousandth is there every hour.
LEAST_BEGIN = 1_000.0
# So far below where it began a burst ends: chance does not switch it on and off.
END_PART = 1 / 10


@dataclass(frozen=True, slots=True)
class Burst:
    """How much more densely a segment is sampled, and until when.

    Attributes:
        density: multiple of the plan's rate, at least 1.
        until: seconds since 1970; over by itself then, should nobody prolong it.
    """

    density: float
    until: float

    def __post_init__(self) -> None:
        """Refuse one that would sample less than the plan does."""
        if not self.density >= 1:
            raise EvidenceError(f"a burst samples at least as densely as 1, not {self.density}")


@dataclass(frozen=True, slots=True)
class Densities:
    """How many times as densely as the plan says a request is sampled.

    Attributes:
        segment: the multiple of its tier and task type: what it is drawn with.
        tier: the multiple that all of its tier has in common, at most ``segment``.
    """

    segment: float = 1.0
    tier: float = 1.0


AS_PLANNED = Densities()


def is_suspicious(statistic: float, level: float, *, bursting: bool) -> bool:
    """Whether a stream is to be sampled more densely from now on.

    It begins at a three-thousandth of the level, or at 1,000 where that is more, and ends below a
    tenth of that.

    Args:
        statistic: the monitor's evidence.
        level: at which it alarms.
        bursting: whether it is sampled more densely already.

    >>> is_suspicious(9e3, 3e7, bursting=False), is_suspicious(1e4, 3e7, bursting=False)
    (False, True)
    >>> is_suspicious(9e3, 3e7, bursting=True), is_suspicious(9e2, 3e7, bursting=True)
    (True, False)
    """
    begin = max(LEAST_BEGIN, BEGIN_SHARE * level)
    return statistic >= (END_PART * begin if bursting else begin)


def affordable_density(asked: float, *, left_usd: float | None, plain_usd: float) -> float:
    """The multiple that the day's money allows, from 1 to what is asked.

    Args:
        asked: the multiple that would be sampled with.
        left_usd: what the budget leaves today for more than the plan asks for; None is no limit.
        plain_usd: what the segment costs for the rest of the day when sampled as planned.

    >>> affordable_density(10.0, left_usd=None, plain_usd=1)
    10.0
    >>> [affordable_density(10.0, left_usd=left, plain_usd=1) for left in (9, 4.5, 0, -3)]
    [10.0, 5.5, 1.0, 1.0]
    """
    if left_usd is None:
        return asked
    if left_usd <= 0:
        return 1.0
    if left_usd >= (asked - 1) * plain_usd:
        return asked
    return 1 + left_usd / plain_usd
