"""Each boundary's view of all requests: who was judged, assumed and unseen there."""

import math
from collections.abc import Sequence

import numpy as np

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.objectives.gamma_bounds import upper_of_mean, upper_of_sum
from tierwatch.evaluation.objectives.quality_target import JudgedPairs
from tierwatch.evaluation.objectives.routed_pairs import (
    Flags,
    Places,
    RoutedPairs,
    of_seen_policies,
)
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.thresholds.weight_caps import SLACK

# As `choose_for_quality` asks of a boundary before anything is kept there.
_FEWEST_PAIRS = 200


class Frame:
    """Each boundary's view of all requests: which pair stands for how much of them there.

    ``judged``, ``assumed`` (served below) and ``unseen`` say how the pair of a row came to the
    boundary of a column; ``share`` is the row's part of all requests, each column adding up to 1.
    ``largest`` is the most that a request may contribute: that of a row, had it been drawn with the
    largest weight that the plans of the time allow.

    Args:
        every: judged pairs of all boundaries.
        max_weight: declared cap of their weights; None takes the largest that was drawn for it.

    Raises:
        EvidenceError: a weight above the declared cap, or a cap that is none.
    """

    def __init__(self, every: RoutedPairs, max_weight: float | None = None) -> None:
        pairs = of_seen_policies(every)
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
        self.cap = _checked_cap(self.weights, max_weight)
        each = self.share.sum(axis=1) / self.weights
        self.largest = self.cap * float(each.max(initial=0.0))

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
        then = self.reached(with_threshold(thresholds, place, threshold))[:, place]
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
            bound = mean if d is None else upper_of_mean(z, float(self.cap / w.sum()), d)
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
        return upper_of_sum(self.share * self.reached(thresholds) * filled, self.largest, d)

    def lower(self, thresholds: Sequence[float], d: float) -> float:
        """Lower bound of the total loss at d, where all that is not judged loses nothing."""
        filled = self.filled([0.0] * self.count, 0.0)
        return -upper_of_sum(-self.share * self.reached(thresholds) * filled, self.largest, d)

    def column(self, place: int, assumed: Sequence[float]) -> JudgedPairs:
        """A boundary's rows for `choose_for_quality`; none where too few were judged."""
        enough = self.judged[:, place].sum() >= _FEWEST_PAIRS
        rows = (self.share[:, place] > 0) & enough
        return JudgedPairs(
            self.confidences[rows],
            self.filled(assumed, 1.0)[rows, place],
            self.share[rows, place],
        )


def _checked_cap(weights: Floats, max_weight: float | None) -> float:
    """The declared cap of the weights, or the largest that was drawn where none is declared."""
    seen = float(weights.max(initial=0.0))
    if max_weight is None:
        return seen
    if not 0 < max_weight < math.inf or seen > max_weight * SLACK:
        raise EvidenceError(
            f"found a cap of {max_weight} and weights up to {seen:g}; accepted: a finite cap"
            " that no weight is above"
        )
    return max(seen, max_weight)


def with_threshold(thresholds: Sequence[float], place: int, threshold: float) -> tuple[float, ...]:
    """The thresholds with another one at a place.

    >>> with_threshold((.7, .8), 1, .6)
    (0.7, 0.6)
    """
    return (*thresholds[:place], threshold, *thresholds[place + 1 :])
