"""The end of an alarm: evidence that the rate is below its tolerance, bounded like the alarm's."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.recovery_monitor import RecoveryMonitor


def pairs_until(rate: float, tolerance: float, seed: int, *, most: int = 20_000) -> int | None:
    rng, monitor = random.Random(seed), RecoveryMonitor(tolerance)
    for n in range(1, most + 1):
        if monitor.update(float(rng.random() < rate)):
            return n
    return None


def test_one_pair_is_worth_what_the_formula_says() -> None:
    # Good pair at a tolerance of .5: lambda = (1 - m) / .5, factor 1 + lambda / 2 = 2 - m:
    # 1.9, 1.7, 1.4. Bad pair: factor 1 - lambda / 2 = m: .1, .3, .6 of (M + 1).
    monitor = RecoveryMonitor(0.5)
    assert not monitor.update(0.0)
    assert monitor.statistic == pytest.approx((1.9 + 1.7 + 1.4) / 3)
    monitor.update(1.0)
    assert monitor.statistic == pytest.approx((2.9 * 0.1 + 2.7 * 0.3 + 2.4 * 0.6) / 3)


def test_a_pair_at_the_tolerance_says_nothing() -> None:
    monitor = RecoveryMonitor(0.3)
    for n in range(1, 6):
        monitor.update(0.3)
        assert monitor.statistic == pytest.approx(n)


def test_a_smaller_weight_counts_for_less() -> None:
    whole, half = RecoveryMonitor(0.05, max_weight=2.0), RecoveryMonitor(0.05, max_weight=2.0)
    whole.update(0.0, 2.0)
    half.update(0.0, 1.0)
    assert 1 < half.statistic < whole.statistic


@pytest.mark.parametrize(("rate", "most"), [(0.0, 203), (0.005, 400), (0.01, 700)])
def test_a_low_rate_shows_within_some_hundred_pairs(rate: float, most: int) -> None:
    found = [pairs_until(rate, 0.05, seed) for seed in range(20)]
    assert all(n is not None for n in found)
    assert sorted(n for n in found if n is not None)[10] <= most


def test_a_long_bad_stretch_before_does_not_have_to_be_paid_back() -> None:
    monitor = RecoveryMonitor(0.05)
    for _ in range(5_000):
        monitor.update(1.0)
    pairs = 0
    while not monitor.update(0.0):
        pairs += 1
    assert pairs <= 210


def test_a_rate_at_the_tolerance_is_not_called_recovered() -> None:
    # At most 2,000 / 1e5 = 2 % of runs by the bound, so of 40 runs one or two; 1.4 % of 20,000.
    found = [pairs_until(0.05, 0.05, seed, most=2_000) for seed in range(40)]
    assert sum(n is not None for n in found) <= 2


@pytest.mark.slow
def test_the_bound_on_being_wrong_holds_where_it_is_tight_enough_to_see() -> None:
    # Level 500, 100 pairs at the tolerance: at most one run of five may say so.
    wrong = 0
    for seed in range(2_000):
        rng, monitor = random.Random(seed), RecoveryMonitor(0.2, level=500.0)
        wrong += any(monitor.update(float(rng.random() < 0.2)) for _ in range(100))
    assert wrong / 2_000 <= 0.2


@given(
    st.floats(0.001, 0.999),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.001, 1)), max_size=30),
)
def test_evidence_is_never_negative_and_state_goes_on_bit_for_bit(
    tolerance: float, pairs: list[tuple[float, float]]
) -> None:
    whole, broken = RecoveryMonitor(tolerance), RecoveryMonitor(tolerance)
    for loss, weight in pairs:
        whole.update(loss, weight)
        broken.update(loss, weight)
        broken = RecoveryMonitor.from_state(json.loads(json.dumps(broken.state())))
        assert whole.statistic >= 0
    assert broken.state() == whole.state()


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -1.0, float("nan")])
def test_a_tolerance_outside_its_range_is_refused(tolerance: float) -> None:
    with pytest.raises(EvidenceError, match="tolerance"):
        RecoveryMonitor(tolerance)


def test_what_is_out_of_range_updates_nothing() -> None:
    monitor = RecoveryMonitor(0.05)
    for loss, weight in ((-0.1, 1.0), (1.1, 1.0), (0.0, 0.0), (0.0, 1.1), (float("nan"), 1.0)):
        with pytest.raises(EvidenceError, match="nothing was updated"):
            monitor.update(loss, weight)
    assert (monitor.n, monitor.statistic) == (0, 0.0)
    with pytest.raises(EvidenceError, match="largest weight"):
        RecoveryMonitor(0.05, max_weight=0.0)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"tolerance": "x"},
        {"evidence": [1.0]},
        {"evidence": [-1.0, 0.0, 0.0]},
        {"evidence": [float("nan")] * 3},
        {"n": -1},
        {"n": None},
    ],
)
def test_a_broken_state_is_refused(broken: dict[str, object]) -> None:
    state = RecoveryMonitor(0.05).state()
    with pytest.raises(EvidenceError):
        RecoveryMonitor.from_state({} if not broken else state | broken)


def test_conversations_of_eight_take_eight_times_the_pairs() -> None:
    monitor = RecoveryMonitor(0.05, together=8.0)
    while not monitor.update(0.0, 8.0):
        pass
    assert monitor.n * 8 == 1624
    # Pairs alone are as quick as without conversations.
    alone = RecoveryMonitor(0.05, together=8.0)
    while not alone.update(0.0):
        pass
    assert alone.n == 203


def test_a_recovery_of_conversations_goes_on_from_its_state() -> None:
    monitor = RecoveryMonitor(0.05, max_weight=2.5, together=8.0)
    monitor.update(0.0, 6.0)
    again = RecoveryMonitor.from_state(monitor.state())
    assert (again.state(), again.reach, again.promise) == (monitor.state(), 8.0, monitor.promise)
    with pytest.raises(EvidenceError, match="damaged"):
        RecoveryMonitor.from_state(monitor.state() | {"reach": 9.0})
    with pytest.raises(EvidenceError, match="finite"):
        RecoveryMonitor(0.05, together=-1.0)
    with pytest.raises(EvidenceError, match="a weight must lie"):
        monitor.update(0.0, 8.1)
