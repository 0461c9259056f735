"""A verdict reduced to a loss about the boundary between two tiers."""

from dataclasses import dataclass
from typing import Literal

Preferred = Literal["served", "alternative", "tie"]


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
