"""The end of a misroute alarm: has the rate of materially worse answers fallen below its tolerance?

That an alarm has fallen silent shows nothing: its evidence fades whether or not the rate fell. One
`RecoveryMonitor` gathers evidence for the opposite, from pairs that came after the alarm.

Reference: Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
detection" (New England Journal of Statistics in Data Science, 2024), with the roles exchanged.
"""

import math
from collections.abc import Mapping
from typing import Any, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import HEADROOM, check_level

# The rates the bets are tuned to, as multiples of the tolerance: nearly none, a third, just below.
_MULTIPLES = (0.1, 0.3, 0.6)
# 1 / pi comes from a division, so a weight may exceed its cap by rounding, and by no more.
_CAP_SLACK = 1 + 1e-9


class RecoveryMonitor:
    r"""Says that a stream's misroute rate has fallen below its tolerance; O(1) a pair.

    For observation n, of one pair or of the pairs of one conversation, with weighted mean loss x in
    [0, 1], total weight w and u = w / reach in (0, 1], reach being the largest weight so far,
    doubled as often as need be::

        M_k <- (M_k + 1) * (1 + lambda_k * u * (tolerance - x)),        k = 1 .. 3
        statistic = mean(M_1 .. M_3),           recovered while statistic >= level

    with ``lambda_k = (1 - m_k) / (1 - tolerance)`` for m in .1, .3, .6: the bet that grows fastest
    when the rate is m times the tolerance. Each factor is at least m_k, so none is negative.

    Guarantee: while the mean of ``w (tolerance - x)`` of each observation, given the past, is at
    most 0 (the rate of pairs at least the tolerance),
    ``P(recovered within N updates) <= N / level``, whatever the dependence on the past, checked
    after every update: the factors then have mean at most 1, so ``M_k - n`` is a supermartingale
    and the mean of M_k after N updates is at most N.

    The ``+ 1`` starts a new bet with every pair. Without it a long bad stretch after the alarm
    would have to be paid back before an end of it showed.

    Measured (tests/evaluation/alarms/test_recovery_monitor.py): at a tolerance of 5 % and level
    1e5, a rate of 0 takes 203 pairs; in conversations of 8 pairs each, 1,624: eight good pairs of
    one conversation show little more than one does.

    Not guaranteed: that the rate stays there, which the alarm watches anew; anything when the
    recorded weights are not the true 1 / pi, or for pairs of one conversation taken as independent.

    Args:
        tolerance: the misroute rate in question, in (0, 1).
        level: evidence at which to say so, in (1, 1e100]. 1e5 is a chance of at most 1 % per 1,000
            updates.
        max_weight: the cap on the weight of a pair, declared before the data.
        together: the largest total weight of an observation of several pairs.

    Raises:
        EvidenceError: an argument outside its range.

    >>> monitor = RecoveryMonitor(tolerance=0.05)
    >>> while not monitor.update(0.0):
    ...     pass
    >>> monitor.n
    203
    """

    __slots__ = ("_bets", "_evidence", "level", "max_weight", "n", "reach", "together", "tolerance")

    def __init__(
        self,
        tolerance: float,
        level: float = 1e5,
        max_weight: float = 1.0,
        together: float = 0.0,
    ) -> None:
        if not 0 < tolerance < 1:
            raise EvidenceError(f"the tolerance must lie between 0 and 1, not {tolerance}")
        check_level(level)
        if not 0 < max_weight < math.inf:
            raise EvidenceError(f"the largest weight must be positive and finite: {max_weight}")
        if not 0 <= together < math.inf:
            raise EvidenceError(f"the largest total weight must be finite and not {together}")
        self.tolerance = float(tolerance)
        self.level = float(level)
        self.max_weight = float(max_weight)
        self.together = float(together)
        self.reach = self.max_weight
        self.n = 0
        self._bets = tuple((1 - multiple) / (1 - tolerance) for multiple in _MULTIPLES)
        self._evidence = [0.0] * len(self._bets)

    @property
    def promise(self) -> tuple[float, float, float, float]:
        """What it was declared for: tolerance, level, largest weight of a pair and together."""
        return self.tolerance, self.level, self.max_weight, self.together

    @property
    def statistic(self) -> float:
        """The evidence that the rate has fallen below the tolerance; below `level` is none yet."""
        return sum(self._evidence) / len(self._evidence)

    def update(self, loss: float, weight: float = 1.0) -> bool:
        """Take one pair, or one conversation; return whether the rate has fallen.

        Raises:
            EvidenceError: a loss or weight outside its range; nothing was updated.
        """
        if not 0.0 <= loss <= 1.0:
            raise EvidenceError(f"a loss must lie in [0, 1], not {loss}; nothing was updated")
        cap = max(self.max_weight, self.together)
        if not 0.0 < weight <= cap * _CAP_SLACK:
            raise EvidenceError(
                f"a weight must lie in (0, {cap}], not {weight}; nothing was updated"
            )
        while self.reach * _CAP_SLACK < weight and self.reach < cap:
            self.reach = min(2 * self.reach, cap)
        gain = float(min(weight / self.reach, 1.0) * (self.tolerance - loss))
        ceiling = self.level * HEADROOM
        self._evidence = [
            min((evidence + 1.0) * (1.0 + bet * gain), ceiling)
            for evidence, bet in zip(self._evidence, self._bets, strict=True)
        ]
        self.n += 1
        return self.statistic >= self.level

    def state(self) -> dict[str, Any]:
        """The whole monitor as plain JSON."""
        return {
            "tolerance": self.tolerance,
            "level": self.level,
            "max_weight": self.max_weight,
            "together": self.together,
            "reach": self.reach,
            "n": self.n,
            "evidence": list(self._evidence),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Continue from what `state` returned, also after a trip through JSON.

        Raises:
            EvidenceError: the mapping is not such a state.
        """
        try:
            together = float(state.get("together", 0.0))
            monitor = cls(state["tolerance"], state["level"], state["max_weight"], together)
            reach = float(state.get("reach", monitor.max_weight))
            # float(): PostgreSQL's jsonb gives a large float back as an integer.
            evidence = [float(value) for value in state["evidence"]]
            n = int(state["n"])
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(f"this is not the state of a recovery monitor: {error}") from error
        ceiling = monitor.level * HEADROOM
        if (
            len(evidence) != len(monitor._bets)
            or n < 0
            or not monitor.max_weight <= reach <= max(monitor.max_weight, monitor.together)
            or not all(0.0 <= value <= ceiling for value in evidence)
        ):
            raise EvidenceError("this state of a recovery monitor is damaged; start it again")
        monitor.n = n
        monitor.reach = reach
        monitor._evidence = evidence
        return monitor
