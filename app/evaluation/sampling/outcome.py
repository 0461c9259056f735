"""A verdict reduced to a loss about the boundary between two tiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tierwatch.errors import EvidenceError

Preferred = Literal["served", "alternative", "tie"]
LowerVerdict = Literal["worse", "tie", "better"]
LOWER_VERDICTS: tuple[LowerVerdict, ...] = ("worse", "tie", "better")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Evidence about a boundary.

    Attributes:
        boundary: the lower tier of the pair; its threshold is what the loss speaks of.
        loss: 1.0 when the lower tier's answer was materially worse, else 0.0 (a tie is 0).
    """

    boundary: str
    loss: float


def outcome_of(
    preferred: Preferred, *, direction: str, served_tier: str, alternative_tier: str
) -> Outcome:
    """Reduce a verdict.

    >>> outcome_of("alternative", direction="up", served_tier="simple", alternative_tier="standard")
    Outcome(boundary='simple', loss=1.0)
    >>> outcome_of("tie", direction="down", served_tier="complex", alternative_tier="standard")
    Outcome(boundary='standard', loss=0.0)
    """
    if direction == "up":
        return Outcome(served_tier, float(preferred == "alternative"))
    return Outcome(alternative_tier, float(preferred == "served"))


def lower_verdict(preferred: Preferred, *, direction: str) -> LowerVerdict:
    """What a verdict says of the lower tier's answer: what a boundary's classifier learns.

    >>> lower_verdict("served", direction="up"), lower_verdict("served", direction="down")
    ('better', 'worse')
    """
    if preferred == "tie":
        return "tie"
    lower = "served" if direction == "up" else "alternative"
    return "better" if preferred == lower else "worse"


def conversation_outcome(losses: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """One observation (loss, weight) from the pairs of one conversation.

    The mean weight, and the weighted mean loss ``sum(w x) / sum(w)``, so that what a monitor bets
    on, ``weight * (loss - tolerance)``, is the mean over the pairs. Pairs of a conversation share
    its topic and its user: taken as independent they alarm falsely in more than half of all runs
    (bar D4), while conversations may be taken as independent of each other.

    Raises:
        EvidenceError: no pair, or as many losses as weights were not given.

    >>> conversation_outcome([1, 0, 0, 1], [1, 1, 1, 1])
    (0.5, 1.0)
    >>> conversation_outcome([1, 0], [3, 1])
    (0.75, 2.0)
    """
    if not losses or len(losses) != len(weights):
        raise EvidenceError(
            f"a conversation needs a weight for each loss and at least one pair,"
            f" not {len(losses)} losses and {len(weights)} weights"
        )
    total = float(sum(weights))
    weighted = sum(weight * loss for weight, loss in zip(weights, losses, strict=True))
    return min(1.0, weighted / total), total / len(weights)
