"""What thresholds lose against always the top tier, and each tier's misroute rate."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.boundary_frame import Frame
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.rates.columns import checked_array
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import weighted_rate

# Of what a tier would serve: a rate of less than half of it says little of the whole.
_LEAST_JUDGED = 0.5


def total_loss(
    pairs: RoutedPairs,
    thresholds: Sequence[float],
    *,
    level: float = 0.95,
    max_weight: float | None = None,
) -> Estimate:
    """What thresholds lose against always the top tier, a request.

    ``sum over b of E[gain_b; served at b or below]``, each a mean over all requests as
    `RoutedPairs` counts them, in [-B, B]; below 0 where cheaper answers are better more often than
    worse. The interval's ends are `upper_of_sum`'s. Requests served below a boundary count there at
    the mean gain of what it serves, never below 0: for the upper end at that mean's own upper
    bound, for the lower at 0.

    Guarantee: none proven for the gamma bound, which has never been seen to fail; for pairs that
    are independent of each other. It rests on the judge, and where too few pairs were compared with
    the top tier directly, on the assumption of `RoutedPairs`: then ``method`` says so. See
    docs/statistics.md, "Objectives".

    Args:
        pairs: judged pairs of all boundaries.
        thresholds: of every tier but the top one, cheapest first.
        level: of the interval; its ends hold at (1 - level) / 2 each, together with the means'.
        max_weight: declared cap of the weights, as `choose_jointly` takes it.

    Returns:
        The estimate; without a value where nothing was judged that a boundary serves.

    Raises:
        EvidenceError: not one threshold for each boundary, or a level outside (0, 1).

    >>> pairs = RoutedPairs(
    ...     [[.9]] * 80 + [[.4]] * 20, [0] * 80 + [1] * 20, [0] * 100, [0] * 100,
    ...     [1] * 4 + [0] * 96, [1] * 100, [0] * 100, [[.5]])
    >>> total_loss(pairs, [.5]).value         # 4 of all 100 requests
    0.04
    """
    if not 0 < level < 1:
        raise EvidenceError(f"a level must lie between 0 and 1, not {level}")
    frame = Frame(pairs, max_weight)
    return frame.estimate(checked_thresholds(thresholds, frame.count), (1 - level) / 2)


def served_rates(
    pairs: RoutedPairs, thresholds: Sequence[float], *, level: float = 0.95
) -> tuple[Estimate, ...]:
    """Misroute rate of each tier but the top one, of the requests it would serve.

    `weighted_rate` over the pairs of its boundary that these thresholds serve at it, each for as
    many requests as `RoutedPairs` says; whether it was compared with the top tier too is nothing to
    it. Unknown where these are under half of what it would serve.

    Raises:
        EvidenceError: not one threshold for each boundary.
    """
    # A tier's own boundary has all of its pairs; direct ones would stand for them there.
    frame = Frame(replace(pairs, direct=None, direct_weights=None))
    reached = frame.reached(checked_thresholds(thresholds, frame.count))
    found = []
    for place in range(frame.count):
        below = reached[:, place - 1] if place else np.zeros(len(reached), dtype=np.bool_)
        here = frame.judged[:, place] & reached[:, place] & ~below
        would = float(frame.share[reached[:, place] & ~below, place].sum())
        shares = frame.share[here, place]
        if not here.any() or shares.sum() < _LEAST_JUDGED * would:
            found.append(unknown())
            continue
        found.append(weighted_rate(np.maximum(frame.gains[here], 0), shares, level=level))
    return tuple(found)


def checked_thresholds(thresholds: Sequence[float], count: int) -> tuple[float, ...]:
    """Thresholds in [0, 1] to two decimals, one for each of ``count`` boundaries.

    Raises:
        EvidenceError: there are more, fewer, or others.
    """
    found = checked_array(thresholds, "thresholds", low=0, high=1)
    if found.size != count:
        raise EvidenceError(
            f"found {found.size} thresholds; accepted: one for each of {count} boundaries"
        )
    return tuple(np.round(found, 2).tolist())
