"""A rate that may be watched: intervals that hold at every number of pairs at once.

An ordinary 95 % interval that is checked after each pair misses the rate sooner or later. These
hold at all times together, so they may be watched daily and acted on at any moment.

With declared cap W, ``u = w / W`` in (0, 1], ``S = sum(u x)`` and ``N = sum(u)``, the interval is
every rate m for which the evidence against it is below ``1 / (1 - level)``::

    evidence(m) = B(1/2 + S, 2 + N - S) / B(1/2, 2) / (m^S (1 - m)^(N - S))

References: Robbins, "Statistical methods related to the law of the iterated logarithm" (Annals of
Mathematical Statistics 1970); Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences" (Annals of Statistics 2021), beta-binomial mixture.

Why it holds. For any rate r the product over pairs of ``1 + (r - m) / (m (1 - m)) * u (x - m)`` is
a fair bet when the weighted rate is m: its factors are at least 0 and have mean 1. Such a factor
is ``1 - u + u ((1 - x) (1 - r)/(1 - m) + x r/m)``, a weighted mean, so at least the geometric mean
``((1 - r)/(1 - m))^(u (1 - x)) (r/m)^(u x)``: equal to it for u = 1 and a loss of 0 or 1. The
evidence is the average of the latter over r ~ Beta(1/2, 2), so never above a fair bet's gains,
which ever reach ``1 / (1 - level)`` with chance at most ``1 - level`` (Ville).

Guarantee: ``P(the interval ever misses the rate) <= 1 - level``, for losses in [0, 1] whose rate,
given what came before, is the same throughout: ``E[w x] = rate * E[w]``. Equally weighted losses
of 0 and 1 lose nothing. Unequal weights and fractional losses make it wider than it need be: with
the weights 1 and 0.2 of bar D1 it is 13 % wider. Not guaranteed: anything when the rate changes
(start a new sequence with each policy, model and judge), for pairs of one conversation, or when
the cap is read from the weights afterwards instead of declared; and the judge's errors are not in
it.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import check_confidence_level
from tierwatch.evaluation.rates.columns import Floats, checked_array
from tierwatch.evaluation.rates.estimate import Estimate, unknown

# Any prior is valid. This one leans to small rates: after 100 pairs the interval is 8 % narrower
# than with Jeffreys' Beta(1/2, 1/2) at a rate of .05, 3 % narrower at .3, 4 % wider at .6 and
# 20 % wider at .9.
_BAD_PRIOR, _GOOD_PRIOR = 1 / 2, 2.0
# Halvings of [0, 1]: 2^-50 is below what a double resolves near 0.1.
_HALVINGS = 50


def always_valid(
    losses: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    max_weight: float = 1.0,
    level: float = 0.95,
) -> Estimate:
    """The newest point of `rate_band`: an estimate that may be checked after every pair.

    Raises:
        EvidenceError: as `rate_band`.

    >>> estimate = always_valid([0, 1, 0, 0] * 50)
    >>> estimate.value, round(estimate.low, 3), round(estimate.high, 3)
    (0.25, 0.159, 0.359)
    >>> always_valid([]).value is None
    True
    """
    x = checked_array(losses, "losses", low=0, high=1)
    u = scaled_weights(weights, max_weight, x.size)
    mass = float(u.sum())
    bad = min(float((u * x).sum()), mass)
    low, high = always_valid_interval(bad, mass, level)
    if x.size == 0:
        return unknown()
    return Estimate(bad / mass, low, high, int(x.size), "may be watched: time-uniform interval")


def always_valid_interval(bad: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """The time-uniform interval from counts alone; (0, 1) when n is 0.

    For equally weighted pairs ``bad`` of ``n``; with weights ``sum(u x)`` and ``sum(u)``.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a level outside (0, 1).

    >>> low, high = always_valid_interval(5, 100)
    >>> round(low, 4), round(high, 4)         # Clopper-Pearson, checked once: 0.0164, 0.1128
    (0.0086, 0.146)
    """
    if not 0 <= bad <= n < np.inf:
        raise EvidenceError(f"{bad} bad of {n} is not a count")
    check_confidence_level(level)
    return (0.0, 1.0) if n == 0 else _ends(float(bad), float(n), level)


# A page has some hundred intervals, nearly all of them the same as a moment before. One of them
# alone is found without arrays: those take 0.51 ms of CPU for it, and numbers 0.05 ms.
@lru_cache(maxsize=4096)
def _ends(bad: float, n: float, level: float) -> tuple[float, float]:
    """As `interval_ends` of one."""
    won = float(special.betaln(_BAD_PRIOR + bad, _GOOD_PRIOR + n - bad))
    won -= float(special.betaln(_BAD_PRIOR, _GOOD_PRIOR))
    limit, good = won + math.log1p(-level), n - bad

    def excluded(rate: float) -> bool:
        # At either end a rate is excluded by what it makes impossible, if anything: 0 log 0 is 0.
        fit = bad * (math.log(rate) if rate > 0 else -math.inf) if bad else 0.0
        if good:
            fit += good * (math.log1p(-rate) if rate < 1 else -math.inf)
        return fit <= limit

    value = bad / n
    return _outer(0.0, value, excluded), _outer(1.0, value, excluded)


def _outer(outside: float, inside: float, excluded: Callable[[float], bool]) -> float:
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if excluded(middle):
            outside = middle
        else:
            inside = middle
    return outside


def interval_ends(bad: Floats, mass: Floats, level: float) -> tuple[Floats, Floats]:
    """Both ends where the evidence crosses its limit, found by halving; the outer side of each."""
    won = special.betaln(_BAD_PRIOR + bad, _GOOD_PRIOR + mass - bad)
    won = won - special.betaln(_BAD_PRIOR, _GOOD_PRIOR)
    limit = won + np.log1p(-level)

    def excluded(rate: Floats) -> NDArray[np.bool_]:
        fit = special.xlogy(bad, rate) + special.xlog1py(mass - bad, -rate)
        return np.asarray(fit <= limit)

    value = bad / mass
    outside_low, inside_low = np.zeros_like(value), value
    inside_high, outside_high = value, np.ones_like(value)
    for _ in range(_HALVINGS):
        middle = (outside_low + inside_low) / 2
        out = excluded(middle)
        outside_low, inside_low = (
            np.where(out, middle, outside_low),
            np.where(out, inside_low, middle),
        )
        middle = (inside_high + outside_high) / 2
        out = excluded(middle)
        outside_high, inside_high = (
            np.where(out, middle, outside_high),
            np.where(out, inside_high, middle),
        )
    return outside_low, outside_high


def scaled_weights(weights: ArrayLike | None, max_weight: float, size: int) -> Floats:
    """Weights as shares of the declared cap, in (0, 1]."""
    if weights is None:
        return np.ones(size)
    if not 0 < max_weight < np.inf:
        raise EvidenceError(f"the cap of the weights must be above 0 and finite, not {max_weight}")
    w = checked_array(weights, "weights", low=0, high=max_weight, size=size)
    u = w / max_weight
    if u.size and u.min() <= 0:
        raise EvidenceError("weights must be above 0: a pair with no chance of inclusion is none")
    return u
