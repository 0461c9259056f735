import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import (
    clopper_pearson,
)
from tierwatch.evaluation.rates.double_sampling import (
    LabelledPair,
    StratumCounts,
    corrected_rate,
    estimate_of_sums,
    estimate_rate,
    shares_elsewhere,
    stratum_counts,
    stratum_draws,
)
from tierwatch.evaluation.rates.estimate import unknown
from tierwatch.evaluation.rates.judged_sample import JudgedSample
from tierwatch.evaluation.rates.label_slips import LabelSlips
from tierwatch.evaluation.rates.weighted import RateSums

nan = math.nan


def test_double_sampling_shows_its_arithmetic() -> None:
    # 40 judged bad, of 10 labelled 8 are; 160 judged good, of 20 labelled 1 is bad:
    # .2 * .8 + .8 * .05 = .2
    judged = [1] * 40 + [0] * 160
    labels = [1] * 8 + [0] * 2 + [nan] * 30 + [1] + [0] * 19 + [nan] * 140
    estimate = estimate_rate(judged, None, None, labels)
    assert estimate.value == pytest.approx(0.2)
    assert estimate.low < 0.15
    assert 0.25 < estimate.high < 0.45
    assert estimate.n == 200
    assert estimate.method == "double sampling, 30 labels, 1 strata"


def test_strata_are_corrected_each_by_their_own_labels() -> None:
    # Stratum a: the judge's 10 of 50 are right. Stratum b: its 10 of 50 are all wrong.
    judged = ([1] * 10 + [0] * 40) * 2
    labels = [1] * 10 + [0] * 40 + [0] * 50
    weights = [1.0] * 50 + [3.0] * 50
    estimate = estimate_rate(judged, weights, ["a"] * 50 + ["b"] * 50, labels)
    # a has 50 of 200 weight: .25 * .2 + .75 * 0
    assert estimate.value == pytest.approx(0.05)
    assert estimate_rate(judged, weights, None, labels).value == pytest.approx(0.05)
    swapped = estimate_rate(judged, weights[::-1], ["a"] * 50 + ["b"] * 50, labels)
    assert swapped.value == pytest.approx(0.75 * 0.2)


def test_labels_are_weighted_within_their_cell() -> None:
    # Judged bad: weights 1 (truly bad) and 3 (not): PPV .25. Judged good: FOM 0.
    estimate = estimate_rate([1, 1, 0, 0], [1, 3, 2, 2], None, [1, 0, 0, 0])
    assert estimate.value == pytest.approx(0.5 * 0.25)


def test_a_cell_without_labels_borrows_its_value_and_widens_the_interval() -> None:
    judged = ([1] * 10 + [0] * 40) * 2
    strata = [0] * 50 + [1] * 50
    one_sided = [1] * 5 + [0] * 5 + [0] * 40 + [nan] * 50
    estimate = estimate_rate(judged, None, strata, one_sided)
    assert estimate.value == pytest.approx(0.1)
    both = estimate_rate(judged, None, strata, one_sided[:50] * 2)
    assert both.value == pytest.approx(0.1)
    assert estimate.high - estimate.low > 2 * (both.high - both.low)


def test_without_labels_it_is_the_judges_rate_and_says_so() -> None:
    for labels in (None, [nan] * 100):
        estimate = estimate_rate([1] * 5 + [0] * 95, None, None, labels)
        assert estimate.value == pytest.approx(0.05)
        assert (estimate.low, estimate.high) == pytest.approx(clopper_pearson(5, 100))
        assert estimate.method.startswith("judge rate")
    assert "judge rate" not in estimate_rate([1, 0], None, None, [1, nan]).method


def test_no_pairs_and_one_pair() -> None:
    assert estimate_rate([], [], [], []) == unknown()
    one = estimate_rate([0], None, None, [0])
    assert one.value == 0.0
    assert one.low == 0.0
    assert one.high > 0.5


def test_the_same_seed_gives_the_same_interval() -> None:
    judged, labels = [1, 0, 0, 0] * 20, [1, 0, nan, nan] * 20
    first = estimate_rate(judged, None, None, labels, seed=4)
    assert first == estimate_rate(judged, None, None, labels, seed=4)
    assert first != estimate_rate(judged, None, None, labels, seed=5)


@pytest.mark.parametrize(
    ("judged", "weights", "strata", "labels", "words"),
    [
        ([0, 0.5], None, None, None, "0 or 1"),
        ([0, nan], None, None, None, "NaN"),
        ([0, 1], [1.0], None, None, "weights"),
        ([0, 1], [1.0, 0.0], None, None, "weights"),
        ([0, 1], None, ["a"], None, "strata"),
        ([0, 1], None, None, [1], "labels"),
        ([0, 1], None, None, [1, 2], "labels"),
        ([0, 1], None, None, ["bad", "good"], "labels"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    judged: list[float],
    weights: list[float] | None,
    strata: list[str] | None,
    labels: list[float] | None,
    words: str,
) -> None:
    with pytest.raises(EvidenceError, match=words):
        estimate_rate(judged, weights, strata, labels)


@pytest.mark.parametrize("labels", [None, [1, 0]])
def test_a_level_off_its_range_is_refused(labels: list[float] | None) -> None:
    with pytest.raises(EvidenceError, match="level"):
        estimate_rate([1, 0], None, None, labels, level=95)


def covered(runs: int, pairs: int, gold: int) -> tuple[float, float]:
    """Coverage and mean width with a judge whose errors differ among four strata."""
    rng = np.random.default_rng([pairs, gold])
    size = np.array([0.4, 0.3, 0.2, 0.1])
    rate = np.array([0.03, 0.06, 0.10, 0.20])
    sensitivity = np.array([0.85, 0.80, 0.75, 0.70])
    specificity = np.array([0.98, 0.97, 0.96, 0.95])
    truth, hits, width = float(size @ rate), 0, 0.0
    for run in range(runs):
        stratum = rng.choice(4, pairs + gold, p=size)
        bad = rng.random(stratum.size) < rate[stratum]
        flagged = rng.random(stratum.size) < np.where(
            bad, sensitivity[stratum], 1 - specificity[stratum]
        )
        labels = np.full(stratum.size, nan)
        labels[:gold] = bad[:gold]
        estimate = estimate_rate(flagged, None, stratum, labels, seed=run)
        hits += estimate.low <= truth <= estimate.high
        width += (estimate.high - estimate.low) / runs
    return hits / runs, width


def test_the_interval_covers_the_truth_in_a_short_simulation() -> None:
    coverage, width = covered(runs=60, pairs=1_000, gold=200)
    assert coverage >= 0.9
    assert width <= 0.063 + 0.004


def test_labels_correct_a_judge_whom_people_contradict() -> None:
    """2-way counts of 1,815 real pairs: people's verdict and GPT-3.5's, bad being "A is worse".

    The whole file in tests/simulation; here its counts: 244 bad for both, 257 for the judge alone,
    390 for people alone, so that .349 are bad and the judge says .276.
    """
    rng = np.random.default_rng(35)
    bad = np.repeat([True, False, True, False], [244, 257, 390, 924])
    flagged = np.repeat([True, True, False, False], [244, 257, 390, 924])
    corrected = raw = 0
    for run in range(100):
        drawn = rng.integers(bad.size, size=1_000)
        labels = np.full(1_000, nan)
        labels[:200] = bad[drawn[:200]]
        estimate = estimate_rate(flagged[drawn], None, None, labels, seed=run)
        corrected += estimate.low <= bad.mean() <= estimate.high
        low, high = clopper_pearson(int(flagged[drawn].sum()), 1_000)
        raw += low <= bad.mean() <= high
    # 95 expected, standard deviation 2.2
    assert corrected >= 90
    assert raw == 0


def counts(*, bad: float = 40, caught: float = 8, missed: float = 1) -> StratumCounts:
    """40 of 200 judged bad, 8 of 10 labelled rightly; 1 of 20 labelled was missed."""
    return StratumCounts(bad, 200, caught, 10, missed, 20)


@given(st.floats(0, 200), st.floats(0, 10), st.floats(0, 20))
def test_a_corrected_rate_lies_between_what_both_cells_show(
    bad: float, caught: float, missed: float
) -> None:
    ends = sorted((caught / 10, missed / 20))
    rate = corrected_rate(counts(bad=bad, caught=caught, missed=missed), (0.5, 0.5))
    assert ends[0] - 1e-9 <= rate <= ends[1] + 1e-9


@given(st.floats(0, 199), st.floats(0.01, 1))
def test_a_judge_that_is_better_than_chance_is_believed_in_its_direction(
    bad: float, more: float
) -> None:
    assert corrected_rate(counts(bad=bad + more), (0.5, 0.5)) >= corrected_rate(
        counts(bad=bad), (0.5, 0.5)
    )


def test_a_cell_without_labels_takes_the_shares_of_the_other_strata() -> None:
    sample = JudgedSample.of(
        [1, 1, 1, 1, 0, 0, 0, 0, 1, 0],
        None,
        [0] * 8 + [1] * 2,
        [1, 1, 1, 0, 0, 0, 0, 1, nan, nan],
    )
    assert shares_elsewhere(sample) == pytest.approx((0.25, 0.75))
    other = stratum_counts(sample, sample.stratum == 1)
    assert (other.accused, other.passed) == (0.0, 0.0)
    # Half judged bad: .5 * .75 + .5 * .25
    assert corrected_rate(other, shares_elsewhere(sample)) == pytest.approx(0.5)


def test_draws_are_around_the_rate_and_the_lower_ones_below_the_upper() -> None:
    lower, upper = stratum_draws(np.random.default_rng(1), counts(), 1.0)
    # .2 * .8 + .8 * .05 = .2, drawn with priors: a little more above, a little less below.
    assert upper.mean() == pytest.approx(0.207, abs=0.004)
    assert sum(lower).mean() == pytest.approx(0.194, abs=0.005)
    assert all(part.shape == upper.shape for part in lower)


def test_without_a_missed_label_the_lower_draws_miss_nothing() -> None:
    parts, upper = stratum_draws(np.random.default_rng(1), counts(missed=0), 1.0)
    assert len(parts) == 1
    assert (parts[0] <= upper).all()


def test_a_stratums_draws_are_its_share_of_the_whole() -> None:
    whole, half = (
        stratum_draws(np.random.default_rng(2), counts(), share)[1] for share in (1.0, 0.5)
    )
    assert half == pytest.approx(whole / 2)


def test_where_nothing_was_labelled_everything_is_possible() -> None:
    unlabelled = StratumCounts(40, 200, 0, 0, 0, 0)
    _, upper = stratum_draws(np.random.default_rng(3), unlabelled, 1.0)
    low, high = np.quantile(upper, [0.025, 0.975])
    assert low < 0.05
    assert high > 0.9


def added_up(judged: list[float], weights: list[float], strata: list[str]) -> dict[str, RateSums]:
    sums = {}
    for name in sorted(set(strata)):
        here = [place for place, stratum in enumerate(strata) if stratum == name]
        sums[name] = RateSums(
            pairs=len(here),
            bad=sum(judged[place] for place in here),
            weight=sum(weights[place] for place in here),
            lost=sum(weights[place] * judged[place] for place in here),
            squares=sum(weights[place] ** 2 for place in here),
        )
    return sums


@pytest.mark.parametrize("seed", range(4))
def test_pairs_that_were_added_up_give_the_same_estimate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 400
    judged = [float(one) for one in rng.random(n) < 0.2]
    weights = [float(one) for one in rng.uniform(1, 20, n)]
    strata = [("chat", "sql", "rare")[int(one)] for one in rng.choice(3, n, p=(0.5, 0.45, 0.05))]
    labels = [
        float(said) if taken else float("nan")
        for said, taken in zip(rng.random(n) < 0.25, rng.random(n) < 0.15, strict=True)
    ]
    labelled = [
        LabelledPair(*one)
        for one in zip(strata, judged, weights, labels, strict=True)
        if one[-1] == one[-1]  # not NaN
    ]
    slips = LabelSlips(twice=120, disagreed=10)
    for known in (None, slips):
        whole = estimate_rate(judged, weights, strata, labels, slips=known, level=0.9, seed=seed)
        sums = estimate_of_sums(
            added_up(judged, weights, strata), labelled, slips=known, level=0.9, seed=seed
        )
        assert (sums.value, sums.low, sums.high) == pytest.approx(
            (whole.value, whole.low, whole.high), rel=1e-6
        )
        assert (sums.n, sums.method) == (whole.n, whole.method)


def test_without_labels_there_is_nothing_to_correct_by() -> None:
    sums = added_up([1.0, 0.0], [1.0, 1.0], ["a", "a"])
    assert estimate_of_sums(sums, []).value is None


def test_a_labelled_pair_is_one_of_those_that_were_added_up() -> None:
    sums = added_up([1.0, 0.0], [1.0, 1.0], ["a", "a"])
    with pytest.raises(EvidenceError, match="strata without sums"):
        estimate_of_sums(sums, [LabelledPair("b", judged=1.0, weight=1.0, label=0.0)])
    with pytest.raises(EvidenceError, match="judged verdicts must be 0 or 1"):
        estimate_of_sums(sums, [LabelledPair("a", judged=0.5, weight=1.0, label=0.0)])
