import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import (
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
    wilson_interval,
)
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import unknown
from tierwatch.evaluation.rates.label_plan import labels_to_halve
from tierwatch.evaluation.rates.weighted import effective_n, weighted_rate

nan = math.nan


def test_unknown_has_no_value_and_excludes_nothing() -> None:
    estimate = unknown()
    assert estimate.value is None
    assert (estimate.low, estimate.high, estimate.n) == (0.0, 1.0, 0)
    assert estimate.method == "no pairs"


@given(n=st.integers(1, 400), data=st.data())
def test_intervals_agree_with_scipy(n: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, n))
    reference = stats.binomtest(bad, n)
    exact = reference.proportion_ci(0.9, method="exact")
    assert clopper_pearson(bad, n, 0.9) == pytest.approx((exact.low, exact.high), abs=1e-9)
    one_sided = clopper_pearson_lower(bad, n, 0.05), clopper_pearson_upper(bad, n, 0.05)
    assert one_sided == pytest.approx(clopper_pearson(bad, n, 0.9), abs=1e-9)
    score = reference.proportion_ci(0.9, method="wilson")
    assert wilson_interval(bad, n, 0.9) == pytest.approx((score.low, score.high), abs=1e-9)


def test_intervals_without_pairs_are_everything() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert clopper_pearson_upper(0, 0, 0.05) == 1.0
    assert clopper_pearson_lower(0, 0, 0.05) == 0.0


def test_intervals_reach_the_ends_they_should() -> None:
    assert clopper_pearson(0, 10)[0] == 0.0
    assert clopper_pearson(10, 10)[1] == 1.0
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(10, 10)[1] == 1.0


@pytest.mark.parametrize(("bad", "n", "level"), [(-1, 3, 0.9), (4, 3, 0.9), (1, 3, 1.0), (1, 3, 0)])
def test_impossible_counts_and_levels_are_refused(bad: float, n: float, level: float) -> None:
    for interval in (
        clopper_pearson,
        wilson_interval,
        clopper_pearson_lower,
        clopper_pearson_upper,
    ):
        with pytest.raises(EvidenceError):
            interval(bad, n, level)


def test_effective_n_is_scale_free() -> None:
    assert effective_n([2.0] * 7) == pytest.approx(7)
    # (1 + 1 + 2)^2 / (1 + 1 + 4) = 16 / 6
    assert effective_n([1, 1, 2]) == pytest.approx(16 / 6)
    assert effective_n([1e300, 1e300, 2e300]) == pytest.approx(16 / 6)
    assert effective_n([]) == 0.0


def test_a_weighted_rate_shows_its_arithmetic() -> None:
    estimate = weighted_rate([1, 0, 0, 1], [1, 1, 2, 2])
    # (1 + 2) / 6 = .5, n_eff = 36 / 10 = 3.6, so 1.8 bad of 3.6
    assert estimate.value == pytest.approx(0.5)
    assert (estimate.low, estimate.high) == pytest.approx(
        (stats.beta.ppf(0.025, 1.8, 2.8), stats.beta.ppf(0.975, 2.8, 1.8))
    )
    assert estimate.n == 4


def test_a_weighted_rate_of_nothing_of_one_and_of_ties() -> None:
    assert weighted_rate([]).value is None
    one = weighted_rate([1.0])
    assert (one.value, one.high) == (1.0, 1.0)
    assert one.low == pytest.approx(0.025)
    ties = weighted_rate([0.0] * 100, [0.3, 0.7] * 50)
    assert (ties.value, ties.low) == (0.0, 0.0)
    assert 0 < ties.high < 0.06
    assert weighted_rate([1.0] * 30, [0.1, 0.7, 0.3] * 10).high == 1.0


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


def some_labels(each: int) -> list[float]:
    """Labels for 100 judged bad and 900 judged good: 8 of 10 right, and 1 in 10 missed."""
    caught = [1, 1, 1, 1, 0, 1, 1, 1, 1, 0] * each
    missed = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0] * each
    return caught + [nan] * (100 - 10 * each) + missed + [nan] * (900 - 10 * each)


JUDGED = [1] * 100 + [0] * 900


def test_the_labels_to_halve_show_their_arithmetic() -> None:
    # q ~ Beta(100.5, 900.5): mean .1004, variance 9.01e-5. PPV ~ Beta(8.5, 2.5), mean .7727,
    # variance .01464; FOM ~ Beta(4/3, 9 + 1/3), mean .125, variance .009375:
    # .01017 * .01464 + .80937 * .009375 + .6477^2 * 9.01e-5 = .007775, a quarter .001944.
    # 58 more, as the 10 + 10 and one more spread .9 to .1, make 40.1 and 37.9 labels. Then PPV has
    # mean .792 and variance .00413, FOM .1065 and .00228:
    # .01017 * .00413 + .80937 * .00228 + .6857^2 * 9.01e-5 = .00193; with 57 it is .00196.
    assert labels_to_halve(JUDGED, None, None, some_labels(1)) == 58


def test_fewer_labels_need_fewer_more() -> None:
    few = labels_to_halve(JUDGED, None, None, some_labels(1))
    many = labels_to_halve(JUDGED, None, None, some_labels(4))
    assert few is not None
    assert many is not None
    # About three times as many again: half the width is a quarter of the variance.
    assert few < 3 * 20
    assert few < many
    assert many > 2 * 80


def test_no_labels_halve_what_only_pairs_can() -> None:
    # All labelled; or so many that the rest of the pairs is too little.
    assert labels_to_halve(JUDGED, None, None, [1] * 80 + [0] * 20 + [0] * 900) is None
    assert (
        labels_to_halve(JUDGED, None, None, [1] * 80 + [0] * 20 + [0] * 500 + [nan] * 400) is None
    )
    assert labels_to_halve([]) is None
    assert labels_to_halve([1], None, None, [1]) is None


def test_without_labels_a_first_few_halve_ignorance() -> None:
    few = labels_to_halve(JUDGED)
    assert few is not None
    assert few < 20
    assert labels_to_halve(JUDGED, [2.0] * 1_000, None, [nan] * 1_000) == few


def test_weights_and_strata_enter_the_plan() -> None:
    plain = labels_to_halve(JUDGED, None, None, some_labels(2))
    halves = [0, 1] * 500
    assert labels_to_halve(JUDGED, [3.0] * 1_000, None, some_labels(2)) == plain
    assert labels_to_halve(JUDGED, None, halves, some_labels(2)) != plain
    assert labels_to_halve(JUDGED, [1, 4] * 500, None, some_labels(2)) != plain
    # A stratum without labels does not stop the plan: some of the new ones fall on it.
    away = labels_to_halve(
        JUDGED * 2, None, [0] * 1_000 + [1] * 1_000, some_labels(2) + [nan] * 1_000
    )
    assert away is not None


def test_a_plan_is_refused_what_an_estimate_is() -> None:
    with pytest.raises(EvidenceError, match="0 or 1"):
        labels_to_halve([0.5])
    with pytest.raises(EvidenceError, match="labels"):
        labels_to_halve([0, 1], None, None, [1])
    with pytest.raises(EvidenceError, match="strata"):
        labels_to_halve([0, 1], None, ["a"])
    with pytest.raises(EvidenceError, match="weights"):
        labels_to_halve([0, 1], [1, 0])


def test_the_planned_labels_halve_the_interval_in_a_short_simulation() -> None:
    rng = np.random.default_rng(2)
    left = []
    for run in range(30):
        bad = rng.random(3_000) < 0.07
        flagged = rng.random(3_000) < np.where(bad, 0.8, 0.03)
        labels = np.full(3_000, nan)
        labels[:100] = bad[:100]
        more = labels_to_halve(flagged, None, None, labels)
        assert more is not None
        before = estimate_rate(flagged, None, None, labels, seed=run)
        labels[: 100 + more] = bad[: 100 + more]
        after = estimate_rate(flagged, None, None, labels, seed=run)
        left.append((after.high - after.low) / (before.high - before.low))
    # A half, within 30 %.
    assert 0.35 <= np.mean(left) <= 0.65
