"""Rates with an interval, from verdicts, sampling weights and a few human labels.

An `Estimate` is a value or *unknown*; it always says how many pairs it rests on and by what method.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tierwatch.errors import EvidenceError

Floats = NDArray[np.float64]
Labels = Sequence[Any] | NDArray[Any]

# How the method of a rate begins that people's labels have corrected.
DOUBLE_SAMPLING = "double sampling"

# 10,000 draws place a 95 % end point within 2 % of the interval's width, in 5 ms a stratum.
_DRAWS = 10_000
# Beta(1/3, 1/3) is neutral for rates near zero (Kerman 2011); Beta(1/2, 1/2) is Jeffreys' prior.
_NEUTRAL, _JEFFREYS = 1 / 3, 1 / 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its interval, or *unknown*.

    Attributes:
        value: the estimate, or None when there is nothing to estimate it from.
        low: lower end of the interval.
        high: upper end of the interval.
        n: pairs it rests on.
        method: how it was made, for the reader: estimator, interval and what limits it.
    """

    value: float | None
    low: float
    high: float
    n: int
    method: str


def unknown(method: str = "no pairs", *, low: float = 0.0, high: float = 1.0) -> Estimate:
    """The estimate for which there is no evidence: no value, and everything possible.

    >>> unknown()
    Estimate(value=None, low=0.0, high=1.0, n=0, method='no pairs')
    """
    return Estimate(value=None, low=low, high=high, n=0, method=method)


def wilson_interval(bad: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval of a share (Wilson 1927); (0, 1) when n is 0.

    Centre ``(p + z^2 / 2n) / (1 + z^2 / n)``. Good on average over p, not for each p, and not when
    looked at again and again: for guarantees use `clopper_pearson`.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a level outside (0, 1).

    >>> low, high = wilson_interval(5, 100)
    >>> round(low, 4), round(high, 4)
    (0.0215, 0.1118)
    """
    _check_counts(bad, n, level)
    if n == 0:
        return 0.0, 1.0
    z2 = float(special.ndtri((1 + level) / 2)) ** 2
    share = bad / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    low = 0.0 if bad == 0 else max(0.0, centre - half)
    high = 1.0 if bad == n else min(1.0, centre + half)
    return low, high


def clopper_pearson(bad: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Two-sided exact binomial interval (Clopper and Pearson 1934); (0, 1) when n is 0.

    Guarantee: covers with at least ``level`` for independent pairs and a count fixed in advance.
    Counts need not be whole: with design-effective counts this is Korn and Graubard's interval.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a level outside (0, 1).

    >>> low, high = clopper_pearson(5, 100)
    >>> round(low, 4), round(high, 4)
    (0.0164, 0.1128)
    """
    _check_counts(bad, n, level)
    tail = (1 - level) / 2
    return clopper_pearson_lower(bad, n, tail), clopper_pearson_upper(bad, n, tail)


def clopper_pearson_lower(bad: float, n: float, delta: float) -> float:
    """Exact binomial lower bound: the rate is below it with chance at most ``delta``; 0 if n is 0.

    ``Beta.ppf(delta, bad, n - bad + 1)``.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a delta outside (0, 1).

    >>> round(clopper_pearson_lower(59, 59, 0.05), 4)   # 0.05 ** (1 / 59)
    0.9505
    """
    _check_counts(bad, n, delta)
    return 0.0 if bad == 0 else float(special.betaincinv(bad, n - bad + 1, delta))


def clopper_pearson_upper(bad: float, n: float, delta: float) -> float:
    """Exact binomial upper bound: the rate exceeds it with chance at most ``delta``; 1 if n is 0.

    ``Beta.ppf(1 - delta, bad + 1, n - bad)``.

    Raises:
        EvidenceError: ``bad`` outside [0, n], or a delta outside (0, 1).

    >>> round(clopper_pearson_upper(0, 59, 0.05), 4)   # 1 - 0.05 ** (1 / 59)
    0.0495
    """
    _check_counts(bad, n, delta)
    return 1.0 if bad >= n else float(special.betainccinv(bad + 1, n - bad, delta))


def effective_n(weights: ArrayLike) -> float:
    """Kish's design-effective number of pairs, ``(sum w)^2 / sum w^2``; 0 for none.

    Reference: Kish, "Survey Sampling" (1965). Assumes that weights and outcomes are unrelated.

    Raises:
        EvidenceError: a weight that is not positive and finite.

    >>> effective_n([1, 1, 1, 1]), round(effective_n([3, 1]), 2)
    (4.0, 1.6)
    """
    return _kish(checked_weights(weights, None))


def weighted_rate(
    losses: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.95
) -> Estimate:
    """Weighted mean loss with Korn and Graubard's interval on `effective_n`.

    ``sum(w x) / sum(w)``; the interval is `clopper_pearson` with n replaced by Kish's n (Korn and
    Graubard, Survey Methodology 1998). Does not cover judge error, nor pairs of one conversation.

    Args:
        losses: in [0, 1], shape (n,).
        weights: 1 / pi, shape (n,); None for equal weights.
        level: of the two-sided interval.

    Raises:
        EvidenceError: losses or weights outside their range, or of different lengths.

    >>> weighted_rate([1, 0, 0, 0], [1, 1, 1, 1]).value
    0.25
    """
    x = checked_array(losses, "losses", low=0, high=1)
    w = checked_weights(weights, x.size)
    if x.size == 0:
        return unknown()
    bad, n = _effective(x, w)
    low, high = clopper_pearson(bad, n, level)
    return Estimate(bad / n, low, high, int(x.size), f"weighted rate, {n:.0f} effective pairs")


def estimate_rate(
    judged: ArrayLike,
    weights: ArrayLike | None = None,
    strata: Labels | None = None,
    labels: ArrayLike | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Misroute rate from a fallible judge's verdicts and human labels on some of the pairs.

    Double sampling: in each stratum with judged-bad share q, ``PPV = P(bad | judged bad)`` and
    ``FOM = P(bad | judged good)`` from the labelled pairs,

        rate = sum over strata of W_s * (q_s * PPV_s + (1 - q_s) * FOM_s)

    W_s being the stratum's share of the weights. The interval is the central ``level`` of draws
    ``q ~ Beta(k + 1/2, n - k + 1/2)``, PPV alike, and FOM with 1/3 for 1/2, counts being
    design-effective (`effective_n`) per stratum and cell. For the lower end FOM is drawn from
    ``Beta(k, n - k + 1)``, 0 at k = 0: with a prior in every stratum it covered 93 %. A cell
    without labels takes its value from the other strata, and everything is possible for it in the
    interval.

    Without any label the judge's own rate is returned and called "judge rate": it is not quality,
    for its error is unknown and not in the interval.

    Reference: Tenenbein, "A double sampling scheme for estimating from binomial data with
    misclassifications", JASA 1970. Not guaranteed: coverage when pairs to label were picked by
    anything but stratum and verdict, when figures are looked at until they please, or for pairs of
    one conversation.

    Args:
        judged: 1 where the judge found the served answer worse, else 0; shape (n,).
        weights: 1 / pi; None for equal weights.
        strata: any comparable labels; None for a single stratum.
        labels: human verdicts 1 or 0, NaN where there is none; None for none at all.
        level: of the interval.
        seed: of the draws.

    Raises:
        EvidenceError: lengths differ, or values are not of the kinds above.

    >>> estimate_rate([1, 0, 0, 0]).method
    'judge rate, not checked by people, 4 effective pairs'
    >>> estimate_rate([]).value is None
    True
    """
    flagged, w, stratum, truth = _checked_pairs(judged, weights, strata, labels)
    if flagged.size == 0:
        return unknown()
    labelled = ~np.isnan(truth)
    if not labelled.any():
        rate = weighted_rate(flagged, w, level=level)
        method = f"judge rate, not checked by people, {_kish(w):.0f} effective pairs"
        return replace(rate, method=method)
    _check_counts(0, 0, level)

    pooled = [
        _share(*_effective(truth[cell], w[cell]), otherwise=0.5)
        for cell in (labelled & (flagged == 0), labelled & (flagged == 1))
    ]
    rng = np.random.default_rng(seed)
    value, lower, upper = 0.0, np.zeros(_DRAWS), np.zeros(_DRAWS)
    numbers = range(int(stratum.max()) + 1)
    for here in (stratum == number for number in numbers):
        share = float(w[here].sum() / w.sum())
        bad, n = _effective(flagged[here], w[here])
        missed, passed = _effective_in(here & labelled & (flagged == 0), truth, w)
        caught, accused = _effective_in(here & labelled & (flagged == 1), truth, w)
        q = bad / n
        ppv = _share(caught, accused, otherwise=pooled[1])
        fom = _share(missed, passed, otherwise=pooled[0])
        value += share * (q * ppv + (1 - q) * fom)
        q_draws = _beta_draws(rng, bad, n, _JEFFREYS)
        ppv_draws = _beta_draws(rng, caught, accused, _JEFFREYS)
        fom_draws = _beta_draws(rng, missed, passed, _NEUTRAL)
        upper += share * (q_draws * ppv_draws + (1 - q_draws) * fom_draws)
        # Without a missed label the prior alone would lift the lower end, in every stratum anew.
        lower += share * q_draws * ppv_draws
        if missed:
            lower += share * (1 - q_draws) * rng.beta(missed, passed - missed + 1, _DRAWS)
    low = np.quantile(lower, (1 - level) / 2)
    high = np.quantile(upper, (1 + level) / 2)
    method = f"{DOUBLE_SAMPLING}, {int(labelled.sum())} labels, {len(numbers)} strata"
    # The draws carry a prior and the value does not, so at 0 bad labels it may lie just outside.
    return Estimate(
        value, min(float(low), value), max(float(high), value), int(flagged.size), method
    )


def labels_to_halve(
    judged: ArrayLike,
    weights: ArrayLike | None = None,
    strata: Labels | None = None,
    labels: ArrayLike | None = None,
) -> int | None:
    """How many more human labels would halve the interval of `estimate_rate`; None if none would.

    Half the width is a quarter of the variance. With q, PPV and FOM the Beta variables of
    `estimate_rate`, each stratum's variance has a part that labels reduce and a part that only
    pairs do (law of total variance)::

        W_s^2 (E[q^2] Var(PPV) + E[(1 - q)^2] Var(FOM))  +  W_s^2 (E[PPV] - E[FOM])^2 Var(q)

    Further labels are taken to fall on strata and verdicts as those so far, and one more as the
    pairs do, and to find the same shares bad. None when the pairs' part keeps the variance above a
    quarter, or when labels on all pairs would not do: then it takes more pairs. Without any label
    it plans from the priors: what halves complete ignorance of the judge.

    Reference: Tenenbein, "A double sampling scheme for estimating from misclassified multinomial
    data with applications to sampling inspection", Technometrics 1972. A plan, not a guarantee: in
    simulations so many left .45 to .53 of the width on average, .25 to .72 in four runs of five.

    Args:
        judged: as in `estimate_rate`, and so are weights, strata and labels.
        weights: 1 / pi, or None.
        strata: any comparable labels, or None.
        labels: human verdicts, NaN where there is none, or None.

    Raises:
        EvidenceError: as `estimate_rate`.

    Example:
        Of 4,000 pairs 200 are judged bad. Of 20 labels on these 16 agree, of 40 on others 1 is bad:

        >>> nan = float("nan")
        >>> judged = [1] * 200 + [0] * 3_800
        >>> labels = [1] * 16 + [0] * 4 + [nan] * 180 + [1] + [0] * 39 + [nan] * 3_760
        >>> labels_to_halve(judged, None, None, labels)
        153

        With all pairs labelled only more pairs would help:

        >>> labels_to_halve([1, 0, 0], None, None, [1, 0, 0]) is None
        True
    """
    flagged, w, stratum, truth = _checked_pairs(judged, weights, strata, labels)
    unlabelled = int(np.isnan(truth).sum())
    if unlabelled == 0:
        return None
    plan = _label_plan(flagged, w, stratum, truth)
    goal = plan.variance(0) / 4
    if plan.variance(unlabelled) > goal:
        return None
    too_few, enough = 0, unlabelled
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if plan.variance(middle) > goal:
            too_few = middle
        else:
            enough = middle
    return enough


def checked_array(
    values: ArrayLike, what: str, *, low: float, high: float, size: int | None = None
) -> Floats:
    """Return ``values`` as floats of shape (n,), all finite and in [low, high].

    Raises:
        EvidenceError: they are not, or n is not ``size``.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvidenceError(f"the {what} are not numbers: {error}") from error
    if array.ndim != 1:
        raise EvidenceError(f"the {what} must be one-dimensional, not of shape {array.shape}")
    if size is not None and array.size != size:
        raise EvidenceError(f"there are {array.size} {what} for {size} pairs")
    # A NaN makes min and max NaN, and the comparison false.
    if array.size and not (low <= array.min() and array.max() <= high):
        raise EvidenceError(f"the {what} must all lie in [{low}, {high}] and none be NaN")
    return array


def checked_weights(weights: ArrayLike | None, size: int | None) -> Floats:
    """Return weights as floats scaled to a largest of 1; every estimate here is scale-free.

    Raises:
        EvidenceError: a weight that is not positive and finite, or not ``size`` of them.
    """
    if weights is None:
        return np.ones(size or 0)
    top = np.finfo(np.float64).max
    array = checked_array(weights, "weights", low=0, high=top, size=size)
    if array.size == 0:
        return array
    scaled = array / array.max() if array.max() > 0 else array
    # Zero after scaling: more than 300 orders of magnitude below the largest, as good as zero.
    if scaled.min() <= 0:
        raise EvidenceError("weights must be above 0: a pair with no chance of inclusion is none")
    return scaled


def _checked_pairs(
    judged: ArrayLike, weights: ArrayLike | None, strata: Labels | None, labels: ArrayLike | None
) -> tuple[Floats, Floats, NDArray[np.intp], Floats]:
    """Verdicts, scaled weights, stratum numbers from 0, and labels or NaN; each of shape (n,)."""
    flagged = checked_array(judged, "judged verdicts", low=0, high=1)
    if not np.all((flagged == 0) | (flagged == 1)):
        raise EvidenceError("judged verdicts must be 0 or 1; leave unscored pairs out")
    w = checked_weights(weights, flagged.size)
    truth = _checked_labels(labels, flagged.size)
    return flagged, w, _stratum_numbers(strata, flagged.size), truth


@dataclass(frozen=True, slots=True)
class _LabelPlan:
    """Counts by stratum (rows) and verdict (columns: judged good, judged bad).

    ``share`` and the moments of q are by stratum; ``bad`` and ``n`` are design-effective counts of
    labels, ``labels`` and ``pairs`` plain ones.
    """

    share: Floats
    q_mean: Floats
    q_variance: Floats
    bad: Floats
    n: Floats
    labels: Floats
    pairs: Floats

    def variance(self, more: int) -> float:
        """Variance of the rate after so many more labels."""
        towards = self.labels + self.pairs / self.pairs.sum()
        total = np.minimum(self.pairs, self.labels + more * towards / towards.sum())
        # A cell without labels is planned with the share that is found bad elsewhere.
        elsewhere = self.bad.sum(axis=0) / np.maximum(self.n.sum(axis=0), 1)
        growth = total / np.maximum(self.labels, 1)
        n = np.where(self.labels > 0, self.n * growth, total)
        bad = np.where(self.labels > 0, self.bad * growth, elsewhere * total)
        prior = np.array([_NEUTRAL, _JEFFREYS])
        mean, variance = _beta_moments(bad + prior, n - bad + prior)
        squares = np.stack([(1 - self.q_mean) ** 2, self.q_mean**2], axis=1)
        by_labels = ((squares + self.q_variance[:, None]) * variance).sum(axis=1)
        by_pairs = (mean[:, 1] - mean[:, 0]) ** 2 * self.q_variance
        return float(self.share**2 @ (by_labels + by_pairs))


def _label_plan(flagged: Floats, w: Floats, stratum: NDArray[np.intp], truth: Floats) -> _LabelPlan:
    labelled = ~np.isnan(truth)
    numbers = range(int(stratum.max()) + 1)
    cells = [
        [(stratum == number) & (flagged == verdict) for verdict in (0, 1)] for number in numbers
    ]
    counts = np.array(
        [[_effective_in(cell & labelled, truth, w) for cell in pair] for pair in cells]
    )
    q = np.array([_effective_in(stratum == number, flagged, w) for number in numbers])
    q_mean, q_variance = _beta_moments(q[:, 0] + _JEFFREYS, q[:, 1] - q[:, 0] + _JEFFREYS)
    return _LabelPlan(
        share=np.bincount(stratum, w) / w.sum(),
        q_mean=q_mean,
        q_variance=q_variance,
        bad=counts[:, :, 0],
        n=counts[:, :, 1],
        labels=np.array(
            [[(cell & labelled).sum() for cell in pair] for pair in cells], dtype=float
        ),
        pairs=np.array([[cell.sum() for cell in pair] for pair in cells], dtype=float),
    )


def _beta_moments(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of Beta(a, b)."""
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))


def _checked_labels(labels: ArrayLike | None, size: int) -> Floats:
    if labels is None:
        return np.full(size, np.nan)
    try:
        array = np.asarray(labels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvidenceError(f"the labels are not numbers: {error}") from error
    if array.shape != (size,):
        raise EvidenceError(f"labels of shape {array.shape} do not fit {size} pairs")
    if not np.all((array == 0) | (array == 1) | np.isnan(array)):
        raise EvidenceError("labels must be 0, 1 or NaN (not labelled)")
    return array


def _stratum_numbers(strata: Labels | None, size: int) -> NDArray[np.intp]:
    if strata is None:
        return np.zeros(size, dtype=np.intp)
    if len(strata) != size:
        raise EvidenceError(f"there are {len(strata)} strata for {size} pairs")
    return np.unique(np.asarray(strata), return_inverse=True)[1]


def _check_counts(bad: float, n: float, level: float) -> None:
    if not 0 <= bad <= n:
        raise EvidenceError(f"{bad} bad of {n} is not a count")
    if not 0 < level < 1:
        raise EvidenceError(f"a level or delta must lie between 0 and 1, not {level}")


def _kish(w: Floats) -> float:
    return float(w.sum() ** 2 / np.square(w).sum()) if w.size else 0.0


def _effective(x: Floats, w: Floats) -> tuple[float, float]:
    """Design-effective counts (bad, n) of a weighted sample; (0, 0) for an empty one."""
    n = _kish(w)
    return (min(n, n * float(x @ w / w.sum())), n) if n else (0.0, 0.0)


def _effective_in(cell: NDArray[np.bool_], x: Floats, w: Floats) -> tuple[float, float]:
    return _effective(x[cell], w[cell])


def _share(bad: float, n: float, *, otherwise: float) -> float:
    return bad / n if n else otherwise


def _beta_draws(rng: np.random.Generator, bad: float, n: float, prior: float) -> Floats:
    return rng.beta(bad + prior, n - bad + prior, _DRAWS)
