"""What is known of the pairs that a proposed threshold would move: a value of evidence.

Apart from what computes it, so that a gateway that reads evidence needs no numpy.
"""

from dataclasses import dataclass

from tierwatch.evaluation.rates.estimate import MIN_EFFECTIVE, Estimate
from tierwatch.evaluation.rates.percent import percent


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
