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
from tierwatch.evaluation.rates.ladder_quality import ASSUMED, FEWEST_DIRECT
from tierwatch.evaluation.thresholds.weight_caps import SLACK

# As `choose_for_quality` asks of a boundary before anything is kept there.
_FEWEST_PAIRS = 200


class Frame:
    """Each boundary's view of all requests: which pair stands for how much of them there.

    ``judged``, ``assumed`` (served below) and ``unseen`` say how the pair of a row came to the
    boundary of a column; ``share`` is the row's part of all requests, each column adding up to 1.

    What a tier two or more below the top serves is ``compared`` where 30 of its pairs or more were
    compared with the top tier directly. These then stand for all of them, with what was found: they
    carry their own gain at their boundary and the rest of the direct one at the top boundary, so
    that a request that stays loses the direct gain, and one moved up loses what is left of it.
    Where fewer were, cells are ``guessed``: an estimate assumes the mean of what the boundary's own
    tier serves, a certificate takes them for lost.

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
        self.cap = _checked_cap(self.weights, max_weight)
        self._direct, self._served = np.asarray(pairs.direct), served
        weight, heaviest = self._stand_for_all(np.asarray(pairs.direct_weights))
        weights = np.where(elsewhere, weight[:, None], 0.0)
        standing = weight[:, None] / np.where(self.judged, seen, 1.0)
        weights = np.where(self.judged, standing, weights)
        totals = weights.sum(axis=0)
        self.share: Floats = weights / np.where(totals > 0, totals, 1.0)
        self._heaviest = heaviest

    def _stand_for_all(self, direct_weights: Floats) -> tuple[Floats, Floats]:
        """Weights in which direct comparisons stand for all of their tier's; sets what is guessed.

        Also how many times heavier each row may be than it is, had it been drawn with the largest
        weight possible.
        """
        weight, heaviest = self.weights.copy(), self.cap / self.weights
        top = self.count - 1
        self.compared: Flags = np.zeros(len(weight), dtype=np.bool_)
        self.guessed: Flags = self.assumed.copy()
        for place in range(top):
            all_there = (self._served == place) & self.assumed[:, top]
            found = all_there & ~np.isnan(self._direct)
            if found.sum() < FEWEST_DIRECT:
                continue
            self.compared |= found
            self.guessed[all_there] = False
            scale = self.weights[all_there].sum() / direct_weights[found].sum()
            weight[all_there] = 0.0
            weight[found] = scale * direct_weights[found]
            rarer = (direct_weights[found] / self.weights[found]).max()
            heaviest[found] = np.maximum(1.0, self.cap * rarer / direct_weights[found])
        return weight, heaviest

    def largest(self, thresholds: Sequence[float]) -> float:
        """The most that a request may contribute to a sum of gains under thresholds.

        That of a row with its worst gains, had it been drawn with the largest weight that the plans
        of the time allow. A direct gain is 1 at most; what is left of it for who is moved up, 2.
        """
        rows = np.arange(len(self._served))
        top = self.share[:, -1]
        own = self.share[rows, np.minimum(self._served, self.count - 1)]
        stays = self.reached(thresholds)[rows, np.minimum(self._served, self.count - 1)]
        direct = np.where(stays, top + np.abs(own - top), 2 * top)
        each = np.where(self.compared, direct, self.share.sum(axis=1)) * self._heaviest
        return float(each.max(initial=0.0))

    @property
    def guesses(self) -> tuple[int, ...]:
        """Places of the tiers whose requests an estimate assumes something of."""
        held = self.guessed & (self.share > 0)
        return tuple(place for place in range(self.count) if held[self._served == place].any())

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
        gains = np.where(self.guessed, np.asarray(assumed), gains)
        gains[self.compared, -1] = (self._direct - self.gains)[self.compared]
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
        needed = (self.guessed & reached).any(axis=0)
        low, high = self.lower(thresholds, share), self.upper(thresholds, share, assume=True)
        n = int(self.gains.size)
        if not n or any(math.isnan(mean) for mean in np.array(means)[needed]):
            why = "nothing was judged of what a tier serves" if n else "no data"
            return Estimate(None, low, high, n, why)
        terms = self.share * reached * self.filled(np.nan_to_num(means).tolist(), 1.0)
        value = float(terms.sum())
        method = f"sum of {self.count} boundaries, gamma bounds, {n} pairs"
        if self.compared.any():
            method += f", {int(self.compared.sum())} of them compared with the top tier too"
        if needed.any():
            method += ASSUMED
        return Estimate(value, min(low, value), max(high, value), n, method)

    def upper(self, thresholds: Sequence[float], d: float, *, assume: bool = False) -> float:
        """Upper bound of the total loss at d.

        What is guessed counts as lost; with ``assume`` at the upper bound of the mean that is
        assumed of it, at d as well.
        """
        guess = self.assumed_gains(d) if assume else [1.0] * self.count
        terms = self.share * self.reached(thresholds) * self.filled(guess, 1.0)
        return upper_of_sum(terms, self.largest(thresholds), d)

    def lower(self, thresholds: Sequence[float], d: float) -> float:
        """Lower bound of the total loss at d, where all that is not judged loses nothing."""
        filled = self.filled([0.0] * self.count, 0.0)
        terms = self.share * self.reached(thresholds) * filled
        return -upper_of_sum(-terms, self.largest(thresholds), d)

    def column(self, place: int, assumed: Sequence[float]) -> JudgedPairs:
        """A boundary's rows for `choose_for_quality`; none where too few were judged."""
        enough = self.judged[:, place].sum() >= _FEWEST_PAIRS
        rows = (self.share[:, place] > 0) & enough
        return JudgedPairs(
            self.confidences[rows],
            np.clip(self.filled(assumed, 1.0)[rows, place], -1.0, 1.0),
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
