"""A step of one tier's threshold, what the joint test found, and the move to ask about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True)
class Move:
    """A step of one tier's threshold, the other tiers staying as they are.

    Attributes:
        place: of the tier.
        threshold: proposed, two decimals.
        certified: whether the total loss is then shown to be at most what is allowed.
        loss: total loss then, with its 95 % interval.
        bound: its upper bound at the certificate's share of delta.
        bounds: of every threshold tested for this tier, strict to loose.
        kept: share of requests then served by each tier or one below it.
        saved_usd: a request, against now; below 0 where it costs more.
    """

    place: int
    threshold: float
    certified: bool
    loss: Estimate
    bound: float
    bounds: Mapping[float, float]
    kept: tuple[float, ...]
    saved_usd: float


@dataclass(frozen=True)
class JointChoice:
    """What the joint test of all tiers found.

    Attributes:
        target: thresholds to head for, two decimals, by `choose_for_quality`.
        now: total loss of the active thresholds, with its 95 % interval.
        bound: its upper bound at the certificate's share of delta.
        allowed: what may be lost.
        kept: share of requests now served by each tier or one below it.
        exceeded: whether more than allowed is shown to be lost now.
        lowerings: certified moves towards the target that save, the largest saving first.
        raises: moves towards the target that lose less: certified ones first, by what they cost;
            then the others, by what they win back.
        share: of delta, that each certificate has.
        assumes: places of tiers with too few direct comparisons with the top one: estimates assume
            something of their requests, and no certificate does.
    """

    target: tuple[float, ...]
    now: Estimate
    bound: float
    allowed: float
    kept: tuple[float, ...]
    exceeded: bool
    lowerings: tuple[Move, ...]
    raises: tuple[Move, ...]
    share: float
    assumes: tuple[int, ...] = ()


def next_move(choice: JointChoice, *, alerted: Sequence[int] = ()) -> Move | None:
    """The move to ask a person about, if any.

    The lowering that saves most. But where more than allowed is lost, a raise: a certified one
    when that is estimated, any when it is shown. A raise costs money, so with merely too few pairs
    to certify what is active, none is asked for.

    Args:
        choice: what was found.
        alerted: places of tiers with an open alert. Then it is a raise of one of these or nothing.
    """
    if alerted:
        return next((move for move in choice.raises if move.place in alerted), None)
    too_much = choice.now.value is not None and choice.now.value > choice.allowed
    for move in choice.raises:
        if choice.exceeded or (too_much and move.certified):
            return move
    return None if too_much or choice.exceeded else next(iter(choice.lowerings), None)
