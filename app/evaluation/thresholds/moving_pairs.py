"""The pairs that a proposed threshold would move, apart from all those it keeps.

A certificate speaks of all kept traffic together, in which the few that would move can hide: 3
losses of 24 beside 12 of 324 are 12.5 % beside 3.7 %, and 4.3 % together.
"""

from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.weighted import effective_n, weighted_rate
from tierwatch.evaluation.thresholds.moving import MovingPairs
from tierwatch.evaluation.thresholds.pair_columns import checked_columns


def moving_pairs(
    confidences: ArrayLike,
    losses: ArrayLike,
    weights: ArrayLike | None,
    *,
    current: float,
    proposed: float,
    tolerated: float | None = None,
) -> MovingPairs:
    """The pairs with a confidence between two thresholds, with Korn and Graubard's interval.

    Not guaranteed: a threshold that was chosen on these pairs ends where they look well, so the
    rate of those that move is flattered by the choosing.

    Args:
        confidences: in [0, 1], shape (n,).
        losses: in [0, 1]; 1 where the lower tier's answer was materially worse. Shape (n,).
        weights: 1 / pi, shape (n,); None for equal weights.
        current: the present threshold.
        proposed: the other one.
        tolerated: rate that a kept request may have.

    Raises:
        EvidenceError: columns of different length or with values outside their range, or a
            threshold outside [0, 1].

    >>> moving = moving_pairs([.9] * 60 + [.65] * 40, [0] * 96 + [1] * 4, None,
    ...                       current=.7, proposed=.6, tolerated=.05)
    >>> moving.misroute.value, moving.effective, moving.are_bad
    (0.1, 40.0, True)
    """
    for name, value in (("current", current), ("proposed", proposed)):
        if not 0 <= value <= 1:
            raise EvidenceError(f"the {name} threshold must lie in [0, 1], not {value}")
    c, x, w = checked_columns(confidences, losses, weights)
    moves = (c >= min(current, proposed)) & (c < max(current, proposed))
    return MovingPairs(
        lowers=proposed < current,
        misroute=weighted_rate(x[moves], w[moves]),
        effective=effective_n(w[moves]),
        tolerated=tolerated,
    )
