"""Judged pairs with what the heads said of them before they learned them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.routing.classify.type_offsets import NO_OFFSETS, Offsets

HEADS = ("worse", "better")


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Judged pairs about one boundary in the order they were learned; columns of one length.

    Attributes:
        log_odds: what both heads said, calibrated, before they learned the pair; shape (n, 2).
        task_types: the type of each prompt.
        held_out: verdicts, weights and conversations.

    Raises:
        EvidenceError: columns of different length, or log-odds that are not finite.
    """

    log_odds: Floats
    task_types: Sequence[str]
    held_out: HeldOut

    def __post_init__(self) -> None:
        n = len(self.held_out.verdicts)
        if self.log_odds.shape != (n, len(HEADS)) or len(self.task_types) != n:
            raise EvidenceError(
                f"found log-odds of shape {self.log_odds.shape} and {len(self.task_types)} task"
                f" types; accepted: ({n}, 2) and {n}"
            )
        if not np.isfinite(self.log_odds).all():
            raise EvidenceError("log-odds: found one that is not finite; accepted: finite numbers")

    def at(self, places: Sequence[int]) -> "ScoredPairs":
        """Some of the pairs."""
        told = self.held_out
        return ScoredPairs(
            self.log_odds[list(places)].reshape(-1, len(HEADS)),
            [self.task_types[place] for place in places],
            HeldOut(
                [told.verdicts[place] for place in places],
                [told.weights[place] for place in places],
                [told.sessions[place] for place in places],
            ),
        )

    def chances(self, offsets: Mapping[str, Offsets]) -> Floats:
        """What `LocalClassifier.predict` gives with these offsets; shape (n, 2)."""
        added = np.array([offsets.get(name, NO_OFFSETS) for name in self.task_types])
        alone: Floats = expit(self.log_odds + added.reshape(-1, len(HEADS)))
        found: Floats = alone / np.maximum(1.0, alone.sum(axis=1, keepdims=True))
        return found
