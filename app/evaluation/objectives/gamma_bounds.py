"""Bounds of a sum of contributions: Fay and Feuer's gamma bounds, combined by MOVER."""

import math

import numpy as np
from scipy import special

from tierwatch.evaluation.rates.columns import Floats


def upper_of_sum(terms: Floats, largest: float, d: float) -> float:
    """Upper bound of a sum of terms, one row an exchange, one column a boundary.

    The terms of an exchange are added up, gains and losses apart. With P the sum of the gains and N
    that of the losses of going up, each bounded by the gamma bounds on the contributions z of
    exchanges (Fay and Feuer 1997), m being the largest that one may have::

        y = sum(z),  v = sum(z^2),  L = gamma.ppf(d, y^2 / v, scale=v / y)
        U = gamma.ppf(1 - d, (y + m)^2 / (v + m^2), scale=(v + m^2) / (y + m))

    MOVER gives ``P - N + sqrt((U_P - P)^2 + (N - L_N)^2)`` (Zou and Donner 2008). See
    docs/statistics.md, "Objectives".

    Args:
        terms: shape (n, B).
        largest: m.
        d: chance that the bound fails, in (0, 1).

    >>> import numpy as np
    >>> four = np.array([[.01]] * 4 + [[0.0]] * 96)      # a Poisson count of 4 in 100
    >>> round(upper_of_sum(four, .01, .05), 4)           # gamma.ppf(.95, 5) / 100
    0.0915
    """
    if not len(terms):
        return math.inf
    gained, lost = np.maximum(terms, 0).sum(axis=1), np.maximum(-terms, 0).sum(axis=1)
    p, n = float(gained.sum()), float(lost.sum())
    above = _gamma_upper(gained, largest, d) - p
    below = n - _gamma_lower(lost, d)
    return p - n + math.hypot(above, below)


def upper_of_mean(z: Floats, largest: float, d: float) -> float:
    """Upper bound of a weighted mean whose terms, shape (n,), add up to it."""
    return upper_of_sum(z[:, None], largest, d)


def _gamma_upper(z: Floats, largest: float, d: float) -> float:
    y, v = float(z.sum()) + largest, float(z @ z) + largest**2
    return float(special.gammaincinv(y * y / v, 1 - d)) * v / y


def _gamma_lower(z: Floats, d: float) -> float:
    y, v = float(z.sum()), float(z @ z)
    # Contributions so small that their squares are 0 in floats bound nothing.
    return float(special.gammaincinv(y * y / v, d)) * v / y if v > 0 else 0.0
