import math

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import (
    clopper_pearson,
)
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import unknown

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
