"""The pairs that a proposed threshold would move, apart from all those it keeps.

A certificate speaks of all kept traffic together, in which the few that would move can hide: 3
losses of 24 beside 12 of 324 are 12.5 % beside 3.7 %, and 4.3 % together.
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.counterfactual.overlap import MIN_EFFECTIVE
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.rates.weighted import effective_n, weighted_rate
from tierwatch.evaluation.thresholds.pair_columns import checked_columns


@dataclass(frozen=True, slots=True)
class MovingPairs:
    """What is known of the pairs that a proposed threshold would move, and what moving them does.

    Attributes:
        lowers: whether they would be kept, rather than sent up.
        misroute: rate at which the lower tier's answer is materially worse among them.
        effective: equally weighted pairs they are worth.
        tolerated: rate that a kept request may have; None where the tier has none of its own.
        requests_per_day: requests that would move; None where traffic is not counted by it.
        usd_per_day: what that changes in a day, below 0 where it saves; None where it is not known.
        bill_share: the same as a share of the whole bill; None where it is not known.
    """

    lowers: bool
    misroute: Estimate
    effective: float
    tolerated: float | None = None
    requests_per_day: float | None = None
    usd_per_day: float | None = None
    bill_share: float | None = None

    @property
    def are_few(self) -> bool:
        """Whether they are too few to say anything of what moves."""
        return self.effective < MIN_EFFECTIVE

    @property
    def are_bad(self) -> bool:
        """Whether more of them are estimated to be misrouted than is tolerated, once kept."""
        value, most = self.misroute.value, self.tolerated
        return self.lowers and value is not None and most is not None and value > most

    @property
    def warning(self) -> str:
        """What a person has to know of them before anything else; empty where that is nothing.

        >>> few = MovingPairs(True, Estimate(.125, .027, .324, 24, ""), 24.0, .05)
        >>> few.warning.split(":")[0]
        'Only 24 effective pairs would move, and 30 are needed to know how they would fare'
        """
        if not self.are_few and not self.are_bad:
            return ""
        found = self.misroute
        rate = (
            "nothing is known of their rate"
            if found.value is None
            else f"{percent(found.value)} of them are misrouted at the lower tier"
            f" ({percent(found.low)} to {percent(found.high)}, {found.n} pairs)"
        )
        tolerated = "" if self.tolerated is None else f"; {percent(self.tolerated)} is tolerated"
        if self.are_few:
            return (
                f"Only {self.effective:.0f} effective pairs would move, and {MIN_EFFECTIVE:.0f} are"
                f" needed to know how they would fare: {rate}{tolerated if self.lowers else ''}"
            )
        return f"The requests that would move are worse than is tolerated: {rate}{tolerated}"


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
