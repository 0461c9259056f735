"""A verdict reduced to a loss about the boundary between two tiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tierwatch.errors import EvidenceError

Preferred = Literal["served", "alternative", "tie", "inconclusive"]
# What a verdict rests on when its two orders contradict each other. Verdicts of earlier versions
# say ``tie`` with this basis; they are read as ``inconclusive`` too.
SWAP_DISAGREEMENT = "swap_disagreement"
LowerVerdict = Literal["worse", "tie", "better"]
LOWER_VERDICTS: tuple[LowerVerdict, ...] = ("worse", "tie", "better")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Evidence about a boundary.

    Attributes:
        boundary: the lower tier of the pair; its threshold is what the loss speaks of.
        loss: 1.0 when the lower tier's answer was materially worse, else 0.0. A tie is 0, and so
            is an inconclusive verdict, which shows no loss; nor does it show overspend.
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

    An inconclusive one is a tie here: no gain either way has been shown.

    >>> lower_verdict("served", direction="up"), lower_verdict("served", direction="down")
    ('better', 'worse')
    >>> lower_verdict("inconclusive", direction="up")
    'tie'
    """
    if preferred in {"tie", "inconclusive"}:
        return "tie"
    lower = "served" if direction == "up" else "alternative"
    return "better" if preferred == lower else "worse"


# What counts of one conversation at once. A monitor's bets are set for the heaviest observation, so
# each doubling here halves the boldest bet; below 8, more of a conversation's pairs would be taken
# as independent of each other.
MOST_TOGETHER: Final = 8


def pieces(weights: Sequence[float]) -> list[slice]:
    """The pairs of a conversation in pieces, each of them one observation.

    Successive pairs, at most 8 of them and with a total weight of at most 8; a pair that is heavier
    is a piece of its own. Every pair is in one piece with its own weight, so that the rate of pairs
    is what the sum over pieces speaks of, however long conversations are. Nothing of a loss decides
    where a piece ends.

    >>> pieces([1.0] * 20)
    [slice(0, 8, None), slice(8, 16, None), slice(16, 20, None)]
    >>> pieces([2.5, 2.5, 2.5, 2.5, 0.6])
    [slice(0, 3, None), slice(3, 5, None)]
    >>> pieces([])
    []
    """
    found, first, total = [], 0, 0.0
    for place, weight in enumerate(weights):
        total += weight
        if place > first and (place - first == MOST_TOGETHER or total > MOST_TOGETHER):
            found.append(slice(first, place))
            first, total = place, weight
    if len(weights) > first:
        found.append(slice(first, len(weights)))
    return found


def observed_together(losses: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """One observation (loss, weight) from pairs of one conversation.

    The weighted mean loss ``sum(w x) / sum(w)`` and the total weight, so that what a monitor bets
    on, ``weight * (loss - tolerance)``, is the sum over the pairs. Pairs of a conversation share
    its topic and its user: taken as independent they alarm falsely in more than half of all runs
    (bar D4), while conversations may be taken as independent of each other.

    Not their mean: that would watch a rate of conversations, which is another one than that of
    pairs as soon as long conversations go otherwise than short ones, and which one depends on the
    share that is sampled.

    Raises:
        EvidenceError: no pair, or as many losses as weights were not given.

    >>> observed_together([1, 0, 0, 1], [1, 1, 1, 1])
    (0.5, 4.0)
    >>> observed_together([1, 0], [3, 1])
    (0.75, 4.0)
    """
    if not losses or len(losses) != len(weights):
        raise EvidenceError(
            f"a conversation needs a weight for each loss and at least one pair,"
            f" not {len(losses)} losses and {len(weights)} weights"
        )
    total = float(sum(weights))
    weighted = sum(weight * loss for weight, loss in zip(weights, losses, strict=True))
    return min(1.0, weighted / total), total
