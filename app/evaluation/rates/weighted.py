"""A rate of weighted pairs or of their sums, and how many equally weighted ones they are worth."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.columns import Floats, checked_array, checked_weights
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.estimate import Estimate, unknown


def effective_n(weights: ArrayLike) -> float:
    """Kish's design-effective number of pairs, ``(sum w)^2 / sum w^2``; 0 for none.

    Reference: Kish, "Survey Sampling" (1965). Assumes that weights and outcomes are unrelated.

    Raises:
        EvidenceError: a weight that is not positive and finite.

    >>> effective_n([1, 1, 1, 1]), round(effective_n([3, 1]), 2)
    (4.0, 1.6)
    """
    return _kish(checked_weights(weights, None))


def weighted_rate(
    losses: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.95
) -> Estimate:
    """Weighted mean loss with Korn and Graubard's interval on `effective_n`.

    ``sum(w x) / sum(w)``; the interval is `clopper_pearson` with n replaced by Kish's n (Korn and
    Graubard, Survey Methodology 1998). Does not cover judge error, nor pairs of one conversation.

    Args:
        losses: in [0, 1], shape (n,).
        weights: 1 / pi, shape (n,); None for equal weights.
        level: of the two-sided interval.

    Raises:
        EvidenceError: losses or weights outside their range, or of different lengths.

    >>> weighted_rate([1, 0, 0, 0], [1, 1, 1, 1]).value
    0.25
    """
    x = checked_array(losses, "losses", low=0, high=1)
    w = checked_weights(weights, x.size)
    if x.size == 0:
        return unknown()
    bad, n = effective_counts(x, w)
    low, high = clopper_pearson(bad, n, level)
    return Estimate(bad / n, low, high, int(x.size), f"weighted rate, {n:.0f} effective pairs")


def effective_counts(x: Floats, w: Floats) -> tuple[float, float]:
    """Design-effective counts (bad, n) of a weighted sample; (0, 0) for an empty one.

    n is Kish's, and bad its share ``sum(w x) / sum(w)`` of it.

    >>> bad, n = effective_counts(np.array([1.0, 0.0]), np.array([3.0, 1.0]))
    >>> round(bad, 3), round(n, 3)        # n = 4^2 / 10, three quarters of it bad
    (1.2, 1.6)
    """
    n = _kish(w)
    return (min(n, n * float(x @ w / w.sum())), n) if n else (0.0, 0.0)


def _kish(w: Floats) -> float:
    return float(w.sum() ** 2 / np.square(w).sum()) if w.size else 0.0


@dataclass(frozen=True, slots=True)
class RateSums:
    """Pairs of conversations, added up.

    Attributes:
        pairs: how many.
        bad: of them, by their number; a half counts as one half.
        weight: sum of the weights of pairs, 1 / pi.
        lost: sum of weight times loss.
        squares: sum over conversations of the square of the weights of its pairs together.
    """

    pairs: int = 0
    bad: float = 0.0
    weight: float = 0.0
    lost: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "RateSums") -> "RateSums":
        """Both together; a conversation that is in both counts as two.

        >>> RateSums(1, 1.0, 2.0, 2.0, 4.0) + RateSums(1, 0.0, 1.0, 0.0, 1.0)
        RateSums(pairs=2, bad=1.0, weight=3.0, lost=2.0, squares=5.0)
        """
        return RateSums(
            self.pairs + other.pairs,
            self.bad + other.bad,
            self.weight + other.weight,
            self.lost + other.lost,
            self.squares + other.squares,
        )

    @property
    def effective(self) -> float:
        """Equally weighted conversations that these are worth: ``weight^2 / squares``, 1 or more.

        Kish's number (`effective_n`), of whole conversations. Where the
        squares hold more than these pairs, as those of a stretch of time do (`store.sums`), it is
        too small rather than too large, and one conversation at least.

        >>> RateSums(pairs=3, weight=4, squares=10).effective   # conversations of 3 and of 1
        1.6
        >>> RateSums(pairs=2, weight=2, squares=90).effective, RateSums().effective
        (1.0, 0.0)
        """
        if self.weight <= 0:
            return 0.0
        return self.weight**2 / min(max(self.squares, 0.0), self.weight**2)


def rate_of_sums(sums: RateSums, *, level: float = 0.95) -> Estimate:
    """The share of the weight that is lost, its interval good for being watched.

    The interval is the time-uniform one (`confidence_sequence.always_valid_interval`) of as many
    equally weighted conversations as these are worth. Not in it: the judge's errors.

    >>> rate = rate_of_sums(RateSums(pairs=100, bad=5, weight=200.0, lost=10.0, squares=400.0))
    >>> rate.value, rate.n, rate.method
    (0.05, 100, 'judge rate, 100 effective conversations, interval may be watched')
    >>> rate_of_sums(RateSums()).value is None
    True
    """
    if not sums.pairs or sums.weight <= 0:
        return unknown()
    bad, n = max(0.0, sums.lost / sums.weight), sums.effective
    low, high = always_valid_interval(min(n, bad * n), n, level)
    method = f"judge rate, {n:.0f} effective conversations, interval may be watched"
    return Estimate(min(1.0, bad), low, high, sums.pairs, method)


def rate_of_the_rest(sums: RateSums, *, level: float = 0.95) -> Estimate:
    """The share that is not lost: `rate_of_sums` turned round.

    >>> rest = rate_of_the_rest(RateSums(pairs=100, weight=100.0, lost=90.0, squares=100.0))
    >>> round(rest.value, 9)
    0.1
    """
    rate = rate_of_sums(sums, level=level)
    if rate.value is None:
        return rate
    return replace(rate, value=1 - rate.value, low=1 - rate.high, high=1 - rate.low)
