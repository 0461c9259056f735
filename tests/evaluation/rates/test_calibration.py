import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.judge_calibration import JudgeCalibration, calibrate
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.calibration.kappa import VERDICTS
from tierwatch.evaluation.calibration.weakness import weakness
from tierwatch.evaluation.rates.binomial import clopper_pearson


def gold(caught: int, worse: int, accused: int, clear: int) -> JudgeCalibration:
    """A judge that calls ``caught`` of the worse pairs and ``accused`` of the ties worse."""
    judged = ["worse"] * caught + ["tie"] * (worse - caught)
    judged += ["worse"] * accused + ["tie"] * (clear - accused)
    return calibrate(judged, ["worse"] * worse + ["tie"] * clear)


def test_rates_show_their_arithmetic() -> None:
    # judge \ truth  worse tie better
    # worse            8    2    0        sensitivity 8 / 10
    # tie              1   10    3        specificity 1 - 2 / 20 = 18 / 20
    # better           1    0    5        agreement 23 / 30
    rows = [
        *[("worse", "worse")] * 8,
        *[("worse", "tie")] * 2,
        *[("tie", "worse")] * 1,
        *[("tie", "tie")] * 10,
        *[("tie", "better")] * 3,
        *[("better", "worse")] * 1,
        *[("better", "better")] * 5,
    ]
    found = calibrate([a for a, _ in rows], [b for _, b in rows])
    assert found.sensitivity.value == pytest.approx(0.8)
    assert (found.sensitivity.low, found.sensitivity.high) == clopper_pearson(8, 10)
    assert found.specificity.value == pytest.approx(0.9)
    assert found.specificity.n == 20
    assert found.agreement.value == pytest.approx(23 / 30)
    # By chance they agree on 10 x 10, 14 x 12 and 6 x 8 of 900, 316 in all.
    assert found.kappa.value == pytest.approx((23 / 30 - 316 / 900) / (1 - 316 / 900))
    assert found.n == 30
    assert found.errors == JudgeErrors(8, 10, 18, 20)


def test_kappas_error_is_fleiss_cohen_and_everitts() -> None:
    rng = np.random.default_rng(5)
    truth = rng.choice(VERDICTS, 2_000)
    judged = np.where(rng.random(2_000) < 0.7, truth, rng.choice(VERDICTS, 2_000))
    kappa = calibrate(judged, truth).kappa
    share = np.array([[np.mean((judged == a) & (truth == b)) for b in VERDICTS] for a in VERDICTS])
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    a, e = np.trace(share), rows @ columns
    # Their formula (13), written out.
    same = sum(share[i, i] * ((1 - e) - (rows[i] + columns[i]) * (1 - a)) ** 2 for i in range(3))
    apart = (1 - a) ** 2 * sum(
        share[i, j] * (columns[i] + rows[j]) ** 2 for i in range(3) for j in range(3) if i != j
    )
    error = math.sqrt((same + apart - (a * e - 2 * e + a) ** 2) / (2_000 * (1 - e) ** 4))
    assert (kappa.high - kappa.low) / 2 == pytest.approx(1.959964 * error, rel=2e-3)


@pytest.mark.parametrize(("n", "agree"), [(60, 0.6), (300, 0.9)])
def test_kappas_interval_covers(n: int, agree: float) -> None:
    # The judge copies the truth with chance `agree`, else draws from the same: that is kappa.
    rng = np.random.default_rng(n)
    covered = 0
    for _ in range(300):
        truth = rng.choice(VERDICTS, n, p=[0.2, 0.5, 0.3])
        other = rng.choice(VERDICTS, n, p=[0.2, 0.5, 0.3])
        kappa = calibrate(np.where(rng.random(n) < agree, truth, other), truth).kappa
        covered += kappa.low <= agree <= kappa.high
    # 95 % of 300 is 285; three standard errors of chance are 11.
    assert covered >= 274


def test_a_perfect_table_is_not_certain_of_itself() -> None:
    kappa = calibrate(["worse", "tie"] * 20, ["worse", "tie"] * 20).kappa
    assert (kappa.value, kappa.high) == (1.0, 1.0)
    assert 0.8 < kappa.low < 1.0


def test_orders_that_agree_are_counted_where_both_were_read() -> None:
    found = calibrate(["tie"] * 5, ["tie"] * 5, orders_agree=[True, True, False, None, None])
    assert found.position_consistency.value == pytest.approx(2 / 3)
    assert found.position_consistency.n == 3


def test_length_preference_is_asked_of_true_ties_with_a_verdict() -> None:
    rows = [
        # judged, truth, longer, prefers the longer one
        ("better", "tie", "served"),  # yes
        ("worse", "tie", "alternative"),  # yes
        ("better", "tie", "alternative"),  # no
        ("worse", "tie", "served"),  # no
        ("worse", "tie", "alternative"),  # yes
        ("tie", "tie", "served"),  # no verdict
        ("better", "tie", "tie"),  # equally long
        ("better", "better", "served"),  # deserved
    ]
    found = calibrate(*([row[k] for row in rows] for k in (0, 1)), longer=[row[2] for row in rows])
    assert found.length_preference.value == pytest.approx(3 / 5)
    assert found.length_preference.n == 5


def test_nothing_and_one_pair_and_ties_alone() -> None:
    none = calibrate([], [])
    assert none.n == 0
    for estimate in (none.sensitivity, none.specificity, none.agreement, none.position_consistency):
        assert (estimate.value, estimate.low, estimate.high) == (None, 0.0, 1.0)
    assert (none.kappa.value, none.kappa.low, none.kappa.high) == (None, -1.0, 1.0)
    one = calibrate(["worse"], ["worse"])
    assert (one.sensitivity.value, one.sensitivity.low) == (1.0, pytest.approx(0.025))
    assert one.specificity.value is None
    assert one.kappa.value is None
    ties = calibrate(["tie"] * 40, ["tie"] * 40, longer=["served"] * 40)
    assert (ties.specificity.value, ties.agreement.value) == (1.0, 1.0)
    assert ties.sensitivity.value is None
    assert ties.kappa.value is None
    assert ties.length_preference.value is None


@given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS)), max_size=40))
def test_values_lie_inside_their_intervals(rows: list[tuple[str, str]]) -> None:
    found = calibrate([a for a, _ in rows], [b for _, b in rows])
    for estimate in (found.sensitivity, found.specificity, found.agreement, found.kappa):
        if estimate.value is not None:
            assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
    turned = calibrate([b for _, b in rows], [a for a, _ in rows])
    if found.kappa.value is not None:
        assert turned.kappa.value == pytest.approx(found.kappa.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["worse"], []), "0 true verdicts for 1 pairs"),
        ((["worst"], ["tie"]), "worse, tie, better, not 'worst'"),
        ((["tie"], [None]), "true verdicts"),
        ((["tie"], [math.nan]), "true verdicts"),
        ((["tie"], ["tie"], {"orders_agree": ["yes"]}), "order agreements"),
        ((["tie"], ["tie"], {"orders_agree": []}), "0 order agreements for 1"),
        ((["tie"], ["tie"], {"longer": ["a"]}), "longer answers"),
        ((["tie"], ["tie"], {"level": 1.0}), "level"),
    ],
)
def test_what_is_no_verdict_is_refused(arguments: tuple[Any, ...], words: str) -> None:
    options = arguments[2] if len(arguments) == 3 else {}
    with pytest.raises(EvidenceError, match=words):
        calibrate(*arguments[:2], **options)


def test_a_judge_without_false_alarms_is_strong_enough_when_it_finds_most() -> None:
    # .05 * s_low >= .025 * .7: s_low of 70 / 100 at .0167 is .59
    assert weakness(gold(70, 100, 0, 100), 0.05) is None


def test_a_weak_judge_is_told_how_much_gold_it_takes() -> None:
    weak = weakness(gold(70, 100, 8, 100), 0.05)
    assert weak is not None
    assert weak.gold_worse == weak.gold_not_worse
    n = weak.gold_worse
    assert n is not None
    # At n of each the same shares pass, and at n - 1 they do not: f + .025 (s - f) = .0955.
    for count, passes in ((n, True), (n - 1, False)):
        s, f = JudgeErrors(0.7 * count, count, 0.92 * count, count).least(0.05 / 3)
        assert (f + 0.05 * (s - f) >= 0.0955) is passes
    assert weak.informativeness == pytest.approx(
        clopper_pearson(70, 100)[0] + clopper_pearson(92, 100)[0] - 1
    )
    # The same shares counted in 50 more, where they are whole numbers, are weak no more.
    more = 50 * (n // 50 + 1)
    assert weakness(gold(7 * more // 10, more, 8 * more // 100, more), 0.05) is None


def test_gold_that_is_there_already_is_not_asked_for_again() -> None:
    weak = weakness(gold(2_100, 3_000, 8, 100), 0.05)
    assert weak is not None
    assert weak.gold_worse == 3_000
    assert weak.gold_not_worse is not None
    assert 100 < weak.gold_not_worse < 3_000


def test_a_looser_tolerance_asks_less() -> None:
    assert weakness(gold(70, 100, 8, 100), 0.3) is None


def test_a_judge_that_accuses_as_often_as_it_catches_has_no_number() -> None:
    weak = weakness(gold(30, 100, 40, 100), 0.05)
    assert weak is not None
    assert (weak.gold_worse, weak.gold_not_worse) == (None, None)
    assert "no number" in weak.reason


def test_a_judge_hopeless_beside_the_tolerance_has_no_number() -> None:
    weak = weakness(gold(50, 100, 45, 100), 0.01)
    assert weak is not None
    assert (weak.gold_worse, weak.gold_not_worse) == (None, None)
    assert "specificity" in weak.reason


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((0, 0, 0, 0), "truly worse"),
        ((5, 5, 0, 0), "truly not worse"),
        ((0, 0, 0, 9), "truly worse"),
    ],
)
def test_without_gold_of_a_kind_nothing_is_known(
    counts: tuple[int, int, int, int], words: str
) -> None:
    weak = weakness(gold(*counts), 0.05)
    assert weak is not None
    assert weak.gold_worse is None
    assert words in weak.reason


@pytest.mark.parametrize(
    "argument", [{"tolerance": 0.0}, {"tolerance": math.nan}, {"tolerance": 1.0}, {"delta": 0.0}]
)
def test_arguments_off_their_range_are_refused(argument: dict[str, float]) -> None:
    with pytest.raises(EvidenceError, match=next(iter(argument))):
        weakness(gold(5, 5, 0, 5), **({"tolerance": 0.05} | argument))
