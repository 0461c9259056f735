import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.thresholds.prediction import predicted_change

nan = math.nan


def test_predicted_change_shows_the_arithmetic() -> None:
    c = [0.8] * 60 + [0.5] * 40
    x = [0] * 57 + [1] * 3 + [0] * 30 + [1] * 10
    lower = predicted_change(c, x, None, current=0.7, proposed=0.4, cost_low=1, cost_high=3)
    assert lower.misroute.value == pytest.approx(13 / 100)
    assert lower.kept.value == 1.0
    # Cost now 60 * 1 + 40 * 3 = 180, then 100: -80 / 180
    assert lower.cost_change.value == pytest.approx(-80 / 180)
    assert -1 < lower.cost_change.low < -80 / 180 < lower.cost_change.high < 0
    higher = predicted_change(c, x, None, current=0.4, proposed=0.7, cost_low=1, cost_high=3)
    assert higher.misroute.value == pytest.approx(3 / 60)
    assert higher.misroute.n == 60
    # Cost now 100, then 180: +80 %
    assert higher.cost_change.value == pytest.approx(0.8)
    assert higher.cost_change.low < 0.8 < higher.cost_change.high


def test_predicted_change_weighs_pairs() -> None:
    # Weight 1 keeps 60 of 60 + 4 * 40 = 220; 160 of 220 move.
    change = predicted_change(
        [0.8] * 60 + [0.5] * 40,
        [0] * 100,
        [1] * 60 + [4] * 40,
        current=0.7,
        proposed=0.4,
        cost_low=1,
        cost_high=3,
    )
    # (60 + 480) now, 220 then
    assert change.cost_change.value == pytest.approx(220 / 540 - 1)


def test_predicted_change_covers_the_truth() -> None:
    # c uniform, .7 -> .5 at costs 1 and 3: share moved .2, cost now .3 + 2.1 = 2.4: -.4 / 2.4
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(300):
        c = rng.random(200)
        change = predicted_change(
            c, rng.random(200) < 0.1, None, current=0.7, proposed=0.5, cost_low=1, cost_high=3
        ).cost_change
        covered += change.low <= -1 / 6 <= change.high
    assert covered >= 285


def test_predicted_change_without_pairs_is_unknown() -> None:
    change = predicted_change([], [], None, current=0.7, proposed=0.4, cost_low=1, cost_high=4)
    assert change.misroute.value is None
    assert change.kept.value is None
    assert change.cost_change.value is None
    # All traffic from the higher to the lower tier: 1 / 4 - 1
    assert (change.cost_change.low, change.cost_change.high) == (-0.75, 0.0)
    up = predicted_change([], [], None, current=0.4, proposed=0.7, cost_low=1, cost_high=4)
    # All of it the other way: 4 / 1 - 1
    assert (up.cost_change.low, up.cost_change.high) == (0.0, 3.0)


def test_predicted_change_to_the_same_threshold_is_none() -> None:
    change = predicted_change(
        [0.8] * 50, [0] * 50, None, current=0.7, proposed=0.7, cost_low=1, cost_high=3
    ).cost_change
    assert (change.value, change.low, change.high) == (0.0, 0.0, 0.0)


def test_predicted_change_from_a_free_tier_has_no_relative_value() -> None:
    change = predicted_change(
        [0.8] * 50, [0] * 50, None, current=0.7, proposed=0.9, cost_low=0, cost_high=2
    ).cost_change
    assert change.value is None
    assert 0 < change.low < change.high < math.inf


def test_predicted_change_towards_a_dearer_lower_tier_turns_its_sign() -> None:
    # 60 * 3 + 40 * 1 = 220 now; 300 when all is kept on the dearer tier.
    change = predicted_change(
        [0.8] * 60 + [0.5] * 40, [0] * 100, None, current=0.7, proposed=0.4, cost_low=3, cost_high=1
    ).cost_change
    assert change.value == pytest.approx(80 / 220)
    assert 0 < change.low < 80 / 220 < change.high <= 2


def test_predicted_change_of_free_tiers_is_unknown() -> None:
    change = predicted_change(
        [0.8] * 50, [0] * 50, None, current=0.7, proposed=0.6, cost_low=0, cost_high=0
    ).cost_change
    assert change.value is None
    assert "nothing" in change.method


@pytest.mark.parametrize(
    "argument",
    [
        {"current": -0.1},
        {"proposed": 1.1},
        {"cost_low": -1.0},
        {"cost_high": math.inf},
        {"cost_high": math.nan},
        {"level": 1.0},
    ],
)
def test_predicted_change_refuses_bad_arguments(argument: dict[str, float]) -> None:
    good = {"current": 0.7, "proposed": 0.6, "cost_low": 1.0, "cost_high": 3.0}
    with pytest.raises(EvidenceError, match=next(iter(argument))):
        predicted_change([0.5], [0], None, **(good | argument))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 10)), max_size=40),
    st.integers(0, 100),
    st.integers(0, 100),
    st.floats(0, 5),
    st.floats(0, 5),
)
def test_a_predicted_change_lies_in_its_interval_and_has_the_sign_of_the_move(
    pairs: list[tuple[float, float]], now: int, then: int, cost_low: float, cost_high: float
) -> None:
    c, w = ([row[k] for row in pairs] for k in range(2))
    found = predicted_change(
        c,
        [0] * len(c),
        w,
        current=now / 100,
        proposed=then / 100,
        cost_low=cost_low,
        cost_high=cost_high,
    ).cost_change
    assert found.low <= found.high
    if found.value is None:
        return
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    # Down to the lower tier saves where that is the cheaper one.
    sign = (then - now) * (cost_high - cost_low)
    assert found.value * sign >= -1e-9


def test_the_unit_of_cost_does_not_matter() -> None:
    c = [0.8] * 60 + [0.5] * 40
    one, other = (
        predicted_change(
            c, [0] * 100, None, current=0.7, proposed=0.4, cost_low=unit, cost_high=3 * unit
        ).cost_change
        for unit in (1.0, 0.002)
    )
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
