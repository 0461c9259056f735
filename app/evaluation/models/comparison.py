"""Is a learned model better than the active one, on pairs neither has learned from?

Both models give their chances for the same held-out pairs, so what the pairs have in common cancels
in the difference. Pairs of a conversation share its topic and its user: conversations, not pairs,
are what is taken as independent.

References: Cochran, "Sampling Techniques" (1977), section 6.13, for the ratio estimator of
clusters; Efron and Tibshirani, "An introduction to the bootstrap" (1993), for percentile intervals;
Ong et al., "RouteLLM" (2024), for the average performance gap recovered.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.bootstrap import FEWEST_CONVERSATIONS, no_area
from tierwatch.evaluation.models.chances import (
    LEAST_CHANCE,
    checked_chances,
    confidences,
    log_losses,
)
from tierwatch.evaluation.models.held_out import Conversations, HeldOut
from tierwatch.evaluation.models.recovered import area_gain, area_of
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate

_MOST_LOSS = -math.log(LEAST_CHANCE)


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
    old, new = (
        checked_chances(incumbent, n, "incumbent"),
        checked_chances(candidate, n, "candidate"),
    )
    if n == 0:
        return Comparison(0, 0.0, None, _no_gain("no held-out pairs"), None, no_area("no pairs"))
    talks = Conversations.of(held_out)
    w = talks.weights
    losses = [log_losses(chances, held_out.verdicts) for chances in (old, new)]
    gain = np.array([{"worse": 1.0, "tie": 0.0, "better": -1.0}[v] for v in held_out.verdicts])
    areas = [area_of(confidences(chances), gain) for chances in (old, new)]
    apgr = (areas[0](w), areas[1](w))
    return Comparison(
        pairs=n,
        conversations=talks.effective,
        log_loss=(float(np.average(losses[0], weights=w)), float(np.average(losses[1], weights=w))),
        log_loss_gain=_mean_gain(losses[0] - losses[1], talks, delta),
        apgr=None if None in apgr else (apgr[0] or 0.0, apgr[1] or 0.0),
        apgr_gain=area_gain(areas, talks, seed),
    )


def _mean_gain(gain: Floats, talks: Conversations, delta: float) -> Estimate:
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
