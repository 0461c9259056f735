import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.double_sampling import LabelledPair, estimate_rate
from tierwatch.evaluation.rates.label_plan import (
    labels_to_halve,
    labels_to_halve_sums,
    narrowing,
)
from tierwatch.evaluation.rates.weighted import RateSums

nan = math.nan


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


@settings(max_examples=30)
@given(st.integers(1, 9), st.permutations(range(1_000)), st.floats(0.1, 10))
def test_order_of_pairs_and_unit_of_weights_do_not_matter_to_the_plan(
    each: int, order: list[int], factor: float
) -> None:
    labels = some_labels(each)
    plain = labels_to_halve(JUDGED, None, None, labels)
    turned = labels_to_halve(
        [JUDGED[place] for place in order],
        [factor] * 1_000,
        None,
        [labels[place] for place in order],
    )
    assert turned == plain


@settings(max_examples=30)
@given(st.integers(0, 100), st.integers(0, 200))
def test_a_plan_never_asks_for_more_labels_than_there_are_pairs_without(
    flagged: int, good: int
) -> None:
    judged = [1] * 100 + [0] * 900
    labels = [1.0] * flagged + [nan] * (100 - flagged) + [0.0] * good + [nan] * (900 - good)
    more = labels_to_halve(judged, None, None, labels)
    assert more is None or 1 <= more <= 1_000 - flagged - good


@pytest.mark.parametrize("seed", range(6))
def test_sums_plan_what_their_pairs_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 600
    judged = (rng.random(n) < 0.1).astype(float)
    weights = rng.choice([1.0, 4.0, 20.0], n)
    strata = rng.choice(["chat", "sql", "code"], n)
    truth = np.where(rng.random(n) < 0.1, 1 - judged, judged)
    labels = np.where(rng.random(n) < (0.02, 0.2, 0.9)[seed % 3], truth, np.nan)
    sums = {
        str(name): RateSums(
            pairs=int(here.sum()),
            bad=float(judged[here].sum()),
            weight=float(weights[here].sum()),
            lost=float((weights * judged)[here].sum()),
            squares=float((weights**2)[here].sum()),
        )
        for name in np.unique(strata)
        for here in [strata == name]
    }
    labelled = [
        LabelledPair(str(stratum), one, weight, label)
        for stratum, one, weight, label in zip(strata, judged, weights, labels, strict=True)
        if not np.isnan(label)
    ]
    assert labels_to_halve_sums(sums, labelled) == labels_to_halve(judged, weights, strata, labels)


def test_sums_of_nothing_and_of_labels_alone_plan_nothing() -> None:
    assert labels_to_halve_sums({}, []) is None
    one = RateSums(pairs=1, weight=1, squares=1)
    assert labels_to_halve_sums({"chat": one}, [LabelledPair("chat", 0.0, 1.0, 0.0)]) is None
    # From the priors alone, as without sums.
    many = RateSums(pairs=500, bad=50, weight=500, lost=50, squares=500)
    assert labels_to_halve_sums({"chat": many}, []) == labels_to_halve([1] * 50 + [0] * 450)


def sums_of(bad: int, pairs: int) -> RateSums:
    return RateSums(pairs=pairs, bad=bad, weight=pairs, lost=bad, squares=pairs)


def labelled_of(caught: int, accused: int, missed: int, passed: int) -> list[LabelledPair]:
    """Labels of so many judged bad and judged good, and how many of them are found bad."""
    return [
        LabelledPair("chat", judged, 1.0, float(number < bad))
        for judged, bad, n in ((1.0, caught, accused), (0.0, missed, passed))
        for number in range(n)
    ]


def test_what_labels_narrow_shows_its_arithmetic() -> None:
    # As in the first test: the variance is .007775, so the width 3.92 * .08818 = .3457.
    found = narrowing({"chat": sums_of(100, 1_000)}, labelled_of(8, 10, 1, 10), useful=0.05)
    assert found is not None
    assert found.width == pytest.approx(0.3457, abs=2e-4)
    assert found.goal == 0.05
    # One more makes the 20 labels 21.05 with the shares they have: about 1 / 40 of the width.
    assert 0.004 < found.one_more < 0.012
    # Half the width is a quarter of the variance, and that takes the labels that halve it.
    halved = narrowing({"chat": sums_of(100, 1_000)}, labelled_of(8, 10, 1, 10), useful=0.4)
    assert halved is not None
    assert halved.goal == pytest.approx(found.width / 2)
    assert halved.more == labels_to_halve(JUDGED, None, None, some_labels(1)) == 58
    wanted = narrowing(
        {"chat": sums_of(100, 1_000)}, labelled_of(8, 10, 1, 10), useful=found.width / 2
    )
    assert wanted is not None
    assert wanted.more == 58


def test_the_first_label_narrows_most_and_each_further_one_less() -> None:
    sums = {"chat": sums_of(100, 1_000)}
    steps = [narrowing(sums, [], useful=0.1)]
    steps += [narrowing(sums, labelled_of(0, n, 0, 9 * n), useful=0.1) for n in (1, 2, 4, 8)]
    narrows = [step.one_more for step in steps if step is not None]
    assert len(narrows) == 5
    assert narrows == sorted(narrows, reverse=True)
    assert steps[0] is not None
    assert steps[0].width == 1.0


def test_where_only_pairs_help_no_number_of_labels_is_named() -> None:
    few = narrowing({"chat": sums_of(2, 6)}, labelled_of(1, 1, 0, 3), useful=0.01)
    assert few is not None
    assert few.more is None
    assert narrowing({}, [], useful=0.1) is None
    assert narrowing({"chat": sums_of(1, 2)}, labelled_of(1, 1, 0, 1), useful=0.1) is None


@settings(max_examples=40)
@given(
    st.integers(0, 300), st.integers(1, 2_000), st.integers(0, 20), st.integers(0, 60),
    st.floats(0.01, 0.5),
)  # fmt: skip
def test_a_narrowing_is_within_what_it_may_be(
    bad: int, good: int, accused: int, passed: int, useful: float
) -> None:
    accused, passed = min(accused, bad), min(passed, good)
    sums = {"chat": sums_of(bad, bad + good)}
    labelled = labelled_of(accused // 2, accused, passed // 10, passed)
    found = narrowing(sums, labelled, useful=useful)
    if found is None:
        assert len(labelled) == bad + good
        return
    assert 0 < found.width <= 1
    assert found.one_more >= 0
    assert found.goal == useful if found.width > useful else found.goal == found.width / 2
    assert found.more is None or 1 <= found.more <= bad + good - len(labelled)
