"""A rate from a judge's verdicts on all pairs and human labels on some (double sampling).

Reference: Tenenbein, "A double sampling scheme for estimating from binomial data with
misclassifications" (JASA 1970).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import check_counts
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.judged_sample import Flags, JudgedSample, Strata
from tierwatch.evaluation.rates.label_slips import SAYS_NOTHING, LabelSlips, ends_without_slips
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.rates.weighted import RateSums, effective_n, weighted_rate

# How the method of a rate begins that people's labels have corrected.
DOUBLE_SAMPLING = "double sampling"
# Beta(1/3, 1/3) is neutral for rates near zero (Kerman 2011); Beta(1/2, 1/2) is Jeffreys' prior.
NEUTRAL, JEFFREYS = 1 / 3, 1 / 2
# 10,000 draws place a 95 % end point within 2 % of the interval's width, in 5 ms a stratum.
_DRAWS = 10_000


class LabelledPair(NamedTuple):
    """A judged pair that a person labelled.

    ``judged`` and ``label`` are 1.0 where the served answer was found worse, else 0.0; ``weight``
    is 1 / pi.
    """

    stratum: str
    judged: float
    weight: float
    label: float


def estimate_rate(
    judged: ArrayLike,
    weights: ArrayLike | None = None,
    strata: Strata | None = None,
    labels: ArrayLike | None = None,
    *,
    slips: LabelSlips | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Misroute rate from a fallible judge's verdicts and human labels on some of the pairs.

    Double sampling: with W_s the share of the weights in stratum s,

        rate = sum over strata of W_s * `corrected_rate` of the stratum's counts

    and an interval from `stratum_draws`. Without any label the judge's own rate is returned and
    called "judge rate": it is not quality, for its error is unknown and not in the interval.

    That is the rate of what people say. With ``slips`` it is corrected for theirs, of rate e:
    ``(rate - e) / (1 - 2 e)`` within 0 and 1, and what is not known of e widens the interval.

    Not guaranteed: coverage when pairs to label were picked by anything but stratum and verdict,
    when figures are checked until they please, or for pairs of one conversation; without ``slips``,
    where people slip at all: at 5 % of 200 labels .36; with them, where slips lean (`LabelSlips`).
    See docs/statistics.md, "Rates".

    Args:
        judged: 1 where the judge found the served answer worse, else 0; shape (n,).
        weights: 1 / pi; None for equal weights.
        strata: any comparable labels; None for a single stratum.
        labels: human verdicts 1 or 0, NaN where there is none; None for none at all.
        slips: measured by second labels; None, or too few of them, takes labels to be right.
        level: of the interval.
        seed: of the draws.

    Raises:
        EvidenceError: lengths differ, or values are not of the kinds above.

    Of 4 judged bad 3 are, of 4 others 1 is: .5 * .75 + .5 * .25

    >>> estimate_rate([1, 1, 1, 1, 0, 0, 0, 0], labels=[1, 1, 1, 0, 1, 0, 0, 0]).value
    0.5
    >>> estimate_rate([1, 0, 0, 0]).method
    'judge rate, not checked by people, 4 effective pairs'
    >>> estimate_rate([]).value is None
    True
    """
    sample = JudgedSample.of(judged, weights, strata, labels)
    if sample.flagged.size == 0:
        return unknown()
    if not sample.labelled.any():
        return _judge_rate(sample, level)
    parts = [
        (
            float(sample.weights[here].sum() / sample.weights.sum()),
            stratum_counts(sample, here),
        )
        for here in sample.each_stratum()
    ]
    labels = int(sample.labelled.sum())
    return _of_strata(
        parts,
        shares_elsewhere(sample),
        pairs=int(sample.flagged.size),
        labels=labels,
        slips=slips,
        level=level,
        seed=seed,
    )


def estimate_of_sums(
    sums: Mapping[str, RateSums],
    labelled: Sequence[LabelledPair],
    *,
    slips: LabelSlips | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """`estimate_rate` of pairs that were added up, where each labelled one is known by itself.

    Args:
        sums: by stratum, all of its judged pairs, the labelled among them; ``squares`` are those
            of the weights of single pairs.
        labelled: the pairs that a person labelled.
        slips: as for `estimate_rate`.
        level: of the interval.
        seed: of the draws.

    Raises:
        EvidenceError: a label, a weight or a judged verdict of another kind; a stratum without
            sums.
    """
    if not labelled:
        return unknown("no labels")
    if missing := {one.stratum for one in labelled} - sums.keys():
        raise EvidenceError(f"labelled pairs of strata without sums: {sorted(missing)}")
    sample = JudgedSample.of(
        [one.judged for one in labelled],
        [one.weight for one in labelled],
        None,
        [one.label for one in labelled],
    )
    strata = np.array([one.stratum for one in labelled])
    total = sum(stratum.weight for stratum in sums.values())
    parts = []
    for name, stratum in sorted(sums.items()):
        n = stratum.effective
        counts = stratum_counts(sample, strata == name)
        bad = min(n, n * stratum.lost / stratum.weight)
        parts.append((stratum.weight / total, replace(counts, bad=bad, n=n)))
    return _of_strata(
        parts,
        shares_elsewhere(sample),
        pairs=sum(stratum.pairs for stratum in sums.values()),
        labels=len(labelled),
        slips=slips,
        level=level,
        seed=seed,
    )


def _of_strata(
    parts: Sequence[tuple[float, "StratumCounts"]],
    elsewhere: tuple[float, float],
    *,
    pairs: int,
    labels: int,
    slips: LabelSlips | None,
    level: float,
    seed: int,
) -> Estimate:
    """The estimate of strata, each with its share of the weight."""
    check_counts(0, 0, level)
    measured = slips if slips is not None and slips.measured else None
    value = 0.0
    for share, counts in parts:
        value += share * corrected_rate(counts, elsewhere)
    lower, upper = _draws_of_ends(tuple(parts), measured, seed)
    method = f"{DOUBLE_SAMPLING}, {labels} labels, {len(parts)} strata"
    if measured is not None:
        slip = measured.rate().value or 0.0
        if slip >= SAYS_NOTHING:
            return unknown("two people disagree on about half of the pairs: labels say nothing")
        value = min(1.0, max(0.0, (value - slip) / (1 - 2 * slip)))
        method += f", slips of {percent(slip)} by {measured.twice} second labels"
    low = float(np.quantile(lower, (1 - level) / 2))
    high = float(np.quantile(upper, (1 + level) / 2))
    # The draws carry a prior and the value does not, so at 0 bad labels it may lie just outside.
    return Estimate(value, min(low, value), max(high, value), pairs, method)


# A page asks for one rate at several levels, and for the same rates until the next pair is judged:
# 34 strata are a million draws, 60 ms. Sixteen of them are 2.6 MB.
@lru_cache(maxsize=16)
def _draws_of_ends(
    parts: tuple[tuple[float, "StratumCounts"], ...], slips: LabelSlips | None, seed: int
) -> tuple[Floats, Floats]:
    """Draws of the lower and of the upper end, each of shape (10,000,); not to be written to."""
    rng = np.random.default_rng(seed)
    lower, upper = np.zeros(_DRAWS), np.zeros(_DRAWS)
    for share, counts in parts:
        low_parts, high_part = stratum_draws(rng, counts, share)
        upper += high_part
        for part in low_parts:
            lower += part
    if slips is not None:
        lower, upper = ends_without_slips(lower, upper, slips, rng)
    for draws in (lower, upper):
        draws.setflags(write=False)
    return lower, upper


@dataclass(frozen=True, slots=True)
class StratumCounts:
    """Design-effective counts of one stratum.

    Attributes:
        bad: judged bad, of ``n`` judged.
        caught: truly bad, of ``accused`` labelled among those judged bad.
        missed: truly bad, of ``passed`` labelled among those judged good.
    """

    bad: float
    n: float
    caught: float
    accused: float
    missed: float
    passed: float


def stratum_counts(sample: JudgedSample, here: Flags) -> StratumCounts:
    """The counts of the pairs ``here``: `effective_n` for n, and for each cell of the labels.

    See docs/statistics.md, "Rates".

    >>> sample = JudgedSample.of([1, 1, 0, 0], [1, 1, 1, 3], None, [1, 0, 0, float("nan")])
    >>> counts = stratum_counts(sample, sample.stratum == 0)
    >>> round(counts.bad, 9), counts.n      # n = 6^2 / (1 + 1 + 1 + 9), judged bad 2 / 6 of it
    (1.0, 3.0)
    >>> counts.caught, counts.accused, counts.missed, counts.passed
    (1.0, 2.0, 0.0, 1.0)
    """
    bad, n = sample.judged_bad(here)
    missed, passed = sample.truly_bad(here & (sample.flagged == 0))
    caught, accused = sample.truly_bad(here & (sample.flagged == 1))
    return StratumCounts(bad, n, caught, accused, missed, passed)


def shares_elsewhere(sample: JudgedSample) -> tuple[float, float]:
    """(FOM, PPV) over all strata, for a cell that has no label of its own; 1/2 where none has.

    See docs/statistics.md, "Rates".

    >>> nan = float("nan")
    >>> shares_elsewhere(JudgedSample.of([1, 1, 0, 0], None, None, [1, 0, nan, nan]))
    (0.5, 0.5)
    """
    fom, ppv = (_share(*sample.truly_bad(sample.flagged == verdict), 0.5) for verdict in (0, 1))
    return fom, ppv


def corrected_rate(counts: StratumCounts, elsewhere: tuple[float, float]) -> float:
    """``q PPV + (1 - q) FOM``, the judged-bad share corrected by what people found.

    ``PPV = P(bad | judged bad)`` and ``FOM = P(bad | judged good)`` come from the labelled pairs; a
    cell without labels takes its value from ``elsewhere``, (FOM, PPV). See docs/statistics.md,
    "Rates".

    >>> counts = StratumCounts(bad=40, n=200, caught=8, accused=10, missed=1, passed=20)
    >>> round(corrected_rate(counts, (.5, .5)), 9)       # .2 * .8 + .8 * .05
    0.2
    >>> unlabelled = StratumCounts(bad=40, n=200, caught=0, accused=0, missed=0, passed=0)
    >>> round(corrected_rate(unlabelled, (.05, .8)), 9)
    0.2
    """
    q = counts.bad / counts.n
    ppv = _share(counts.caught, counts.accused, elsewhere[1])
    fom = _share(counts.missed, counts.passed, elsewhere[0])
    return q * ppv + (1 - q) * fom


def stratum_draws(
    rng: np.random.Generator, counts: StratumCounts, share: float
) -> tuple[tuple[Floats, ...], Floats]:
    """Draws of a stratum's part of the rate: those for the lower end, and those for the upper.

    ``q ~ Beta(k + 1/2, n - k + 1/2)``, PPV alike, FOM with 1/3 for 1/2. For the lower end FOM is
    drawn from ``Beta(k, n - k + 1)``, 0 at k = 0: with a prior in every stratum it covered 93 %. In
    a cell without labels everything is possible. See docs/statistics.md, "Rates".

    Returns:
        The parts that add up to the lower draws, and the upper draws; each of shape (10,000,).

    >>> counts = StratumCounts(bad=40, n=200, caught=8, accused=10, missed=1, passed=20)
    >>> lower, upper = stratum_draws(np.random.default_rng(0), counts, 1.0)
    >>> # q = 40.5 / 201, PPV = 8.5 / 11, FOM = 1.333 / 20.667: .1557 + .0515
    >>> round(float(upper.mean()), 2), bool(sum(lower).mean() < upper.mean())
    (0.21, True)
    """
    q = _beta_draws(rng, counts.bad, counts.n, JEFFREYS)
    ppv = _beta_draws(rng, counts.caught, counts.accused, JEFFREYS)
    fom = _beta_draws(rng, counts.missed, counts.passed, NEUTRAL)
    high = share * (q * ppv + (1 - q) * fom)
    # Without a missed label the prior alone would lift the lower end, in every stratum anew.
    low: tuple[Floats, ...] = (share * q * ppv,)
    if counts.missed:
        least = rng.beta(counts.missed, counts.passed - counts.missed + 1, _DRAWS)
        low = (*low, share * (1 - q) * least)
    return low, high


def _judge_rate(sample: JudgedSample, level: float) -> Estimate:
    rate = weighted_rate(sample.flagged, sample.weights, level=level)
    n = effective_n(sample.weights)
    return replace(rate, method=f"judge rate, not checked by people, {n:.0f} effective pairs")


def _share(bad: float, n: float, otherwise: float) -> float:
    return bad / n if n else otherwise


def _beta_draws(rng: np.random.Generator, bad: float, n: float, prior: float) -> Floats:
    return rng.beta(bad + prior, n - bad + prior, _DRAWS)
