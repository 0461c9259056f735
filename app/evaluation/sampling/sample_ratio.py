"""The capture alarm: is each request captured with the probability that was written down for it?

Every estimate and every other alarm rests on that probability. A full spool, a crash between
sampling and storing, or a rate that was changed in one place only makes it wrong without a trace;
the counts of what was eligible, expected and captured give it away.

References: Ville (1939) for the guarantee; Robbins, "Statistical methods related to the law of the
iterated logarithm" (Annals of Mathematical Statistics 1970) for mixing bets; Lindon and Malek,
"Anytime-valid inference for multinomial count data" (NeurIPS 2022), the same use on the arms of an
experiment; Hoeffding, "On the distribution of the number of successes in independent trials"
(Annals of Mathematical Statistics 1956) for unequal probabilities.
"""

import math
import operator
from collections.abc import Mapping
from typing import Any, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import HEADROOM, check_level

# Bets by the ratio of odds they are tuned to, exp(lambda): from 1 % to sevenfold, either way. A
# step of at most 2.5 keeps four fifths of the growth of the right bet, 1 - (1.5 / 3.5)^2, and
# sixteen bets cost log 16 = 2.8 nats; 5 % lost of a sample of 5 % gives 6.7 in 100,000 requests.
_SIZES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_BETS = tuple(sign * size for size in _SIZES for sign in (-1, 1))

# Captures to be expected until half of all starts have been used up.
_HALF_LIFE = 1_000.0

# A sum of probabilities may exceed the number of requests by rounding, and by no more.
_SLACK = 1 + 1e-9

_LARGEST_EXPONENT = 700.0


class SampleRatioMonitor:
    r"""Alarms when captures are fewer or more than their recorded probabilities allow.

    A batch has n eligible requests, expected captures e = sum of their pi, k captures, p = e / n.
    With t the captures expected before it, and ``left(t) = 1 / (1 + t / 1000)``::

        M_j <- (M_j + left(t) - left(t + e)) * exp(lambda_j k) / (1 - p + p exp(lambda_j))^n
        statistic = mean of the M_j + left(t + e),             alarm while statistic >= level

    for lambda = -2, -1, -.5, -.2, -.1, -.05, -.02, -.01 and the same upwards: the bets that
    the odds of being captured are exp(lambda) times what was recorded. Each M is a mixture over
    the batch at which the fault began (`left` is the share of starts still to come): without it, a
    good year would have to be paid back before a bad week showed.

    Guarantee: while each request is captured independently with its recorded pi,
    ``P(ever an alarm) <= 1 / level``, however long it runs, looking after every batch, and
    whatever the sizes of the batches. Also for unequal pi in a batch: the factor's mean is then
    ``prod(1 + pi_i c) / (1 + p c)^n`` with ``c = exp(lambda) - 1 > -1``, and because
    ``log(1 + pi c)`` is concave in pi for either sign of c, that is at most 1 (Jensen; a case of
    Hoeffding's theorem that equal probabilities spread the count most). Unequal pi only make it
    slower.

    Certain cases are exact: where p is 0 and something was captured, or p is 1 and something was
    not, the recorded probabilities are impossible and the statistic is ``1e6 * level`` at once.

    Not guaranteed: that the right requests are captured, if as many are; anything when requests of
    a session are captured together; detection of less than about 1 % of captures lost, or of
    a loss in one stratum when another gains and both are counted in one monitor. What is lost
    together with its count of eligible requests is not seen.

    At most ``1e6 * level`` is kept of each M, which can only lower the statistic.

    Args:
        level: evidence at which to alarm, in (1, 1e100]. 1e5 is a chance of at most one in
            100,000 that a stratum without fault ever alarms.

    Raises:
        EvidenceError: a level outside its range.

    Example:
        A twentieth is to be captured, and is; then nothing is:

        >>> monitor = SampleRatioMonitor()
        >>> any(monitor.update(1_000, 50.0, 50) for _ in range(100))
        False
        >>> [monitor.update(200, 10.0, 0) for _ in range(3)]
        [False, False, True]
        >>> monitor.eligible, monitor.expected, monitor.captured
        (100600, 5030.0, 5000)
    """

    __slots__ = ("_ceiling", "_evidence", "captured", "eligible", "expected", "level")

    def __init__(self, level: float = 1e5) -> None:
        check_level(level)
        self.level = float(level)
        self.eligible = 0
        self.expected = 0.0
        self.captured = 0
        self._ceiling = self.level * HEADROOM
        self._evidence = [0.0] * len(_BETS)

    @property
    def statistic(self) -> float:
        """The evidence against the recorded probabilities, 1 at first; below `level` no alarm."""
        return min(sum(self._evidence) / len(_BETS) + _left(self.expected), self._ceiling)

    def update(self, eligible: int, expected: float, captured: int) -> bool:
        """Take one batch, as a minute of one stratum; return whether the stratum is in alarm.

        Batches without requests change nothing. How requests are cut into batches changes the
        guarantee not at all and the power hardly: smaller ones have less unequal pi.

        Args:
            eligible: requests that might have been captured.
            expected: sum of their recorded pi, in [0, eligible]; more by one part in 1e9 is
                rounding.
            captured: how many of them were, in [0, eligible].

        Raises:
            EvidenceError: numbers that cannot be counts of one batch; nothing was updated.
        """
        n, k = _whole(eligible), _whole(captured)
        if not 0 <= k <= n:
            raise EvidenceError(
                f"captured must lie between 0 and the {eligible} eligible requests, not"
                f" {captured}; nothing was updated"
            )
        if not 0.0 <= expected <= n * _SLACK:
            raise EvidenceError(
                f"the sum of {eligible} probabilities must lie between 0 and {eligible}, not"
                f" {expected}; nothing was updated"
            )
        # float(): numpy's scalars would not be plain JSON.
        due = min(float(expected), float(n))
        started = _left(self.expected) - _left(self.expected + due)
        if (due == 0 and k > 0) or (due == n and k < n):
            self._evidence = [self._ceiling] * len(_BETS)
        else:
            self._evidence = [
                min((value + started) * _factor(bet, n, due, k), self._ceiling)
                for bet, value in zip(_BETS, self._evidence, strict=True)
            ]
        self.eligible += n
        self.expected += due
        self.captured += k
        return self.statistic >= self.level

    def state(self) -> dict[str, Any]:
        """The whole monitor as plain JSON: the level, three totals and sixteen numbers."""
        return {
            "level": self.level,
            "eligible": self.eligible,
            "expected": self.expected,
            "captured": self.captured,
            "evidence": list(self._evidence),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Continue from what `state` returned, bit for bit, also after a trip through JSON.

        Raises:
            EvidenceError: the mapping is not such a state.
        """
        try:
            monitor = cls(state["level"])
            eligible, captured = _whole(state["eligible"]), _whole(state["captured"])
            # float(): PostgreSQL's jsonb gives a large float back as an integer.
            expected = float(state["expected"])
            evidence = [float(value) for value in state["evidence"]]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(
                f"this is not the state of a sample-ratio monitor: {error}"
            ) from error
        sound = (
            0 <= captured <= eligible
            and 0.0 <= expected <= eligible * _SLACK
            and len(evidence) == len(_BETS)
            and all(0.0 <= value <= monitor._ceiling for value in evidence)
        )
        if not sound:
            raise EvidenceError("this state of a sample-ratio monitor is damaged; start a new one")
        monitor.eligible = eligible
        monitor.expected = expected
        monitor.captured = captured
        monitor._evidence = evidence
        return monitor


def _left(expected: float) -> float:
    """Share of the starts that come after so many expected captures; it sums to 1 over all.

    Measured at pi = .05, 5 % of captures lost: seen after 221,000 requests at the beginning and
    after 311,000 when a million good ones came before. With all bets placed at the beginning it
    was 211,000 and 556,000, and still growing. A half-life of 3,000 makes it 232,000 and 290,000.
    """
    return 1 / (1 + expected / _HALF_LIFE)


def _factor(bet: float, n: int, due: float, k: int) -> float:
    """``exp(bet k) / (1 - p + p exp(bet))^n``, p = due / n; 1 where the outcome was certain."""
    if due in (0, n):
        return 1.0
    log_factor = bet * k - n * math.log1p(due / n * math.expm1(bet))
    return math.exp(min(log_factor, _LARGEST_EXPONENT))


def _whole(value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError as error:
        raise EvidenceError(
            f"a count of requests must be a whole number, not {value!r}; nothing was updated"
        ) from error
