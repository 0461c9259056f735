import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.errors import EvidenceError
from app.evaluation.estimation import (
    clopper_pearson,
    clopper_pearson_upper,
    effective_n,
    estimate_rate,
    unknown,
    weighted_rate,
    wilson_interval,
)

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
    score = reference.proportion_ci(0.9, method="wilson")
    assert wilson_interval(bad, n, 0.9) == pytest.approx((score.low, score.high), abs=1e-9)


def test_intervals_without_pairs_are_everything() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert clopper_pearson_upper(0, 0, 0.05) == 1.0


def test_intervals_reach_the_ends_they_should() -> None:
    assert clopper_pearson(0, 10)[0] == 0.0
    assert clopper_pearson(10, 10)[1] == 1.0
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(10, 10)[1] == 1.0


@pytest.mark.parametrize(("bad", "n", "level"), [(-1, 3, 0.9), (4, 3, 0.9), (1, 3, 1.0), (1, 3, 0)])
def test_impossible_counts_and_levels_are_refused(bad: float, n: float, level: float) -> None:
    for interval in (clopper_pearson, wilson_interval, clopper_pearson_upper):
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pairs", "gold", "widest"),
    [
        (100, 100, 0.110),
        (300, 100, 0.093),
        (1_000, 100, 0.086),
        (3_000, 100, 0.084),
        (100, 200, 0.092),
        (300, 200, 0.071),
        (1_000, 200, 0.063),
        (3_000, 200, 0.060),
    ],
)
def test_c1_coverage_and_width(pairs: int, gold: int, widest: float) -> None:
    coverage, width = covered(runs=2_000, pairs=pairs, gold=gold)
    assert coverage >= 0.94
    assert width <= widest
