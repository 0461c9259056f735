"""All tiers' thresholds against one objective: what is lost in all may not exceed so much.

`objective.choose_for_quality` names the thresholds to head for. Here stands what may be shown of a
step towards them: `choose_jointly` certifies moves of one tier at a time on the total loss, and
`total_loss` estimates it for any thresholds.

Pairs come from routing itself, so no boundary sees all requests: a request is compared one tier up
or one tier down from where it was served. What is not seen is counted, never left out; see
`RoutedPairs`.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimation import (
    Estimate,
    Floats,
    checked_array,
    unknown,
    weighted_rate,
)
from tierwatch.evaluation.thresholds.dial import JudgedPairs, choose_for_quality

_COLUMNS = ("confidences", "served", "boundaries", "labels", "gains", "weights", "policies")

Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

_CENTS = 100
_TABLE = 2
_ROUNDING = 1e-6
# As `choose_for_quality` asks of a boundary before anything is kept there.
_FEWEST_PAIRS = 200
# A policy that showed fewer says too little of what it would have shown: its pairs are left out.
# With 1 to 5 pairs beside 3,000 a certificate was wrong in 4 to 54 of 100 runs; from 20 on in none.
_FEWEST_OF_A_POLICY = 200
# Judged pairs among those that a lower threshold moves down: what moves unseen is not certified.
_FEWEST_MOVED = 30
# Of what a tier would serve: a rate of less than half of it says little of the whole.
_LEAST_JUDGED = 0.5
# The dial asks for a price of each step. Where the upper tier is not the dearer one it is next to
# nothing: the dial then keeps a request below only where nothing is lost.
_NO_STEP_USD = 1e-9


@dataclass(frozen=True)
class RoutedPairs:
    """Judged pairs of all boundaries, drawn from what the router served.

    Boundary b lies between tier b and tier b + 1; tier B, their number, is the top one. A pair of
    boundary b was served by tier b and compared upwards, or by b + 1 and compared downwards. So no
    policy shows a boundary all requests. Those that one policy did not show, another may have: a
    pair then stands for as many more requests as the policies that show such a request served a
    smaller part of all (the balance heuristic; Veach and Guibas 1995). Requests that no policy
    showed are counted all the same: served below the boundary, as losing there no more often than
    those that its own tier serves (the assumption of `relative_quality`: the router kept the
    easier ones); all others as lost if thresholds were to move them to it or below.

    Pairs of a policy with fewer than 200 are left out, unless no other has more: what it might have
    shown and did not would count as nothing.

    Columns have a row for each pair.

    Attributes:
        confidences: of every tier but the top one, cheapest first; shape (n, B).
        served: place of the tier that served; shape (n,).
        boundaries: place of the boundary that was judged; shape (n,).
        labels: place of the tier the classifier named. What a middle tier serves at or below its
            label is compared upwards only. Shape (n,).
        gains: 1 where the higher tier's answer was better, 0 for a tie, -1 where the lower's was.
        weights: 1 / pi.
        policies: which row of ``thresholds`` was applied; shape (n,).
        thresholds: of every policy that was applied; shape (P, B).

    Raises:
        EvidenceError: columns of different length, or values outside their range.
    """

    confidences: ArrayLike
    served: ArrayLike
    boundaries: ArrayLike
    labels: ArrayLike
    gains: ArrayLike
    weights: ArrayLike
    policies: ArrayLike
    thresholds: ArrayLike

    def __post_init__(self) -> None:
        gains = checked_array(self.gains, "gains", low=-1, high=1)
        n = int(gains.size)
        weights = checked_array(self.weights, "weights", low=0, high=sys.float_info.max, size=n)
        thresholds = np.asarray(self.thresholds, dtype=np.float64)
        count = thresholds.shape[-1] if thresholds.ndim == _TABLE else 0
        confidences = np.asarray(self.confidences, dtype=np.float64)
        if not (count and confidences.shape == (n, count) and _shares(confidences, thresholds)):
            raise EvidenceError(
                f"found thresholds of shape {thresholds.shape}, confidences of shape"
                f" {confidences.shape} and {n} gains; accepted: a row of confidences for each gain,"
                " as many as a policy has thresholds, all in [0, 1]"
            )
        if np.any(weights <= 0):
            raise EvidenceError("weights must be above 0: a pair has a chance of inclusion")
        highest = {"served": count, "boundaries": count - 1, "labels": count}
        places: dict[str, Places] = {}
        for name, top in (highest | {"policies": len(thresholds) - 1}).items():
            column: Places = np.asarray(getattr(self, name), dtype=np.intp)
            if column.shape != (n,) or np.any((column < 0) | (column > top)):
                raise EvidenceError(
                    f"{name}: found shape {column.shape}, from {column.min(initial=0)} to"
                    f" {column.max(initial=0)}; accepted: {n} places from 0 to {top}"
                )
            places[name] = column
        below = places["served"] - places["boundaries"]
        if np.any((below != 0) & (below != 1)):
            raise EvidenceError("accepted: pairs served at their boundary or one tier above it")
        read = {"confidences": confidences, "gains": gains, "weights": weights}
        for name, array in (read | places | {"thresholds": thresholds}).items():
            object.__setattr__(self, name, array)


def _shares(*tables: Floats) -> bool:
    return all(bool(np.all((table >= 0) & (table <= 1))) for table in tables)


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
        now: total loss of the thresholds in force, with its 95 % interval.
        bound: its upper bound at the certificate's share of delta.
        allowed: what may be lost.
        kept: share of requests now served by each tier or one below it.
        exceeded: whether more than allowed is shown to be lost now.
        lowerings: certified moves towards the target that save, the largest saving first.
        raises: moves towards the target that lose less: certified ones first, by what they cost;
            then the others, by what they win back.
        share: of delta, that each certificate has.
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


def total_loss(pairs: RoutedPairs, thresholds: Sequence[float], *, level: float = 0.95) -> Estimate:
    """What thresholds lose against always the top tier, a request.

    ``sum over b of E[gain_b; served at b or below]``, each a mean over all requests as
    `RoutedPairs` counts them, in [-B, B]; below 0 where cheaper answers are better more often than
    worse. The part P of gains and the part N of losses of going up each have an upper and a lower
    bound of the gamma kind (Fay and Feuer 1997) on the contributions z of exchanges, summed over
    boundaries, m being the largest that one may have::

        y = sum(z),  v = sum(z^2),  L = gamma.ppf(d, y^2 / v, scale=v / y)
        U = gamma.ppf(1 - d, (y + m)^2 / (v + m^2), scale=(v + m^2) / (y + m))

    and together, as MOVER does (Zou and Donner 2008), ``P - N + sqrt((U_P - P)^2 + (N - L_N)^2)``
    above and likewise below. Requests served below a boundary count there at the mean gain of what
    it serves, never below 0: for the upper end at that mean's own upper bound, for the lower at 0.

    Guarantee: none proven for the gamma bound, which has never been seen to fail; for pairs that
    are independent of each other. It rests on the assumption of `RoutedPairs` and on the judge.

    Args:
        pairs: judged pairs of all boundaries.
        thresholds: of every tier but the top one, cheapest first.
        level: of the interval; its ends hold at (1 - level) / 2 each, together with the means'.

    Returns:
        The estimate; without a value where nothing was judged that a boundary serves.

    Raises:
        EvidenceError: not one threshold for each boundary, or a level outside (0, 1).

    >>> pairs = RoutedPairs(
    ...     [[.9]] * 80 + [[.4]] * 20, [0] * 80 + [1] * 20, [0] * 100, [0] * 100,
    ...     [1] * 4 + [0] * 96, [1] * 100, [0] * 100, [[.5]])
    >>> total_loss(pairs, [.5]).value         # 4 of all 100 requests
    0.04
    """
    if not 0 < level < 1:
        raise EvidenceError(f"a level must lie between 0 and 1, not {level}")
    frame = _Frame(pairs)
    return frame.estimate(_checked_thresholds(thresholds, frame.count), (1 - level) / 2)


def choose_jointly(
    pairs: RoutedPairs,
    *,
    current: Sequence[float],
    steps_usd: Sequence[float],
    quality: float,
    delta: float,
    step: float,
) -> JointChoice:
    """Moves of one tier each, towards the thresholds that save most at the loss allowed.

    The target is `choose_for_quality`'s; what is allowed is ``1 - quality``. For each tier its
    thresholds from a step above the present one to a step below are tested from strict to loose,
    the other tiers as they are, until the upper bound of the total loss exceeds what is allowed
    (fixed-sequence testing; Angelopoulos et al., "Learn then test"). A lowering ends at the target
    or at the loosest certified threshold, whichever is stricter.

    Guarantee: the chance that a certified move loses more than allowed is at most delta, for pairs
    that are independent and like the traffic to come, under the assumption of `RoutedPairs`, and
    as far as the bound of `total_loss` holds. B tiers are tested and B - 1 means are bounded, so
    each has ``delta / (2 B - 1)`` (Bonferroni). The target spends nothing: it only says how far.

    Args:
        pairs: judged pairs of all boundaries.
        current: thresholds in force, cheapest tier first.
        steps_usd: mean cost of an answer one tier up, less that at the tier; one a boundary. Below
            0 where the upper tier is the cheaper one.
        quality: share of the top tier's quality to keep, in (0, 1).
        delta: chance of a wrong certificate, in (0, 1).
        step: how far a move may go, in (0, 1).

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
    frame = _Frame(pairs)
    present = _checked_thresholds(current, frame.count)
    share = delta / (2 * frame.count - 1)
    # Rounded: 1 - .95 is .050000000000000044.
    allowed = round(1 - quality, 10)
    target = _target(frame, steps_usd, quality, share)
    costs = np.asarray(steps_usd, dtype=np.float64)
    kept = frame.kept(present)
    lowerings: list[Move] = []
    raises: list[Move] = []
    for place in range(frame.count):
        now = present[place]
        bounds = _sequence(frame, present, place, step, allowed, share)
        passed = [threshold for threshold, bound in bounds.items() if bound <= allowed]
        loosest = passed[-1] if passed else None
        wanted = min(max(target[place], now - step), now + step)
        if wanted < now and loosest is not None and loosest < now:
            wanted = max(wanted, loosest)
            if frame.moved(present, place, wanted) < _FEWEST_MOVED:
                continue
            into = lowerings
        elif wanted > now:
            if loosest is not None and loosest >= now:
                wanted = max(loosest, now + 1 / _CENTS)
            into = raises
        else:
            continue
        wanted = _up_to_cents(wanted)
        then = _with(present, place, wanted)
        shares = frame.kept(then)
        into.append(
            Move(
                place=place,
                threshold=wanted,
                certified=loosest is not None and wanted >= loosest,
                loss=frame.estimate(then, 0.025),
                bound=frame.upper(then, share),
                bounds=MappingProxyType(bounds),
                kept=shares,
                saved_usd=float(costs @ (np.array(shares) - np.array(kept))),
            )
        )
    return JointChoice(
        target=target,
        now=frame.estimate(present, 0.025),
        bound=frame.upper(present, share),
        allowed=allowed,
        kept=kept,
        exceeded=frame.lower(present, share) > allowed,
        lowerings=tuple(
            sorted(
                (move for move in lowerings if move.saved_usd > 0),
                key=lambda move: -move.saved_usd,
            )
        ),
        raises=tuple(
            sorted(
                raises,
                key=lambda move: (
                    not move.certified,
                    -move.saved_usd if move.certified else _value(move.loss),
                ),
            )
        ),
        share=share,
    )


def next_move(choice: JointChoice, *, alerted: Sequence[int] = ()) -> Move | None:
    """The move to ask a person about, if any.

    The lowering that saves most. But where more than allowed is lost, a raise: a certified one
    when that is estimated, any when it is shown. A raise costs money, so with merely too few pairs
    to certify what is in force, none is asked for.

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


def served_rates(
    pairs: RoutedPairs, thresholds: Sequence[float], *, level: float = 0.95
) -> tuple[Estimate, ...]:
    """Misroute rate of each tier but the top one, of the requests it would serve.

    `weighted_rate` over the pairs of its boundary that these thresholds serve at it, each for as
    many requests as `RoutedPairs` says. Unknown where these are under half of what it would serve.

    Raises:
        EvidenceError: not one threshold for each boundary.
    """
    frame = _Frame(pairs)
    reached = frame.reached(_checked_thresholds(thresholds, frame.count))
    found = []
    for place in range(frame.count):
        below = reached[:, place - 1] if place else np.zeros(len(reached), dtype=np.bool_)
        here = frame.judged[:, place] & reached[:, place] & ~below
        would = float(frame.share[reached[:, place] & ~below, place].sum())
        shares = frame.share[here, place]
        if not here.any() or shares.sum() < _LEAST_JUDGED * would:
            found.append(unknown())
            continue
        found.append(weighted_rate(np.maximum(frame.gains[here], 0), shares, level=level))
    return tuple(found)


class _Frame:
    """Each boundary's view of all requests: which pair stands for how much of them there.

    ``judged``, ``assumed`` (served below) and ``unseen`` say how the pair of a row came to the
    boundary of a column; ``share`` is the row's part of all requests, each column adding up to 1.
    """

    def __init__(self, every: RoutedPairs) -> None:
        pairs = _of_seen_policies(every)
        self.confidences: Floats = np.asarray(pairs.confidences)
        self.gains: Floats = np.asarray(pairs.gains)
        self.weights: Floats = np.asarray(pairs.weights)
        served: Places = np.asarray(pairs.served)
        boundaries: Places = np.asarray(pairs.boundaries)
        self.count = self.confidences.shape[1]
        place = np.arange(self.count)
        self.judged: Flags = boundaries[:, None] == place
        self.up: Flags = self.judged & (served[:, None] == place)
        # Pairs downwards of a middle tier repeat what its pairs upwards stand for.
        once = (boundaries == served) | (served == self.count)
        seen = self._seen(pairs, np.where(once, self.weights, 0.0))
        elsewhere = once[:, None] & ~self.judged & (seen == 0)
        self.assumed: Flags = elsewhere & (served[:, None] < place)
        self.unseen: Flags = elsewhere & ~self.assumed
        weights = np.where(elsewhere, self.weights[:, None], 0.0)
        standing = self.weights[:, None] / np.where(self.judged, seen, 1.0)
        weights = np.where(self.judged, standing, weights)
        totals = weights.sum(axis=0)
        self.share: Floats = weights / np.where(totals > 0, totals, 1.0)
        self.largest = float(self.share.sum(axis=1).max(initial=0.0))

    def _seen(self, pairs: RoutedPairs, once: Floats) -> Floats:
        """Part of all requests whose policies compare a request like this there; shape (n, B)."""
        thresholds, labels = np.asarray(pairs.thresholds), np.asarray(pairs.labels)
        policies: Places = np.asarray(pairs.policies)
        parts = np.bincount(policies, once, minlength=len(thresholds))
        parts = parts / (parts.sum() or 1.0)
        place = np.arange(self.count)
        seen: Floats = np.zeros_like(self.confidences)
        for part, applied in zip(parts, thresholds, strict=True):
            tier = (~self.reached(applied)).sum(axis=1)
            down = (tier == self.count) | (tier > labels)
            shows = (tier[:, None] == place) | ((tier[:, None] == place + 1) & down[:, None])
            seen += part * shows
        # What was judged was shown, at least by the policy of its time.
        own = np.maximum(parts[policies], 1 / max(1, len(policies)))
        return np.where(self.judged, np.maximum(seen, own[:, None]), seen)

    def reached(self, thresholds: Sequence[float]) -> Flags:
        """Whether a request is served at or below each boundary."""
        met = self.confidences >= np.asarray(thresholds)
        reached: Flags = np.logical_or.accumulate(met, axis=1)
        return reached

    def kept(self, thresholds: Sequence[float]) -> tuple[float, ...]:
        """Share of requests served at or below each boundary."""
        return tuple((self.share * self.reached(thresholds)).sum(axis=0).tolist())

    def moved(self, thresholds: Sequence[float], place: int, threshold: float) -> int:
        """Judged pairs that a lower threshold moves down to a tier."""
        then = self.reached(_with(thresholds, place, threshold))[:, place]
        now = self.reached(thresholds)[:, place]
        return int((self.judged[:, place] & then & ~now).sum())

    def filled(self, assumed: Sequence[float], unseen: float) -> Floats:
        """Gain of every row at every boundary, shape (n, B)."""
        gains = np.where(self.judged, self.gains[:, None], 0.0)
        gains = np.where(self.assumed, np.asarray(assumed), gains)
        filled: Floats = np.where(self.unseen, unseen, gains)
        return filled

    def assumed_gains(self, d: float | None) -> list[float]:
        """Mean gain of what each boundary's own tier served; its upper bound at d if given.

        Never below 0; NaN, or 1 for the bound, where nothing was judged of what it served.
        """
        found = []
        for place in range(self.count):
            here = self.up[:, place]
            w = self.weights[here]
            if not w.size:
                found.append(math.nan if d is None else 1.0)
                continue
            z = w * self.gains[here] / w.sum()
            mean = float(z.sum())
            bound = mean if d is None else _upper(z, float(w.max() / w.sum()), d)
            found.append(min(1.0, max(0.0, bound)))
        return found

    def estimate(self, thresholds: Sequence[float], d: float) -> Estimate:
        """Total loss, its interval's ends at d each, shared with the means that are assumed."""
        share = d / self.count
        reached = self.reached(thresholds)
        means = self.assumed_gains(None)
        needed = (self.assumed & reached).any(axis=0)
        low, high = self.lower(thresholds, share), self.upper(thresholds, share)
        n = int(self.gains.size)
        if not n or any(math.isnan(mean) for mean in np.array(means)[needed]):
            why = "nothing was judged of what a tier serves" if n else "no data"
            return Estimate(None, low, high, n, why)
        terms = self.share * reached * self.filled(np.nan_to_num(means).tolist(), 1.0)
        value = float(terms.sum())
        method = f"sum of {self.count} boundaries, gamma bounds, {n} pairs"
        return Estimate(value, min(low, value), max(high, value), n, method)

    def upper(self, thresholds: Sequence[float], d: float) -> float:
        """Upper bound of the total loss at d, with the assumed means at theirs."""
        filled = self.filled(self.assumed_gains(d), 1.0)
        return _upper_of(self.share * self.reached(thresholds) * filled, self.largest, d)

    def lower(self, thresholds: Sequence[float], d: float) -> float:
        """Lower bound of the total loss at d, where all that is not judged loses nothing."""
        filled = self.filled([0.0] * self.count, 0.0)
        return -_upper_of(-self.share * self.reached(thresholds) * filled, self.largest, d)

    def column(self, place: int, assumed: Sequence[float]) -> JudgedPairs:
        """A boundary's rows for `choose_for_quality`; none where too few were judged."""
        enough = self.judged[:, place].sum() >= _FEWEST_PAIRS
        rows = (self.share[:, place] > 0) & enough
        return JudgedPairs(
            self.confidences[rows],
            self.filled(assumed, 1.0)[rows, place],
            self.share[rows, place],
        )


def _of_seen_policies(pairs: RoutedPairs) -> RoutedPairs:
    """Pairs of the policies that showed enough; `RoutedPairs` says why."""
    policies: Places = np.asarray(pairs.policies)
    counts = np.bincount(policies, minlength=len(np.asarray(pairs.thresholds)))
    rows = counts[policies] >= min(_FEWEST_OF_A_POLICY, int(counts.max(initial=0)))
    if rows.all():
        return pairs
    columns = {name: np.asarray(getattr(pairs, name))[rows] for name in _COLUMNS}
    return replace(pairs, **columns)


def _upper_of(terms: Floats, largest: float, d: float) -> float:
    """Upper bound of a sum of terms (n, B): gains and losses of an exchange are told apart."""
    if not len(terms):
        return math.inf
    gained, lost = np.maximum(terms, 0).sum(axis=1), np.maximum(-terms, 0).sum(axis=1)
    p, n = float(gained.sum()), float(lost.sum())
    above = _gamma_upper(gained, largest, d) - p
    below = n - _gamma_lower(lost, d)
    return p - n + math.hypot(above, below)


def _upper(z: Floats, largest: float, d: float) -> float:
    return _upper_of(z[:, None], largest, d)


def _gamma_upper(z: Floats, largest: float, d: float) -> float:
    y, v = float(z.sum()) + largest, float(z @ z) + largest**2
    return float(special.gammaincinv(y * y / v, 1 - d)) * v / y


def _gamma_lower(z: Floats, d: float) -> float:
    y, v = float(z.sum()), float(z @ z)
    return float(special.gammaincinv(y * y / v, d)) * v / y if y > 0 else 0.0


def _target(
    frame: _Frame, steps_usd: Sequence[float], quality: float, share: float
) -> tuple[float, ...]:
    assumed = frame.assumed_gains(share)
    choice = choose_for_quality(
        [frame.column(place, assumed) for place in range(frame.count)],
        steps_usd=[max(usd, _NO_STEP_USD) for usd in steps_usd],
        quality=quality,
        level=1 - share,
    )
    return tuple(_up_to_cents(threshold) for threshold in choice.thresholds)


def _sequence(  # noqa: PLR0917 - of this module
    frame: _Frame,
    present: Sequence[float],
    place: int,
    step: float,
    allowed: float,
    share: float,
) -> dict[float, float]:
    """Bounds of a tier's thresholds, strict to loose, up to the first that exceeds."""
    cents, reach = round(present[place] * _CENTS), int(step * _CENTS + _ROUNDING)
    bounds = {}
    for candidate in range(min(_CENTS, cents + reach), max(0, cents - reach) - 1, -1):
        threshold = candidate / _CENTS
        bounds[threshold] = frame.upper(_with(present, place, threshold), share)
        if bounds[threshold] > allowed:
            break
    return bounds


def _value(loss: Estimate) -> float:
    return math.inf if loss.value is None else loss.value


def _with(thresholds: Sequence[float], place: int, threshold: float) -> tuple[float, ...]:
    return (*thresholds[:place], threshold, *thresholds[place + 1 :])


def _up_to_cents(threshold: float) -> float:
    return min(1.0, math.ceil(threshold * _CENTS - _ROUNDING) / _CENTS)


def _checked_thresholds(thresholds: Sequence[float], count: int) -> tuple[float, ...]:
    found = checked_array(thresholds, "thresholds", low=0, high=1)
    if found.size != count:
        raise EvidenceError(
            f"found {found.size} thresholds; accepted: one for each of {count} boundaries"
        )
    return tuple(np.round(found, 2).tolist())
