"""All tiers' thresholds against one objective: the total loss may not exceed so much.

`quality_target.choose_for_quality` names the thresholds to head for. `choose_jointly` certifies
moves of one tier at a time towards them on the total loss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.boundary_frame import Frame, with_threshold
from tierwatch.evaluation.objectives.moves import JointChoice, Move
from tierwatch.evaluation.objectives.quality_target import choose_for_quality
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.objectives.total_loss import checked_thresholds
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.thresholds.grid import CENTS, ROUNDING

# Judged pairs among those that a lower threshold moves down: what moves unseen is not certified.
_FEWEST_MOVED = 30
# The dial asks for a price of each step. Where the upper tier is not the dearer one it is next to
# nothing: the dial then keeps a request below only where nothing is lost.
_NO_STEP_USD = 1e-9
# Each end of a 95 % interval.
_END = 0.025


def choose_jointly(
    pairs: RoutedPairs,
    *,
    current: Sequence[float],
    steps_usd: Sequence[float],
    quality: float,
    delta: float,
    step: float,
    max_weight: float | None = None,
) -> JointChoice:
    """Moves of one tier each, towards the thresholds that save most at the loss allowed.

    What is allowed is ``1 - quality``. The stages: `target_thresholds` to head for; for each tier
    the `sequence_bounds` of its thresholds, the other tiers as they are; `wanted_threshold`, how
    far the tier may go; then the moves in order of what they save, or win back.

    Guarantee: the chance that a certified move loses more than allowed is at most delta, for pairs
    that are independent and like the traffic to come, and as far as the bound of `total_loss`
    holds. Nothing is assumed of what a cheaper tier's requests lose above it: it comes from direct
    comparisons with the top tier, and where there are too few of them it counts as lost. What is
    moved between two tiers has the sum of its gains at both. B tiers are tested, so each has
    ``delta / B`` (Bonferroni). The target spends nothing: it only says how far. See
    docs/statistics.md, "Objectives".

    Args:
        pairs: judged pairs of all boundaries.
        current: active thresholds, cheapest tier first.
        steps_usd: mean cost of an answer one tier up, less that at the tier; one a boundary. Below
            0 where the upper tier is the cheaper one.
        quality: share of the top tier's quality to keep, in (0, 1).
        delta: chance of a wrong certificate, in (0, 1).
        step: how far a move may go, in (0, 1).
        max_weight: declared cap of the weights: the largest that the plans of the time allow, be it
            drawn or not. Without it the largest that was drawn enters the bounds, and the guarantee
            holds only where no larger one was possible.

    Raises:
        EvidenceError: input out of range, or of lengths that differ.

    Going up is better with chance (1 - c) / 2. Keeping all of c >= .7 loses .3^2 / 4 = .0225:

    >>> rng = np.random.default_rng(1)
    >>> c = rng.uniform(0, 1, 4_000)
    >>> gains = (rng.uniform(0, 1, 4_000) < (1 - c) / 2).astype(float)
    >>> served = (c < .7).astype(int)
    >>> none = np.zeros(4_000, int)
    >>> pairs = RoutedPairs(c[:, None], served, none, none, gains, none + 1, none, [[.7]])
    >>> choice = choose_jointly(pairs, current=[.7], steps_usd=[.01], quality=.95, delta=.05,
    ...                         step=.1)
    >>> round(choice.now.value, 3), choice.lowerings[0].threshold, choice.raises
    (0.022, 0.6, ())
    """
    if not (0 < quality < 1 and 0 < delta < 1 and 0 < step < 1):
        raise EvidenceError(
            f"found quality {quality}, delta {delta}, step {step}; accepted: each in (0, 1)"
        )
    frame = Frame(pairs, max_weight)
    present = checked_thresholds(current, frame.count)
    # Rounded: 1 - .95 is .050000000000000044.
    allowed, share = round(1 - quality, 10), delta / frame.count
    target = target_thresholds(frame, steps_usd, quality, share)
    search = _Search(frame, present, np.asarray(steps_usd, dtype=np.float64), allowed, share, step)
    moves = [move for place in range(frame.count) if (move := search.move(place, target[place]))]
    return JointChoice(
        target=target,
        now=frame.estimate(present, _END),
        bound=frame.upper(present, share),
        allowed=allowed,
        kept=frame.kept(present),
        exceeded=frame.lower(present, share) > allowed,
        lowerings=lowerings_in_order([move for move, lowers in moves if lowers]),
        raises=raises_in_order([move for move, lowers in moves if not lowers]),
        share=share,
        assumes=frame.guesses,
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """What every tier's move is sought by."""

    frame: Frame
    present: tuple[float, ...]
    costs: Floats
    allowed: float
    share: float
    step: float

    def move(self, place: int, target: float) -> tuple[Move, bool] | None:
        """A tier's move towards its target, and whether it lowers; None where it is to stay."""
        frame, present, now = self.frame, self.present, self.present[place]
        bounds = sequence_bounds(
            frame, present, place, step=self.step, allowed=self.allowed, share=self.share
        )
        passed = [threshold for threshold, bound in bounds.items() if bound <= self.allowed]
        loosest = passed[-1] if passed else None
        wanted = wanted_threshold(now, target, self.step, loosest)
        if wanted is None:
            return None
        lowers = wanted < now
        if lowers and frame.moved(present, place, wanted) < _FEWEST_MOVED:
            return None
        wanted = up_to_cents(wanted)
        then = with_threshold(present, place, wanted)
        shares = frame.kept(then)
        move = Move(
            place=place,
            threshold=wanted,
            certified=loosest is not None and wanted >= loosest,
            loss=frame.estimate(then, _END),
            bound=frame.upper(then, self.share),
            bounds=MappingProxyType(bounds),
            kept=shares,
            saved_usd=float(self.costs @ (np.array(shares) - np.array(frame.kept(present)))),
        )
        return move, lowers


def move_to(
    pairs: RoutedPairs,
    *,
    place: int,
    threshold: float,
    current: Sequence[float],
    steps_usd: Sequence[float],
    quality: float,
    delta: float,
    step: float,
    max_weight: float | None = None,
) -> Move:
    """One tier's move to a threshold that somebody names, certified or not.

    It is certified where every threshold from a step above the present one down to it passes
    (`sequence_bounds`, further than ``step`` where it lies further). All that pass hold at once, so
    it may have been chosen with these very pairs in view.

    Args:
        pairs: as `choose_jointly` takes them, like all that has a name there.
        place: of the tier.
        threshold: that it is to have, two decimals.
        current: active thresholds, cheapest tier first.
        steps_usd: mean cost of going up one tier.
        quality: share of the top tier's quality to keep.
        delta: chance of a wrong certificate; the tier has its part of it.
        step: how far up testing starts.
        max_weight: declared cap of the weights.

    Raises:
        EvidenceError: input out of range, or of lengths that differ.

    >>> c = np.linspace(0, 1, 4_000)
    >>> none = np.zeros(4_000, int)
    >>> pairs = RoutedPairs(c[:, None], (c < .7).astype(int), none, none, (c < .4) * 1.0, none + 1,
    ...                     none, [[.7]])
    >>> said = dict(place=0, current=[.7], steps_usd=[.01], quality=.95, delta=.05, step=.1)
    >>> [move_to(pairs, threshold=threshold, **said).certified for threshold in (.5, .1)]
    [True, False]
    """
    frame = Frame(pairs, max_weight)
    present = checked_thresholds(current, frame.count)
    allowed, share = round(1 - quality, 10), delta / frame.count
    bounds = sequence_bounds(
        frame,
        present,
        place,
        step=max(step, abs(threshold - present[place])),
        allowed=allowed,
        share=share,
    )
    then = with_threshold(present, place, threshold)
    shares = frame.kept(then)
    saved = np.asarray(steps_usd, dtype=np.float64) @ (
        np.array(shares) - np.array(frame.kept(present))
    )
    return Move(
        place=place,
        threshold=threshold,
        certified=bounds.get(threshold, math.inf) <= allowed,
        loss=frame.estimate(then, _END),
        bound=frame.upper(then, share),
        bounds=MappingProxyType(bounds),
        kept=shares,
        saved_usd=float(saved),
    )


def target_thresholds(
    frame: Frame, steps_usd: Sequence[float], quality: float, share: float
) -> tuple[float, ...]:
    """The thresholds to head for, by `choose_for_quality`, rounded up to two decimals.

    They spend nothing of delta: a target only says how far a move goes, never that it may. See
    docs/statistics.md, "Objectives".
    """
    assumed = frame.assumed_gains(share)
    choice = choose_for_quality(
        [frame.column(place, assumed) for place in range(frame.count)],
        steps_usd=[max(usd, _NO_STEP_USD) for usd in steps_usd],
        quality=quality,
        level=1 - share,
    )
    return tuple(up_to_cents(threshold) for threshold in choice.thresholds)


def sequence_bounds(
    frame: Frame,
    present: Sequence[float],
    place: int,
    *,
    step: float,
    allowed: float,
    share: float,
) -> dict[float, float]:
    """Upper bounds of the total loss for a tier's thresholds, up to the first that exceeds.

    From a step above the present one to a step below, strict to loose, the other tiers as they are
    (fixed-sequence testing; Angelopoulos et al., "Learn then Test"). See docs/statistics.md,
    "Objectives".
    """
    cents, reach = round(present[place] * CENTS), int(step * CENTS + ROUNDING)
    bounds = {}
    for candidate in range(min(CENTS, cents + reach), max(0, cents - reach) - 1, -1):
        threshold = candidate / CENTS
        bounds[threshold] = frame.upper(with_threshold(present, place, threshold), share)
        if bounds[threshold] > allowed:
            break
    return bounds


def wanted_threshold(now: float, target: float, step: float, loosest: float | None) -> float | None:
    """Where a tier is to move: towards its target, by a step at most; None where it stays.

    A lowering ends at the target or at the loosest certified threshold, whichever is stricter. A
    raise ends at the target, or at the first certified threshold above the present one. See
    docs/statistics.md, "Objectives".

    >>> wanted_threshold(.7, .5, .1, .66), wanted_threshold(.7, .5, .1, .6)
    (0.66, 0.6)
    >>> wanted_threshold(.7, .5, .1, None) is None      # never loosened without a certificate
    True
    >>> wanted_threshold(.7, .75, .1, None), wanted_threshold(.7, .75, .1, .73)
    (0.75, 0.73)
    """
    towards = min(max(target, now - step), now + step)
    if towards < now and loosest is not None and loosest < now:
        return max(towards, loosest)
    if towards > now:
        return max(loosest, now + 1 / CENTS) if loosest is not None and loosest >= now else towards
    return None


def lowerings_in_order(moves: Sequence[Move]) -> tuple[Move, ...]:
    """Those that save, the largest saving first."""
    saving = (move for move in moves if move.saved_usd > 0)
    return tuple(sorted(saving, key=lambda move: -move.saved_usd))


def raises_in_order(moves: Sequence[Move]) -> tuple[Move, ...]:
    """Certified ones first, by what they cost; then the others, by what is lost after them."""

    def rank(move: Move) -> tuple[bool, float]:
        lost = math.inf if move.loss.value is None else move.loss.value
        return not move.certified, -move.saved_usd if move.certified else lost

    return tuple(sorted(moves, key=rank))


def up_to_cents(threshold: float) -> float:
    """The threshold rounded up to two decimals: stricter, never looser.

    >>> up_to_cents(.671), up_to_cents(.67), up_to_cents(1.2)
    (0.68, 0.67, 1.0)
    """
    return min(1.0, math.ceil(threshold * CENTS - ROUNDING) / CENTS)
