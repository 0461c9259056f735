"""The misroute alarm: has the rate of materially worse answers risen above its tolerance?

One `MisrouteMonitor` watches one stream (a segment, or all segments pooled). It is a mixture of
e-Shiryaev-Roberts processes: cheap enough to update with every pair, and it may be checked after
every pair without raising the chance of a false alarm.

Reference: Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
detection" (New England Journal of Statistics in Data Science, 2024).
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import HEADROOM, check_level

# The rises the bets are tuned to, as multiples of the tolerance. Five between 1.25 and 5 cost at
# most 16 % more pairs than an oracle that knows the rise; a single bet costs twice the pairs when
# the rise is not the one it was tuned to.
_MULTIPLES = (1.25, 1.6, 2.0, 3.0, 5.0)
# The most that one observation of only good answers may take of what was gathered.
_LARGEST_STAKE = 0.9
# 1 / pi comes from a division, so a weight may exceed its cap by rounding, and by no more.
_CAP_SLACK = 1 + 1e-9


class MisrouteMonitor:
    r"""Alarms when a stream's misroute rate exceeds its tolerance; O(1) a pair.

    For observation n, of one pair or of the pairs of one conversation, with weighted mean loss x in
    [0, 1] and total weight w::

        M_k <- (M_k + 1) * (1 + lambda_k * u * (x - tolerance)),        k = 1 .. K
        statistic = mean(M_1 .. M_K),           alarm while statistic >= level

    with ``lambda_k = (m_k - 1) / (1 - tolerance)`` for m in 1.25, 1.6, 2, 3, 5: the bet that grows
    fastest when the rate is m times the tolerance. u is w / max_weight where each observation is
    one pair. Where it may be several (``together``), u is w itself, in units in which pairs have
    weight 1 on average (rate / pi; others are as valid, and slower), so that the surplus is the
    *sum* over the pairs, and what is watched is their rate, whatever the length of conversations.

    A bet must leave 1 + lambda u (x - tolerance) above 0: those with m * tolerance >= 1 are
    dropped, and with ``together`` each is at most .9 / (tolerance * reach), reach being the largest
    weight of an observation so far, doubled as often as need be. From a tolerance of 0.8 up none is
    left, and one bet takes their place, lambda = 1 / (2 tolerance), tuned to the rate halfway
    between the tolerance and 1.

    Guarantee: while the mean surplus of each observation, given all before it, is at most 0,
    ``P(alarm within N updates) <= N / level``, whatever the dependence on the past, looking after
    every update. For pairs as observations: while the weighted rate of each pair given those before
    is at most the tolerance. For whole conversations, independent of each other: while the tier's
    rate of pairs is. The budget counts updates, not streams: a pair that feeds its segment and the
    pooled stream makes two. An observation that widens the reach meets smaller bets than were set
    before it; there are at most log2(together / max_weight) + 1 of these in a stream's life.

    Not guaranteed: anything when the recorded weights are not the true 1 / pi, or when only the
    average over time is at most the tolerance (losses that cluster in time); anything for pairs of
    one conversation given as many observations (`outcome.pieces` of a long one are, and are
    measured: `tierwatch simulate --adverse`); that no alarm means no harm.

    At most ``1e6 * level`` is kept of each M_k. That can only lower the statistic, and only after
    an alarm, so the guarantee stands.

    Args:
        tolerance: the misroute rate that must not be exceeded, in (0, 1).
        level: evidence at which to alarm, in (1, 1e100]. 1e7 is a false-alarm chance of at most
            1 % per 100,000 updates.
        max_weight: the cap on the weight of a pair, declared before the data. A larger weight is
            refused, never clipped, apart from one part in 1e9 for rounding.
        together: the largest total weight of an observation of several pairs; 0 says that each is
            one pair.

    Raises:
        EvidenceError: an argument outside its range.

    Example:
        A thousand good answers, then only bad ones:

        >>> monitor = MisrouteMonitor(tolerance=0.05)
        >>> any(monitor.update(0.0) for _ in range(1_000))
        False
        >>> while not monitor.update(1.0):
        ...     pass
        >>> monitor.n, monitor.since
        (1011, 1000)
    """

    __slots__ = (
        "_bets",
        "_cap",
        "_ceiling",
        "_evidence",
        "_excursions",
        "_starts",
        "_unit",
        "level",
        "max_weight",
        "n",
        "reach",
        "together",
        "tolerance",
    )

    def __init__(
        self,
        tolerance: float,
        level: float = 1e7,
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
        self._cap = max(self.max_weight, self.together)
        self._unit = 1.0 if self.together else self.max_weight
        self._ceiling = self.level * HEADROOM
        self._bets = bets_of(self.tolerance, self.reach / self._unit)
        self._evidence = [0.0] * len(self._bets)
        # Per bet the largest product of factors over all starts (CUSUM), and the start it has.
        self._excursions = [0.0] * len(self._bets)
        self._starts = [0] * len(self._bets)

    @property
    def statistic(self) -> float:
        """The evidence that the rate has exceeded the tolerance; below `level` is no alarm."""
        return sum(self._evidence) / len(self._evidence)

    @property
    def promise(self) -> tuple[float, float, float, float]:
        """What it was declared for: tolerance, level, largest weight of a pair and together."""
        return self.tolerance, self.level, self.max_weight, self.together

    @property
    def evidence(self) -> tuple[float, ...]:
        """M_k of each bet; `statistic` is their mean."""
        return tuple(self._evidence)

    @property
    def since(self) -> int:
        """Where the present excursion is estimated to have begun, as an index of updates from 0.

        The maximum-likelihood start under the bet that has gained most (Page's CUSUM, 1954). An
        estimate for a reader, without a guarantee; 0 before the first update.
        """
        best = max(range(len(self._bets)), key=self._excursions.__getitem__)
        return self._starts[best]

    def update(self, loss: float, weight: float = 1.0) -> bool:
        """Take one pair, or one conversation; return whether the stream is in alarm.

        Args:
            loss: in [0, 1]; 1 where the served answer was materially worse, a tie is 0. Of a
                conversation the weighted mean.
            weight: rate / pi, pi fixed when the pair was sampled; in (0, max_weight]. Of a
                conversation the sum, in (0, together].

        Raises:
            EvidenceError: a loss or weight outside its range; nothing was updated.
        """
        if not 0.0 <= loss <= 1.0:
            raise EvidenceError(f"a loss must lie in [0, 1], not {loss}; nothing was updated")
        if not 0.0 < weight <= self._cap * _CAP_SLACK:
            raise EvidenceError(
                f"a weight must lie in (0, {self._cap}], not {weight}; nothing was updated. "
                "Declare the cap the sampling rates imply; weights are never clipped"
            )
        if weight > self.reach and self.together:
            self._widen(weight)
        # float(): numpy's scalars would make every later update ten times slower.
        surplus = float(min(weight, self._cap) / self._unit * (loss - self.tolerance))
        evidence, excursions, starts = self._evidence, self._excursions, self._starts
        total = 0.0
        for k, bet in enumerate(self._bets):
            factor = 1.0 + bet * surplus
            grown = (evidence[k] + 1.0) * factor
            evidence[k] = grown
            total += grown
            if excursions[k] > 1.0:
                excursions[k] *= factor
            else:
                excursions[k] = factor
                starts[k] = self.n
        self.n += 1
        if total > self._ceiling:
            self._evidence = [min(value, self._ceiling) for value in evidence]
            self._excursions = [min(value, self._ceiling) for value in excursions]
        return total >= self.level * len(evidence)

    def _widen(self, weight: float) -> None:
        """Set the bets for observations as heavy as this one."""
        while self.reach * _CAP_SLACK < weight and self.reach < self._cap:
            self.reach = min(2 * self.reach, self._cap)
        self._bets = bets_of(self.tolerance, self.reach / self._unit)

    def absorb(self, other: "MisrouteMonitor") -> bool:
        """Go on with the evidence of a monitor that ends; whether it asked the same question.

        ``M_k <- M_k + M'_k``: if both have kept ``E[M] <= n`` for their own pairs, so has the sum
        for the pairs of both, whatever comes after. Nothing else of the other is taken over.
        """
        if (other.tolerance, other.level) != (self.tolerance, self.level):
            return False
        pairs = zip(self._evidence, other.evidence, strict=True)
        self._evidence = [min(mine + theirs, self._ceiling) for mine, theirs in pairs]
        return True

    def at_level(self, level: float) -> Self:
        """The same evidence, held against another level.

        The level is no part of the recursion, so nothing that was gathered is lost or gained.

        Raises:
            EvidenceError: it is no level.

        >>> monitor = MisrouteMonitor(tolerance=0.05)
        >>> for _ in range(12):
        ...     alarmed = monitor.update(1.0)
        >>> alarmed, monitor.at_level(1e10).update(0.0), monitor.at_level(1e3).update(0.0)
        (True, False, True)
        """
        if level == self.level:
            return self
        state = self.state()
        check_level(level)
        for kept in ("evidence", "excursions"):
            state[kept] = [min(value, level * HEADROOM) for value in state[kept]]
        return type(self).from_state(state | {"level": level})

    def state(self) -> dict[str, Any]:
        """The whole monitor as plain JSON: five settings, a count and 3 K numbers (K <= 5)."""
        return {
            "tolerance": self.tolerance,
            "level": self.level,
            "max_weight": self.max_weight,
            "together": self.together,
            "reach": self.reach,
            "n": self.n,
            "evidence": list(self._evidence),
            "excursions": list(self._excursions),
            "starts": list(self._starts),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Continue from what `state` returned, bit for bit, also after a trip through JSON.

        A state without ``together`` is of a monitor that took each observation as one pair. Its
        evidence is as good under the bets of today.

        Raises:
            EvidenceError: the mapping is not such a state.
        """
        try:
            together = float(state.get("together", 0.0))
            monitor = cls(state["tolerance"], state["level"], state["max_weight"], together)
            reach = float(state.get("reach", monitor.max_weight))
            # float(): PostgreSQL's jsonb gives a large float back as an integer.
            evidence = [float(value) for value in state["evidence"]]
            excursions = [float(value) for value in state["excursions"]]
            starts = [int(value) for value in state["starts"]]
            n = int(state["n"])
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(f"this is not the state of a misroute monitor: {error}") from error
        sound = (
            {len(evidence), len(excursions), len(starts)} == {len(monitor._bets)}
            and all(0.0 <= value <= monitor._ceiling for value in (*evidence, *excursions))
            and all(0 <= start <= max(n - 1, 0) for start in starts)
            and monitor.max_weight <= reach <= monitor._cap
        )
        if not sound:
            raise EvidenceError("this state of a misroute monitor is damaged; restart the stream")
        monitor.n = n
        monitor._widen(reach)
        monitor._evidence = evidence
        monitor._excursions = excursions
        monitor._starts = starts
        return monitor


def bets_of(tolerance: float, reach: float = 1.0) -> tuple[float, ...]:
    """The bets lambda_k of a monitor with this tolerance, for u up to ``reach``."""
    bets = ((multiple - 1) / (1 - tolerance) for multiple in _MULTIPLES)
    # A hair below 1 rather than 1: at 1/3 and m = 3 rounding decides, and a bet that one good
    # answer takes to zero forgets everything.
    possible = tuple(bet for bet in bets if bet * tolerance < 1 - 1e-9)
    largest = (_LARGEST_STAKE if reach > 1 else 1.0) / (tolerance * reach)
    return tuple(min(bet, largest) for bet in possible or (1 / (2 * tolerance),))


def fits(weights: Iterable[float], max_weight: float) -> bool:
    """Whether every weight is positive and none exceeds the cap.

    One that was sampled under an earlier plan may: it must not stop the others, and a weight is
    never clipped, so such an observation is left out. So is one of a damaged row: 0, NaN.

    >>> fits([1.0, 2.5], 2.5), fits([2.6], 2.5), fits([1.0, float("nan")], 2.5), fits([0.0], 2.5)
    (True, False, False, False)
    """
    return all(0.0 < weight <= max_weight * _CAP_SLACK for weight in weights)
