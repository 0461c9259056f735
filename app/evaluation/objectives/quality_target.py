"""Thresholds for an objective given as a share of the top tier's quality.

`thresholds.choice` certifies one tier's misroute rate. Here the question is another: all tiers
together may lose so much and no more, and what they save for it should be as much as it can.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array

_FEWEST_PAIRS = 200
# Finer than a policy's grid: a step of .01 keeps up to 4 % of recorded traffic.
_DIAL = 0.002
_ROUNDING = 1e-9


@dataclass(frozen=True)
class JudgedPairs:
    """What was judged at the boundary between a tier and the next.

    Attributes:
        confidences: for each pair, the confidence of every tier but the top one, cheapest first,
            given by a model that had not learned from the pair; shape (n, tiers - 1).
        gains: what going up gained: 1 where the higher tier's answer was better, 0 for a tie, -1
            where the lower's was; shape (n,).
        weights: how many requests each pair stands for, relative to the others; shape (n,).
    """

    confidences: ArrayLike
    gains: ArrayLike
    weights: ArrayLike


@dataclass(frozen=True)
class ObjectiveChoice:
    """Thresholds for every tier but the top one, cheapest first.

    Attributes:
        thresholds: all 1 where nothing looser passed. Finer than the grid of policies: round up,
            or carry over with `match_share`.
        kept: share of requests, by these pairs, that each tier or one below it serves.
        loss: estimate of what is lost against always the top tier, per request.
        bound: its upper bound at the asked level.
        allowed: what may be lost.
    """

    thresholds: tuple[float, ...]
    kept: tuple[float, ...]
    loss: float
    bound: float
    allowed: float


def choose_for_quality(
    boundaries: Sequence[JudgedPairs],
    *,
    steps_usd: Sequence[float],
    quality: float,
    top_quality: float = 1.0,
    level: float = 0.95,
) -> ObjectiveChoice:
    """The loosest thresholds that keep ``quality`` of the top tier's quality, on a bound.

    A tier is kept where the gain of leaving it is below a price: with one price lambda per USD for
    all, the threshold of tier t is ``1 - lambda * (cost of the step up from t)``. So there is one
    dial instead of one a tier, it gives the most saving for any loss if confidences are right, and
    it is tested from strict to loose, stopping at the first setting that fails (fixed-sequence
    testing; Angelopoulos et al., "Learn then test", 2021).

    What is lost is summed over boundaries: ``sum_b E[gain_b; served at b or below]``, each a
    weighted mean over that boundary's pairs, with the normal approximation's upper bound. A tie
    counts as equal. ``quality`` is a ratio, so the loss allowed is ``(1 - quality) * top_quality``.

    Guarantee: at the level, if pairs are independent, many, and of the same traffic as what is to
    be served. Not guaranteed: small n (below some 500 the bound is rough); traffic that changes; a
    judge that errs.

    Args:
        boundaries: cheapest first. One with fewer than 200 pairs is shut: nothing is kept there
            or below.
        steps_usd: mean cost of an answer one tier up, less that at the tier; one a boundary.
        quality: share of the top tier's quality to keep, in (0, 1).
        top_quality: share of requests that the top tier itself answers well, in (0, 1]. Without
            grades of answers only 1 is known, and the ratio kept is then lower than asked.
        level: of the bound, in [.5, 1); .5 chooses on the estimate and misses half the time.

    Raises:
        EvidenceError: input out of range, or of lengths that differ.

    >>> rng = np.random.default_rng(1)
    >>> c = rng.uniform(0, 1, 2_000)
    >>> gains = (rng.uniform(0, 1, 2_000) < 1 - c).astype(float)   # better with chance 1 - c
    >>> choice = choose_for_quality([JudgedPairs(c[:, None], gains, np.ones(2_000))],
    ...                             steps_usd=[.003], quality=.95)
    >>> choice.bound <= choice.allowed
    True
    >>> round(choice.thresholds[0], 3)    # E[1 - c; c >= .722] = .039
    0.722
    """
    columns, allowed, z = _checked(boundaries, steps_usd, quality, top_quality, level)
    dearest = max(steps_usd)
    usable = [len(gains) >= _FEWEST_PAIRS for _, gains, _ in columns]
    # A tier below a boundary without evidence cannot be kept either.
    shut = [not all(usable[place:]) for place in range(len(columns))]
    chosen = _tried((1.0,) * len(columns), columns, shut, z, allowed)
    for dial in range(1, round(1 / _DIAL) + 1):
        thresholds = tuple(
            1.0 if closed else 1 - _DIAL * dial * step / dearest
            for closed, step in zip(shut, steps_usd, strict=True)
        )
        candidate = _tried(thresholds, columns, shut, z, allowed)
        if candidate.bound > allowed:
            break
        chosen = candidate
    return chosen


def _tried(
    thresholds: tuple[float, ...],
    columns: Sequence[tuple[Floats, Floats, Floats]],
    shut: Sequence[bool],
    z: float,
    allowed: float,
) -> ObjectiveChoice:
    loss = variance = 0.0
    kept = []
    for place, (confidences, gains, weights) in enumerate(columns):
        if shut[place]:
            kept.append(0.0)
            continue
        open_below = [t for t in range(place + 1) if not shut[t]]
        reached = confidences[:, open_below] >= np.array([thresholds[t] for t in open_below])
        served = reached.any(axis=1)
        total = weights.sum()
        lost = gains * served
        mean = float((weights * lost).sum() / total)
        loss += mean
        variance += float(((weights * (lost - mean)) ** 2).sum() / total**2)
        kept.append(float((weights * served).sum() / total))
    return ObjectiveChoice(
        thresholds=thresholds,
        kept=tuple(kept),
        loss=loss,
        bound=loss + z * math.sqrt(variance),
        allowed=allowed,
    )


def _checked(
    boundaries: Sequence[JudgedPairs],
    steps_usd: Sequence[float],
    quality: float,
    top_quality: float,
    level: float,
) -> tuple[list[tuple[Floats, Floats, Floats]], float, float]:
    if not boundaries or len(steps_usd) != len(boundaries):
        raise EvidenceError(
            f"found {len(boundaries)} boundaries and {len(steps_usd)} steps; accepted: one step"
            " for each of one or more boundaries"
        )
    if not (0 < quality < 1 and 0 < top_quality <= 1):
        raise EvidenceError(
            f"found quality {quality} of {top_quality}; accepted: quality in (0, 1), of"
            " top_quality in (0, 1]"
        )
    if not 0.5 <= level < 1:  # noqa: PLR2004 - below it a bound is none
        raise EvidenceError(f"level: found {level}; accepted: from .5 to below 1")
    if not all(math.isfinite(step) and step > 0 for step in steps_usd):
        raise EvidenceError(f"steps: found {list(steps_usd)}; accepted: USD above 0")
    columns = []
    for pairs in boundaries:
        gains = checked_array(pairs.gains, "gains", low=-1, high=1)
        weights = checked_array(pairs.weights, "weights", low=0, high=math.inf)
        confidences = np.asarray(pairs.confidences, dtype=np.float64)
        if confidences.size == 0:
            confidences = confidences.reshape(0, len(boundaries))
        fits = confidences.shape == (gains.size, len(boundaries)) and weights.size == gains.size
        if not (fits and np.all((confidences >= 0) & (confidences <= 1)) and np.all(weights > 0)):
            raise EvidenceError(
                f"found confidences of shape {confidences.shape}, {gains.size} gains,"
                f" {weights.size} weights; accepted: {len(boundaries)} confidences in [0, 1] and a"
                " weight above 0 for each gain"
            )
        columns.append((confidences, gains, weights))
    return columns, (1 - quality) * top_quality, float(special.ndtri(level))
