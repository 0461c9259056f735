import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.judge_calibration import (
    calibrate,
    counted_errors,
    prefers_longer,
)
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.calibration.kappa import VERDICTS
from tierwatch.evaluation.rates.binomial import clopper_pearson


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
        ((["worst"], ["tie"]), "worse, tie, better, inconclusive, not 'worst'"),
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


verdict = st.sampled_from(VERDICTS)


@given(st.lists(st.tuples(verdict, verdict), max_size=60))
def test_errors_count_every_pair_once(pairs: list[tuple[str, str]]) -> None:
    errors = counted_errors(pairs)
    assert errors.bad + errors.good == len(pairs)
    agreed = sum((said == "worse") == (known == "worse") for said, known in pairs)
    assert errors.caught + errors.cleared == agreed


def test_the_errors_are_those_behind_the_shares() -> None:
    pairs = [("worse", "worse")] * 7 + [("tie", "worse")] * 3 + [("worse", "tie"), ("tie", "tie")]
    found = calibrate([said for said, _ in pairs], [known for _, known in pairs])
    assert found.errors == JudgeErrors(7, 10, 1, 2)
    assert found.sensitivity.value == 0.7
    assert found.specificity.value == 0.5


@given(st.lists(st.tuples(verdict, verdict, st.sampled_from(["served", "alternative", "tie"]))))
def test_a_preference_for_length_turns_round_when_the_answers_do(
    rows: list[tuple[str, str, str]],
) -> None:
    swap = {"worse": "better", "better": "worse", "tie": "tie"}
    sides = {"served": "alternative", "alternative": "served", "tie": "tie"}
    plain = prefers_longer([(said, known) for said, known, _ in rows], [row[2] for row in rows])
    turned = prefers_longer(
        [(swap[said], swap[known]) for said, known, _ in rows], [sides[row[2]] for row in rows]
    )
    # The longer answer is the same one, whichever side it stands on.
    assert plain == turned


def test_only_true_ties_with_a_verdict_and_unequal_answers_say_anything_of_length() -> None:
    silent = [("tie", "tie"), ("better", "better"), ("worse", "worse")]
    assert prefers_longer(silent, ["served"] * 3) == []
    assert prefers_longer([("better", "tie")], ["tie"]) == []


def test_an_inconclusive_verdict_agrees_with_nothing_and_accuses_nobody() -> None:
    found = calibrate(
        ["inconclusive", "inconclusive", "tie", "worse"], ["tie", "worse", "tie", "worse"]
    )
    assert found.agreement.value == 0.5
    assert (found.sensitivity.value, found.specificity.value) == (0.5, 1.0)
    assert found.length_preference.value is None
    with pytest.raises(EvidenceError):
        calibrate(["tie"], ["inconclusive"])
