"""Scores into chances: the sigmoid, and Platt's fit of it to what scores turned out to mean.

Platt: "Probabilistic outputs for support vector machines" (1999).
"""

import math
from collections.abc import Sequence

# Weight of "the scores are right as they are", in pairs: keeps 100 pairs from bending them.
_PRIOR_PAIRS = 10.0
_ENOUGH = 1e-6  # far below what a score resolves

Sigmoid = tuple[float, float]  # slope and offset


def chance(score: float) -> float:
    """The sigmoid of log-odds, ``1 / (1 + exp(-score))`` in [0, 1]; no score overflows.

    >>> chance(0), round(chance(2), 3), chance(-1e9) < 1e-300
    (0.5, 0.881, True)
    """
    if score >= 0:
        return 1 / (1 + math.exp(-min(score, 700.0)))
    grown = math.exp(max(score, -700.0))
    return grown / (1 + grown)


def fitted_sigmoid(points: Sequence[tuple[float, float, float]]) -> Sigmoid:
    """The sigmoid that fits (score, 0 or 1, weight) best; (1, 0) without points.

    Newton's method on the weighted log-loss with a quadratic pull of ten pairs towards (1, 0). A
    slope that is not positive would turn the order round and is not taken: (1, 0) then.
    """
    slope, offset = 1.0, 0.0
    mean = sum(weight for _, _, weight in points) / len(points) if points else 1.0
    pull = _PRIOR_PAIRS * mean * 0.25
    for _ in range(20):
        g_slope, g_offset = pull * (slope - 1), pull * offset
        h_slope, h_cross, h_offset = pull, 0.0, pull
        for score, target, weight in points:
            believed = chance(slope * score + offset)
            miss = weight * (believed - target)
            curve = weight * believed * (1 - believed)
            g_slope += miss * score
            g_offset += miss
            h_slope += curve * score * score
            h_cross += curve * score
            h_offset += curve
        determinant = h_slope * h_offset - h_cross * h_cross
        by_slope = (h_offset * g_slope - h_cross * g_offset) / determinant
        by_offset = (h_slope * g_offset - h_cross * g_slope) / determinant
        slope, offset = slope - by_slope, offset - by_offset
        if abs(by_slope) + abs(by_offset) < _ENOUGH:
            break
    if not (math.isfinite(offset) and 0 < slope < math.inf):
        return 1.0, 0.0
    return slope, offset
