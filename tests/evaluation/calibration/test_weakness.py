import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.error_bounds import least_errors
from tierwatch.evaluation.calibration.judge_calibration import JudgeCalibration, calibrate
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.calibration.weakness import weakness
from tierwatch.evaluation.rates.binomial import clopper_pearson


def gold(caught: int, worse: int, accused: int, clear: int) -> JudgeCalibration:
    """A judge that calls ``caught`` of the worse pairs and ``accused`` of the ties worse."""
    judged = ["worse"] * caught + ["tie"] * (worse - caught)
    judged += ["worse"] * accused + ["tie"] * (clear - accused)
    return calibrate(judged, ["worse"] * worse + ["tie"] * clear)


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
        s, f = least_errors(JudgeErrors(0.7 * count, count, 0.92 * count, count), 0.05 / 3)
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


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(0, 60), st.floats(0.01, 0.4), st.floats(0.01, 0.4))
def test_a_judge_that_can_certify_a_tolerance_can_certify_a_looser_one(
    caught: int, accused: int, one: float, other: float
) -> None:
    found = gold(caught, 60, accused, 60)
    strict, loose = sorted((one, other))
    if weakness(found, strict) is None:
        assert weakness(found, loose) is None


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.4))
def test_what_is_asked_for_is_more_than_there_is_or_no_number(
    caught: int, accused: int, tolerance: float
) -> None:
    weak = weakness(gold(caught, 60, accused, 60), tolerance)
    if weak is None or weak.gold_worse is None or weak.gold_not_worse is None:
        return
    assert weak.gold_worse >= 60
    assert weak.gold_not_worse >= 60
    assert weak.gold_worse + weak.gold_not_worse > 120
    assert str(weak.gold_worse) in weak.reason
    assert -1 <= weak.informativeness <= 1
