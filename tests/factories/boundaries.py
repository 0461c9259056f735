"""Routed pairs of one and of two boundaries, whose loss can be told by hand."""

from typing import Any

import numpy as np
from factories.routed import STEPS_USD

from tierwatch.evaluation.objectives.joint_choice import choose_jointly
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs


def one_boundary(kept: int, up: int, worse: int, *, threshold: float = 0.5) -> RoutedPairs:
    """So many kept at .9 and so many up at .4, all judged; of the kept so many are worse."""
    n = kept + up
    return RoutedPairs(
        [[0.9]] * kept + [[0.4]] * up,
        [0] * kept + [1] * up,
        [0] * n,
        [0] * n,
        [1.0] * worse + [0.0] * (n - worse),
        [1.0] * n,
        [0] * n,
        [[threshold]],
    )


def two_boundaries(worse_up: int, worse_simple: int = 0) -> RoutedPairs:
    """50 served by simple, 30 by standard (label simple: 10 of these compared down), 20 by complex.

    Of the 20 that standard compared upwards so many were worse; the others stand for 1.5 each.
    """
    n = 100
    served = [0] * 50 + [1] * 30 + [2] * 20
    down = [False] * 70 + [True] * 30
    weights = [1.0] * 50 + [1.5] * 20 + [3.0] * 10 + [1.0] * 20
    gains = np.zeros(n)
    gains[:worse_simple] = 1
    gains[50 : 50 + worse_up] = 1
    c = [[0.9, 0.95]] * 50 + [[0.5, 0.8]] * 30 + [[0.1, 0.3]] * 20
    boundaries = [tier - is_down for tier, is_down in zip(served, down, strict=True)]
    return RoutedPairs(c, served, boundaries, [0] * n, gains, weights, [0] * n, [[0.7, 0.7]])


def ask(pairs: RoutedPairs, current: tuple[float, ...], **changes: Any) -> Any:
    asked = {"quality": 0.95, "delta": 0.05, "step": 0.1, "steps_usd": STEPS_USD}
    return choose_jointly(pairs, current=current, **(asked | changes))
