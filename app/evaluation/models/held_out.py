"""Judged pairs that neither of two models learned from, and the conversations they are of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_weights
from tierwatch.evaluation.sampling.outcome import LOWER_VERDICTS


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Judged pairs about one boundary that neither model learned from; columns of one length.

    Attributes:
        verdicts: ``worse | tie | better``, of the lower tier's answer.
        weights: 1 / pi.
        sessions: the conversation of each pair.

    Raises:
        EvidenceError: columns of different length, another verdict, or a weight that is not
            positive and finite.
    """

    verdicts: Sequence[str]
    weights: Sequence[float]
    sessions: Sequence[str]

    def __post_init__(self) -> None:
        checked_weights(self.weights, len(self.verdicts))
        if len(self.sessions) != len(self.verdicts):
            raise EvidenceError(
                f"found {len(self.verdicts)} verdicts of {len(self.sessions)} conversations;"
                " accepted: as many of each"
            )
        if unread := set(self.verdicts) - set(LOWER_VERDICTS):
            raise EvidenceError(
                f"verdict: found {sorted(unread)}; accepted: {', '.join(LOWER_VERDICTS)}"
            )


@dataclass(frozen=True, slots=True)
class Conversations:
    """Which pair belongs to which of ``count`` conversations, and what it weighs."""

    weights: Floats
    numbers: NDArray[np.intp]
    count: int

    @classmethod
    def of(cls, held_out: HeldOut) -> "Conversations":
        """The conversations of held-out pairs."""
        names, numbers = np.unique(np.array(held_out.sessions, dtype=str), return_inverse=True)
        return cls(np.asarray(held_out.weights, float), numbers, names.size)

    @property
    def effective(self) -> float:
        """How many equally weighted conversations they are worth (Kish)."""
        totals = self.sums(self.weights)
        return float(totals.sum() ** 2 / (totals**2).sum())

    def sums(self, values: Floats) -> Floats:
        """The sum of the values of each conversation's pairs.

        >>> talks = Conversations.of(HeldOut(["tie"] * 3, [1.0] * 3, ["a", "b", "a"]))
        >>> talks.sums(np.array([1.0, 2.0, 4.0])).tolist()
        [5.0, 2.0]
        """
        found: Floats = np.bincount(self.numbers, values, self.count).astype(float)
        return found
