"""Is a learned model better than the one in force, on pairs neither has learned from?

Both models give their chances for the same held-out pairs, so what the pairs have in common cancels
in the difference. Pairs of a conversation share its topic and its user: conversations, not pairs,
are what is taken as independent.

References: Cochran, "Sampling Techniques" (1977), section 6.13, for the ratio estimator of
clusters; Efron and Tibshirani, "An introduction to the bootstrap" (1993), for percentile intervals;
Ong et al., "RouteLLM" (2024), for the average performance gap recovered.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimation import (
    Estimate,
    Floats,
    checked_array,
    checked_weights,
    unknown,
    weighted_rate,
)
from tierwatch.evaluation.sampling.outcome import LOWER_VERDICTS
from tierwatch.routing.classify.local_tiers import SUREST

# A chance below this counts as this: one odd pair costs at most log(1000) = 6.9.
LEAST_CHANCE = 0.001
_MOST_LOSS = -math.log(LEAST_CHANCE)
# Fewer effective conversations give no interval worth the name: the t of 30 is near the normal,
# and the losses are skewed.
FEWEST_CONVERSATIONS = 30
_DRAWS = 500
_CENTS = 100
_COLUMNS = 2


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Judged pairs about one boundary that neither model learned from; columns of one length.

    Attributes:
        verdicts: ``worse | tie | better``, of the lower tier's answer.
        weights: 1 / pi.
        sessions: the conversation of each pair.

    Raises:
        EvidenceError: columns of different length, another verdict, or a weight that is not
            positive and finite.
    """

    verdicts: Sequence[str]
    weights: Sequence[float]
    sessions: Sequence[str]

    def __post_init__(self) -> None:
        checked_weights(self.weights, len(self.verdicts))
        if len(self.sessions) != len(self.verdicts):
            raise EvidenceError(
                f"found {len(self.verdicts)} verdicts of {len(self.sessions)} conversations;"
                " accepted: as many of each"
            )
        if unread := set(self.verdicts) - set(LOWER_VERDICTS):
            raise EvidenceError(
                f"verdict: found {sorted(unread)}; accepted: {', '.join(LOWER_VERDICTS)}"
            )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate against the incumbent.

    Attributes:
        pairs: held-out pairs.
        conversations: how many equally weighted conversations they are worth.
        log_loss: weighted mean log loss of incumbent and candidate; None without pairs.
        log_loss_gain: incumbent's less candidate's, with its interval; above 0 the candidate is
            better.
        apgr: share of the quality gap recovered, averaged over budgets, of incumbent and
            candidate (random is .5); None where the higher tier is no better on these pairs.
        apgr_gain: candidate's less incumbent's, with its 95 % interval.
    """

    pairs: int
    conversations: float
    log_loss: tuple[float, float] | None
    log_loss_gain: Estimate
    apgr: tuple[float, float] | None
    apgr_gain: Estimate

    @property
    def better(self) -> bool:
        """Whether the candidate is shown to be better.

        The interval of the log loss excludes no gain, and the order in which it ranks prompts,
        which is what routing uses, is not found to be worse.
        """
        if self.log_loss_gain.value is None or self.log_loss_gain.low <= 0:
            return False
        return self.apgr_gain.value is None or self.apgr_gain.value >= 0


def compare_models(
    held_out: HeldOut,
    incumbent: ArrayLike,
    candidate: ArrayLike,
    *,
    delta: float,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same pairs.

    With chances p of the verdict a pair got, taken as at least .001, the gain of pair i is
    ``d = log p_candidate - log p_incumbent``; its weighted mean D is estimated by the ratio
    ``sum(w d) / sum(w)``. With u the sum of ``w (d - D)`` over a conversation, its variance is

        G / (G - 1) * sum(u^2) / sum(w)^2

    over G conversations, and the interval Student's t with Kish's number of conversations less 1.
    The share recovered is the area under the curve of gain (1 for *worse*, -1 for *better*) over
    the share sent up, the least confident first; its interval comes from a seeded bootstrap of
    conversations.

    Guarantee: a candidate that is no better on this traffic has a lower end above 0 with
    probability delta, as far as the mean over conversations is normal; simulated with skewed
    weights at 300 pairs it was less. Not guaranteed: anything against judge error, or on other
    traffic.

    Args:
        held_out: the pairs.
        incumbent: chances as `LocalClassifier.predict` gives them (higher better, lower better),
            shape (n, 2).
        candidate: the same of the candidate.
        delta: of each end of the log loss's interval, in (0, .5).
        seed: of the bootstrap.

    Raises:
        EvidenceError: chances that are not, or not as many as pairs; delta outside its range.

    >>> held_out = HeldOut(["worse", "tie"] * 60, [1.0] * 120, list(map(str, range(120))))
    >>> flat, sure = [(.5, .1)] * 120, [(.9, .0), (.1, .0)] * 60
    >>> found = compare_models(held_out, flat, sure, delta=.025)
    >>> found.better, round(found.log_loss_gain.value, 3)   # (log .9/.5 + log .9/.4) / 2
    (True, 0.699)
    >>> compare_models(held_out, sure, flat, delta=.025).better
    False
    """
    if not 0 < delta < 0.5:  # noqa: PLR2004 - the ends of an interval
        raise EvidenceError(f"delta: found {delta}; accepted: a number between 0 and 0.5")
    n = len(held_out.verdicts)
    old, new = _chances(incumbent, n, "incumbent"), _chances(candidate, n, "candidate")
    if n == 0:
        return Comparison(0, 0.0, None, _no_gain("no held-out pairs"), None, _no_area("no pairs"))
    talks = _Conversations.of(held_out)
    w = talks.weights
    losses = [log_losses(chances, held_out.verdicts) for chances in (old, new)]
    gain = np.array([{"worse": 1.0, "tie": 0.0, "better": -1.0}[v] for v in held_out.verdicts])
    areas = [_area_of(confidences(chances), gain) for chances in (old, new)]
    apgr = (areas[0](w), areas[1](w))
    return Comparison(
        pairs=n,
        conversations=talks.effective,
        log_loss=(float(np.average(losses[0], weights=w)), float(np.average(losses[1], weights=w))),
        log_loss_gain=_mean_gain(losses[0] - losses[1], talks, delta),
        apgr=None if None in apgr else (apgr[0] or 0.0, apgr[1] or 0.0),
        apgr_gain=_area_gain(areas, talks, seed),
    )


def confidences(chances: ArrayLike, above: ArrayLike = 0.0) -> Floats:
    """The confidence that the lower tier suffices, as `LocalTierClassifier` computes it.

    Args:
        chances: what `LocalClassifier.predict` gives at this boundary; shape (n, 2).
        above: the most that going on from the next tier gains, as `most_gain` gives it; shape (n,).

    >>> confidences([(.3, .1), (.1, .2)]).round(9).tolist()
    [0.8, 0.999]
    >>> confidences([(.3, .1)], [.5]).round(9).tolist()
    [0.3]
    """
    found: Floats = np.clip(1 - most_gain(chances, above), 0.0, SUREST)
    return found


def most_gain(chances: ArrayLike, above: ArrayLike = 0.0) -> Floats:
    """The most that any way up from a tier gains; never below 0.

    >>> most_gain([(.3, .1), (.1, .2)], [0, .5]).round(9).tolist()
    [0.2, 0.4]
    """
    higher, lower = np.asarray(chances, float).reshape(-1, _COLUMNS).T
    found: Floats = np.maximum(0.0, np.asarray(above, float) + higher - lower)
    return found


def matched_threshold(
    incumbent: ArrayLike, candidate: ArrayLike, weights: ArrayLike, threshold: float
) -> float:
    """The loosest threshold at which the candidate keeps no more traffic than is kept now.

    Confidences of two models are not comparable, shares of traffic are: at the same share the cost
    is the same, and what differs is which prompts stay.

    Args:
        incumbent: confidences of the model in force, shape (n,).
        candidate: of the other model, for the same prompts.
        weights: 1 / pi.
        threshold: in force.

    Returns:
        On the grid of cents; 1 where even that keeps more.

    Raises:
        EvidenceError: bad columns.

    >>> matched_threshold([.9, .8, .6, .5], [.3, .25, .2, .1], [1, 1, 1, 1], .7)
    0.21
    """
    old = checked_array(incumbent, "incumbent's confidences", low=0, high=1)
    new = checked_array(candidate, "candidate's confidences", low=0, high=1)
    w = checked_weights(weights, old.size)
    if new.size != old.size:
        raise EvidenceError(f"found {old.size} and {new.size} confidences; accepted: as many")
    kept = w[old >= threshold].sum()
    for cents in range(_CENTS):
        if w[new >= cents / _CENTS].sum() <= kept * (1 + 1e-9):
            return cents / _CENTS
    return 1.0


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What another model and threshold would do to a boundary's traffic.

    Attributes:
        misroute_now: misroute rate among the traffic kept now.
        misroute: the same among what the candidate would keep.
        misroute_change: the second less the first, paired.
        cost_change: relative change of the cost of this boundary's traffic.
        kept_now: share of the traffic kept now.
        kept: share the candidate would keep.
    """

    misroute_now: Estimate
    misroute: Estimate
    misroute_change: Estimate
    cost_change: Estimate
    kept_now: Estimate
    kept: Estimate


def model_change(
    held_out: HeldOut,
    now: ArrayLike,
    then: ArrayLike,
    *,
    cost_low: float,
    cost_high: float,
    seed: int = 0,
) -> ModelChange:
    """Predict what a candidate would do, from held-out pairs.

    Rates are `weighted_rate`; changes have percentile intervals (95 %) of a seeded bootstrap of
    conversations. Costs are taken as known.

    Args:
        held_out: the pairs.
        now: whether each is kept now, shape (n,).
        then: whether the candidate would keep it.
        cost_low: mean cost of an answer of the lower tier, USD.
        cost_high: the same of the higher tier.
        seed: of the bootstrap.

    Raises:
        EvidenceError: not as many as pairs.

    >>> held_out = HeldOut(["worse", "tie"] * 40, [1.0] * 80, list(map(str, range(80))))
    >>> change = model_change(held_out, [True] * 80, [False, True] * 40, cost_low=1, cost_high=3)
    >>> change.misroute_now.value, change.misroute.value, change.cost_change.value
    (0.5, 0.0, 1.0)
    """
    n = len(held_out.verdicts)
    kept = [np.asarray(column, bool) for column in (now, then)]
    if any(column.shape != (n,) for column in kept):
        raise EvidenceError(f"found {kept[0].size} and {kept[1].size} marks; accepted: {n}")
    w = np.asarray(held_out.weights, float)
    loss = np.array([float(verdict == "worse") for verdict in held_out.verdicts])
    old, new = kept

    def rate_change(weights: Floats) -> float | None:
        before, after = weights[old].sum(), weights[new].sum()
        if not (before > 0 and after > 0):
            return None
        return float((weights * loss)[new].sum() / after - (weights * loss)[old].sum() / before)

    def cost_change(weights: Floats) -> float | None:
        share = weights[old].sum() / weights.sum(), weights[new].sum() / weights.sum()
        before, after = (s * cost_low + (1 - s) * cost_high for s in share)
        return float(after / before - 1) if before > 0 else None

    talks = _Conversations.of(held_out)
    rate, cost = _bootstrapped((rate_change, cost_change), talks, seed)
    return ModelChange(
        misroute_now=weighted_rate(loss[old], w[old]),
        misroute=weighted_rate(loss[new], w[new]),
        misroute_change=rate,
        cost_change=cost,
        kept_now=weighted_rate(old.astype(float), w),
        kept=weighted_rate(new.astype(float), w),
    )


def _chances(given: ArrayLike, n: int, whose: str) -> Floats:
    try:
        chances = np.asarray(given, float).reshape(n, _COLUMNS)
    except ValueError:
        raise EvidenceError(
            f"{whose}: found chances of another shape; accepted: ({n}, 2)"
        ) from None
    if not (np.all(chances >= 0) and np.all(chances.sum(axis=1) <= 1 + 1e-9)):
        raise EvidenceError(f"{whose}: found chances outside [0, 1] or of more than 1 together")
    return chances


def log_losses(chances: Floats, verdicts: Sequence[str]) -> Floats:
    """Less the logarithm of the chance that each verdict was given, taken as at least .001.

    Args:
        chances: shape (n, 2), as `compare_models` takes them.
        verdicts: n.
    """
    tie = 1 - chances.sum(axis=1)
    of = {"worse": chances[:, 0], "tie": tie, "better": chances[:, 1]}
    said = np.array([of[verdict][place] for place, verdict in enumerate(verdicts)])
    found: Floats = -np.log(np.clip(said, LEAST_CHANCE, 1))
    return found


@dataclass(frozen=True, slots=True)
class _Conversations:
    """Which pair belongs to which of ``count`` conversations, and what it weighs."""

    weights: Floats
    numbers: NDArray[np.intp]
    count: int

    @classmethod
    def of(cls, held_out: HeldOut) -> "_Conversations":
        names, numbers = np.unique(np.array(held_out.sessions, dtype=str), return_inverse=True)
        return cls(np.asarray(held_out.weights, float), numbers, names.size)

    @property
    def effective(self) -> float:
        totals = self.sums(self.weights)
        return float(totals.sum() ** 2 / (totals**2).sum())

    def sums(self, values: Floats) -> Floats:
        """Of each conversation."""
        found: Floats = np.bincount(self.numbers, values, self.count).astype(float)
        return found


def _mean_gain(gain: Floats, talks: _Conversations, delta: float) -> Estimate:
    n, w = talks.effective, talks.weights
    if n < FEWEST_CONVERSATIONS:
        why = f"{n:.0f} effective conversations; {FEWEST_CONVERSATIONS} are needed"
        return _no_gain(why, n=gain.size)
    mean = float(np.average(gain, weights=w))
    spread = float((talks.sums(w * (gain - mean)) ** 2).sum())
    error = math.sqrt(talks.count / (talks.count - 1) * spread) / float(w.sum())
    reach = float(special.stdtrit(n - 1, 1 - delta)) * error
    method = f"paired t, {n:.0f} effective conversations, each end at {delta:.2g}"
    return Estimate(mean, mean - reach, mean + reach, gain.size, method)


def _no_gain(why: str, n: int = 0) -> Estimate:
    return Estimate(None, -_MOST_LOSS, _MOST_LOSS, n, why)


def _no_area(why: str) -> Estimate:
    return unknown(why, low=-1.0)


def _area_of(confidence: Floats, gain: Floats) -> Callable[[Floats], float | None]:
    """The share recovered as a function of the weights; the order is found once."""
    order = np.argsort(confidence, kind="stable")
    # Prompts of one confidence go up together: the curve is straight between them.
    ends = np.append(np.flatnonzero(np.diff(confidence[order])), order.size - 1)

    def area(weights: Floats) -> float | None:
        w = weights[order]
        sent = np.concatenate([[0.0], np.cumsum(w)[ends]])
        won = np.concatenate([[0.0], np.cumsum(w * gain[order])[ends]])
        if not (won[-1] > 0 and sent[-1] > 0):
            return None
        return float(np.trapezoid(won / won[-1], sent / sent[-1]))

    return area


def _area_gain(
    areas: Sequence[Callable[[Floats], float | None]], talks: _Conversations, seed: int
) -> Estimate:
    def gain(weights: Floats) -> float | None:
        old, new = areas[0](weights), areas[1](weights)
        return None if old is None or new is None else new - old

    return _bootstrapped((gain,), talks, seed)[0]


def _bootstrapped(
    figures: Sequence[Callable[[Floats], float | None]], talks: _Conversations, seed: int
) -> list[Estimate]:
    """Each figure with its 95 % percentile interval over resampled conversations."""
    w, count = talks.weights, talks.count
    if count < FEWEST_CONVERSATIONS:
        why = f"{count} conversations; {FEWEST_CONVERSATIONS} are needed"
        return [_no_area(why) for _ in figures]
    rng = np.random.default_rng(seed)
    share = np.full(count, 1 / count)
    drawn: list[list[float]] = [[] for _ in figures]
    for _ in range(_DRAWS):
        weights = w * rng.multinomial(count, share)[talks.numbers]
        for column, figure in zip(drawn, figures, strict=True):
            if (value := figure(weights)) is not None:
                column.append(value)
    found = []
    for column, figure in zip(drawn, figures, strict=True):
        value = figure(w)
        # A figure that every tenth draw does not have is not known.
        if value is None or len(column) < 0.9 * _DRAWS:
            found.append(_no_area("not defined on these pairs"))
            continue
        low, high = np.quantile(column, [0.025, 0.975])
        method = f"bootstrap of {count} conversations, seed {seed}"
        found.append(Estimate(value, float(low), float(high), w.size, method))
    return found
