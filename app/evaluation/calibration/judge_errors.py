"""A judge's errors, counted on gold pairs. Their bounds are in `error_bounds`."""

import math
from dataclasses import dataclass

from tierwatch.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class JudgeErrors:
    """How a judge did on gold pairs: pairs of which people have said whether they are bad.

    The gold pairs are to be drawn at random from each kind, among pairs like those to be tested;
    from these four counts `choose_threshold` takes exact bounds of sensitivity and specificity.

    Attributes:
        caught: bad gold pairs that the judge called bad.
        bad: bad gold pairs.
        cleared: good gold pairs that the judge called good.
        good: good gold pairs.

    Raises:
        EvidenceError: counts that are not, or more caught than bad, or more cleared than good.
    """

    caught: float
    bad: float
    cleared: float
    good: float

    def __post_init__(self) -> None:
        for part, whole, of in (
            (self.caught, self.bad, "bad gold pairs caught"),
            (self.cleared, self.good, "good gold pairs cleared"),
        ):
            if not 0 <= part <= whole < math.inf:
                raise EvidenceError(f"{part} of {whole} {of} is not a count")
