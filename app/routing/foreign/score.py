"""A score of difficulty as a confidence, so that one threshold says what one boundary says.

LiteLLM's ``auto_router/complexity_router`` (litellm 1.108.7,
``router_strategy/complexity_router/complexity_router.py``) keeps a request below a boundary ``b``
while its score is *below* ``b``; we keep it while its confidence *reaches* a threshold ``t``. With
``t = 1 - b`` and the confidence below, the two agree on every boundary of two decimals, also where
a score lies exactly on one, which is common: scores are sums of a few weights.
"""

import math
from typing import Final

# A sum of weights misses the boundary it means by some 1e-17.
_ON_GRID: Final = 1e-9


def confidence_of_score(score: float) -> float:
    """The confidence, in [0, 1], that the cheaper tier suffices.

    A score below 0 is 1 and one above 1 is 0: no boundary lies there.

    >>> confidence_of_score(0.125), confidence_of_score(-0.1), confidence_of_score(1.2)
    (0.875, 1.0, 0.0)
    >>> confidence_of_score(0.15) >= 0.85, confidence_of_score(0.15 - 1e-12) >= 0.85
    (False, True)
    """
    near = round(score, 2)
    if abs(score - near) > _ON_GRID:
        return min(1.0, max(0.0, 1.0 - score))
    edge = threshold_of(near)
    return min(1.0, max(0.0, edge if score < near else math.nextafter(edge, -1.0)))


def threshold_of(boundary: float) -> float:
    """The threshold that says what a boundary of two decimals says.

    >>> threshold_of(0.15), threshold_of(0.6)
    (0.85, 0.4)
    """
    return round(1.0 - boundary, 2)


def boundary_of(threshold: float) -> float:
    """The boundary that says what a threshold says.

    >>> boundary_of(0.85)
    0.15
    """
    return round(1.0 - threshold, 2)
