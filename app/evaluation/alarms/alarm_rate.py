"""The rate at which a misroute monitor would alarm: its evidence turned into a line on a chart.

A chart has rates of stretches of time, and the alarm holds one number that has grown over all of
them against its level. What both have in common is what the next stretch would have to look like.
"""

import math
from typing import Final

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, bets_of

# Halvings of [0, 1]; more than a page shows.
_HALVINGS: Final = 30
# From here on e^x - 1 is e^x, to the last digit.
_LARGE: Final = 40.0


def alarm_rate(monitor: MisrouteMonitor, conversations: float) -> float | None:
    r"""The share of bad ones among so many more conversations that would set off the alarm.

    With a share r of them bad and spread evenly, each of average weight, a bet's factor is on
    average ``F = (1 + lambda u (1 - tau))^r (1 - lambda u tau)^(1 - r)``, and after n of them ::

        M <- M F^n + F + F^2 + .. + F^n

    The rate is the r at which the mean of these over the bets reaches the level. It falls as n
    grows, and the more evidence there is already; it never falls to the tolerance.

    Not guaranteed: that the alarm comes at this rate. Losses do not come evenly, so it may come a
    little below or above; with unequal weights the spread is wider.

    Args:
        monitor: where it stands now; left as it is.
        conversations: how many more, above 0.

    Returns:
        In (tolerance, 1]; None where not even bad ones alone would do, and where it is in alarm.

    >>> monitor = MisrouteMonitor(tolerance=0.05)
    >>> [round(alarm_rate(monitor, n), 3) for n in (30, 300, 3_000)]
    [0.433, 0.131, 0.072]
    >>> alarm_rate(monitor, 10) is None
    True
    """
    bets = _Bets(monitor)
    goal = math.log(monitor.level)
    if bets.after(1.0, conversations) < goal or monitor.statistic >= monitor.level:
        return None
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if bets.after(middle, conversations) < goal:
            low = middle
        else:
            high = middle
    return high


class _Bets:
    """A monitor's bets: the evidence of each, and what a bad and a good conversation do to it."""

    def __init__(self, monitor: MisrouteMonitor) -> None:
        unit = 1.0 if monitor.together else monitor.max_weight
        tolerance = monitor.tolerance
        self._bets = tuple(
            (
                math.log(evidence) if evidence > 0 else -math.inf,
                math.log1p(bet / unit * (1 - tolerance)),
                math.log1p(-bet / unit * tolerance),
            )
            for bet, evidence in zip(
                bets_of(tolerance, monitor.reach / unit), monitor.evidence, strict=True
            )
        )

    def after(self, share: float, n: float) -> float:
        """Logarithm of the statistic after ``n`` conversations, this share of them bad."""
        logs = []
        for gathered, bad, good in self._bets:
            step = share * bad + (1 - share) * good
            logs.append(_log_sum(gathered + n * step, step, n))
        largest = max(logs)
        return largest + math.log(sum(math.exp(one - largest) for one in logs) / len(logs))


def _log_sum(grown: float, step: float, n: float) -> float:
    """``log(e^grown + F + .. + F^n)`` with ``F = e^step``."""
    if step == 0:
        begun = math.log(n)
    elif step > 0:
        begun = _log_expm1(n * step) - math.log(-math.expm1(-step))
    else:
        begun = math.log(-math.expm1(n * step)) - math.log(math.expm1(-step))
    larger, smaller = max(grown, begun), min(grown, begun)
    return larger + math.log1p(math.exp(smaller - larger))


def _log_expm1(x: float) -> float:
    return x if x > _LARGE else math.log(math.expm1(x))
