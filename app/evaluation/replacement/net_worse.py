r"""How much more often a candidate's answers are worse than better, by bounds that may be watched.

A pair is a question that the serving model has answered and the candidate is asked too, judged
blind: x is 1 where the candidate's answer is materially worse, -1 where it is materially better,
and 0 for a tie. Its mean is the *net* rate at which the candidate is worse. Two equal models that
answer by chance are worse and better equally often; a rate of worse answers alone would refuse the
model that serves now as its own candidate.

With declared cap W on weights, u = w / W in (0, 1], the evidence that the net rate is below d is

    E(d) = mean over k of  prod_i (1 + lambda_k u_i (d - x_i)),     lambda_k = s_k / (1 - d)

for stakes s in .02, .05, .1, .2, .4, .7 and .95. While the weighted net rate of each pair, given
those before, is at least d, each product is a supermartingale that starts at 1, so it ever reaches
1 / delta with chance at most delta (Ville 1939). The upper bound is the smallest d whose evidence
is 1 / delta; E rises with d, so every larger one is excluded too. The lower bound is the same with
worse and better exchanged.

Reference: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting"
(Journal of the Royal Statistical Society B, 2024).

Guarantee: ``P(the upper bound is ever below the net rate) <= delta``, checked as often as one
likes, for pairs whose weighted net rate given those before is the same throughout. The same holds
for the lower bound, by itself.

Not guaranteed: anything for pairs of one conversation (a trial draws one of each), for weights that
are not the true 1 / pi, or for a cap read from the weights afterwards; and the judge's errors are
not in it. A judge that cannot tell the two apart says tie, and shows nothing but that.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array
from tierwatch.evaluation.rates.confidence_sequence import always_valid, scaled_weights
from tierwatch.evaluation.rates.estimate import Estimate, unknown

# The best stake is about (d - net) / (worse + better): .5 where a tenth of all pairs differ, near 1
# where hardly any do. Seven from .02 to .95 cost at most ln 7 of the ln(1 / delta) that is needed.
_STAKES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95])
# Halvings of [-1, 1]: to a hundredth of a per mille.
_HALVINGS = 18
_METHOD = "may be watched: betting bounds, each end by itself"


class Compared(NamedTuple):
    """A candidate beside the model that serves.

    Attributes:
        net: rate of materially worse answers less that of materially better ones; its two ends
            are one-sided bounds, each at the delta asked for.
        worse: rate of materially worse ones.
        better: rate of materially better ones.
    """

    net: Estimate
    worse: Estimate
    better: Estimate


def compare_answers(
    differences: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    max_weight: float = 1.0,
    delta: float = 0.05,
) -> Compared:
    """What pairs say so far.

    Args:
        differences: shape (n,), 1 where the candidate is worse, -1 where it is better, 0 for a tie;
            in the order in which they were found.
        weights: shape (n,), 1 / pi against a plain sample, each in (0, max_weight]; all 1 without.
        max_weight: declared before the data.
        delta: chance that a bound is ever wrong, in (0, 1); of each end.

    Raises:
        EvidenceError: an argument outside its range.

    Example:
        Two hundred pairs, of which each model wins ten:

        >>> found = compare_answers([1] * 10 + [-1] * 10 + [0] * 180)
        >>> found.net.value, round(found.worse.value, 3)
        (0.0, 0.05)
        >>> found.net.low < 0 < found.net.high < 0.1
        True
        >>> compare_answers([]).net.value is None
        True
    """
    if not 0 < delta < 1:
        raise EvidenceError(f"delta must lie between 0 and 1, not {delta}")
    x = checked_array(differences, "differences", low=-1, high=1)
    u = scaled_weights(weights, max_weight, x.size)
    if x.size == 0:
        return Compared(unknown(), unknown(), unknown())
    net = Estimate(
        float((u * x).sum() / u.sum()),
        -_upper_bound(-x, u, delta),
        _upper_bound(x, u, delta),
        int(x.size),
        _METHOD,
    )
    worse, better = (
        always_valid(one.astype(float), weights, max_weight=max_weight) for one in (x > 0, x < 0)
    )
    return Compared(net, worse, better)


def _upper_bound(x: Floats, u: Floats, delta: float) -> float:
    """The smallest net rate that is excluded with all larger ones; 1 where none is."""
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _log_evidence(x, u, middle) >= -np.log(delta):
            high = middle
        else:
            low = middle
    return high


def _log_evidence(x: Floats, u: Floats, rate: float) -> float:
    """Ln E(rate), for one rate below 1."""
    bets = _STAKES / (1 - rate)
    grown = np.log1p(np.outer(bets, u * (rate - x))).sum(axis=1)
    return float(np.logaddexp.reduce(grown) - np.log(_STAKES.size))
