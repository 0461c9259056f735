"""The pairs of a segment cell in one window, as the sums that an attribution needs."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import checked_array

# Sums of floats may pass their bounds by rounding, and by no more.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Cell:
    """The pairs of one segment cell in one window, as sums.

    Attributes:
        n: pairs; of a conversation's pairs count one, with its mean loss.
        weight: sum of w = 1 / pi.
        squared_weight: sum of w^2.
        weighted_loss: sum of w x, x being the judged loss in [0, 1].

    Raises:
        EvidenceError: sums that no pairs can have.

    >>> Cell(n=4, weight=4.0, squared_weight=4.0, weighted_loss=1.0).rate
    0.25
    """

    n: int
    weight: float
    squared_weight: float
    weighted_loss: float

    def __post_init__(self) -> None:
        w, w2 = self.weight, self.squared_weight
        if self.n < 0 or not all(map(math.isfinite, (w, w2, self.weighted_loss))):
            raise EvidenceError(f"a cell needs n >= 0 and finite sums, not {self}")
        if self.n == 0:
            if w or w2 or self.weighted_loss:
                raise EvidenceError(f"a cell without pairs must have no weight and no loss: {self}")
            return
        if not (w > 0 and w * w / self.n * (1 - _SLACK) <= w2 <= w * w * (1 + _SLACK)):
            raise EvidenceError(
                "squared weights must lie between weight^2 / n and weight^2, weight being"
                f" positive, not {self}"
            )
        if not 0 <= self.weighted_loss <= w * (1 + _SLACK):
            raise EvidenceError(f"the weighted loss must lie between 0 and the weight, not {self}")

    @classmethod
    def of(cls, losses: ArrayLike, weights: ArrayLike) -> Self:
        """The sums of losses in [0, 1] and positive weights.

        Raises:
            EvidenceError: they are of different lengths, or outside those ranges.

        >>> Cell.of([1, 0], [1.0, 3.0])
        Cell(n=2, weight=4.0, squared_weight=10.0, weighted_loss=1.0)
        """
        x = checked_array(losses, "losses", low=0, high=1)
        most = math.sqrt(np.finfo(np.float64).max)
        w = checked_array(weights, "weights", low=0, high=most, size=x.size)
        return cls(int(x.size), float(w.sum()), float(w @ w), float(w @ x))

    @property
    def rate(self) -> float:
        """Weighted loss rate; NaN without pairs."""
        return min(1.0, self.weighted_loss / self.weight) if self.n else math.nan

    @property
    def effective(self) -> float:
        """Kish's effective number of pairs; 0 without pairs."""
        return self.weight**2 / self.squared_weight if self.n else 0.0
