import json
import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.sampling.sample_ratio import SampleRatioMonitor

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

batches = st.integers(0, 50).flatmap(
    lambda n: st.tuples(st.just(n), st.floats(0, n), st.integers(0, n))
)


def test_one_batch_shows_the_arithmetic() -> None:
    monitor = SampleRatioMonitor()
    assert monitor.update(2_000, 1_000.0, 1_000) is False
    # p = 1/2 and k = n/2: exp(l n/2) / (1/2 + exp(l)/2)^n = cosh(l/2)^-2000, the same for -l and l:
    # .9753 .9049 .5354 .0822 .0000 ... for l = .01 .02 .05 .1 .2 ...; mean of eight .3122.
    # Half of the starts were taken, half are left: .5 * .3122 + .5 = .6561
    assert monitor.statistic == pytest.approx(0.6561, abs=1e-4)
    monitor.update(1_000, 1_000.0, 1_000)
    # Certain captures that came say nothing: the M keep their .1561 and take the starts
    # left(1000) - left(2000) = 1/2 - 1/3 on top; a third is left.
    assert monitor.statistic == pytest.approx(0.6561, abs=1e-4)
    assert sum(monitor.state()["evidence"]) / 16 == pytest.approx(0.1561 + 1 / 6, abs=1e-4)
    assert (monitor.eligible, monitor.expected, monitor.captured) == (3_000, 2_000.0, 2_000)


def test_before_any_batch_the_evidence_is_one() -> None:
    monitor = SampleRatioMonitor()
    assert (monitor.statistic, monitor.level) == (1.0, 1e5)
    assert (monitor.eligible, monitor.expected, monitor.captured) == (0, 0.0, 0)


def test_batches_without_requests_change_nothing() -> None:
    monitor = SampleRatioMonitor()
    monitor.update(100, 5.0, 9)
    before = monitor.state()
    monitor.update(0, 0.0, 0)
    assert monitor.state() == before


def test_one_request() -> None:
    for captured in (0, 1):
        monitor = SampleRatioMonitor()
        assert monitor.update(1, 0.5, captured) is False
        # Bets come in pairs, and p = 1/2 makes factors of -l and l add up to 2: none is gained.
        assert monitor.statistic == pytest.approx(1.0, rel=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=25))
def test_the_mean_over_all_outcomes_is_at_most_one(shares: list[float]) -> None:
    """Exact, over the distribution of the count of captures with unequal probabilities."""
    chances = np.ones(1)
    for pi in shares:
        chances = np.convolve(chances, [1 - pi, pi])
    mean = 0.0
    for captured, chance in enumerate(chances):
        monitor = SampleRatioMonitor(level=1e90)
        monitor.update(len(shares), sum(shares), captured)
        # 0 * 1e96 of a case that cannot be is 0.
        mean += chance * monitor.statistic
    assert mean <= 1 + 1e-9


@pytest.mark.parametrize("pi", [0.001, 0.05, 0.5, 0.97])
def test_with_equal_probabilities_the_mean_is_one(pi: float) -> None:
    chances = np.ones(1)
    for _ in range(40):
        chances = np.convolve(chances, [1 - pi, pi])
    mean = 0.0
    for captured, chance in enumerate(chances):
        monitor = SampleRatioMonitor(level=1e90)
        monitor.update(40, 40 * pi, captured)
        mean += chance * monitor.statistic
    assert mean == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("shares", [(0.1,), (0.02, 0.1, 0.3)])
def test_false_alarms_stay_within_one_over_level(shares: tuple[float, ...]) -> None:
    """1,000 null runs of 100 batches at level 20: at most 5 % may ever alarm.

    Beside it the z-test of all captures so far, at 5 % after each batch.
    """
    rng = np.random.default_rng([20, len(shares)])
    pi = np.array(shares)
    runs, alarmed, rejected = 1_000, 0, 0
    for _ in range(runs):
        monitor = SampleRatioMonitor(level=20)
        sizes = rng.integers(1, 5_000, (100, pi.size))
        captured = rng.binomial(sizes, pi).sum(axis=1)
        expected = sizes @ pi
        crossed = [
            monitor.update(*batch)
            for batch in zip(
                sizes.sum(axis=1).tolist(), expected.tolist(), captured.tolist(), strict=True
            )
        ]
        alarmed += any(crossed)
        z = (captured - expected).cumsum() / np.sqrt((sizes @ (pi * (1 - pi))).cumsum())
        rejected += (np.abs(z) > 1.96).any()
    measured.info(
        "null at level 20, pi %s: %.1f %% of runs alarmed, by z-tests %.1f %%",
        *(shares, 100 * alarmed / runs, 100 * rejected / runs),
    )
    # 50 expected at the very most, and 3 deviations of 7.
    assert 0 < alarmed <= 71
    assert rejected > 300


def requests_to_alarm(*, kept: float, good: int, runs: int) -> float:
    """Mean over runs; batches of 500 at pi = .05, ``good`` requests before the fault."""
    rng = np.random.default_rng([int(100 * kept), good])
    taken = []
    for _ in range(runs):
        monitor = SampleRatioMonitor()
        for captured in rng.binomial(500, 0.05, good // 500).tolist():
            assert not monitor.update(500, 25.0, captured)
        while not monitor.update(500, 25.0, int(rng.binomial(500, 0.05 * kept))):
            pass
        taken.append(monitor.eligible - good)
    return float(np.mean(taken))


@pytest.mark.parametrize(
    ("kept", "good", "most"),
    [
        (0.95, 0, 250_000),
        (0.95, 1_000_000, 400_000),
        (0.90, 0, 75_000),
        (0.50, 0, 4_000),
        (0.50, 1_000_000, 5_000),
        (0.0, 0, 1_500),
        (2.0, 0, 2_500),
    ],
)
def test_power(kept: float, good: int, most: int) -> None:
    # The mean of log(.0475 / .05) and log(.9525 / .95) at .0475 is 6.7e-5 nats a request, so who
    # knew of 5 % lost, and since when, would need log(1e5) / 6.7e-5 = 172,000.
    taken = requests_to_alarm(kept=kept, good=good, runs=15)
    measured.info(
        "pi = .05, %.0f %% of captures kept, after %d good requests: alarm after %.0f",
        *(100 * kept, good, taken),
    )
    assert taken <= most


def test_something_captured_of_nothing_expected_is_certain() -> None:
    monitor = SampleRatioMonitor()
    assert monitor.update(100, 0.0, 0) is False
    assert monitor.statistic == 1.0
    assert monitor.update(100, 0.0, 1) is True
    assert monitor.statistic == 1e5 * 1e6


def test_one_missing_of_certain_captures_is_certain() -> None:
    monitor = SampleRatioMonitor()
    assert monitor.update(100, 100.0, 100) is False
    assert monitor.statistic == pytest.approx(1.0, rel=1e-12)
    assert monitor.update(100, 100.0, 99) is True
    assert monitor.statistic == 1e5 * 1e6


def test_evidence_stays_finite_and_the_alarm_can_end() -> None:
    monitor = SampleRatioMonitor()
    for _ in range(5):
        assert monitor.update(10**6, 5e5, 0)
        assert monitor.update(10**6, 5e5, 10**6)
    # The last batch puts the eight upward bets at their most and takes the others to nothing.
    assert monitor.statistic == pytest.approx(1e11 / 2)
    assert json.loads(json.dumps(monitor.state(), allow_nan=False)) == monitor.state()
    assert any(not monitor.update(10**6, 5e5, 500_000) for _ in range(50))


def test_the_alarm_is_at_the_level_not_above_it() -> None:
    first = SampleRatioMonitor()
    first.update(100, 5.0, 20)
    assert first.statistic > 1
    assert SampleRatioMonitor(first.statistic).update(100, 5.0, 20) is True
    higher = SampleRatioMonitor(math.nextafter(first.statistic, math.inf))
    assert higher.update(100, 5.0, 20) is False


def test_a_sum_above_the_requests_by_rounding_is_all_of_them() -> None:
    monitor = SampleRatioMonitor()
    assert monitor.update(3, math.nextafter(3.0, 4.0), 3) is False
    assert monitor.expected == 3.0


@pytest.mark.parametrize(
    ("eligible", "expected", "captured"),
    [
        (10, 5.0, 11),
        (10, 5.0, -1),
        (-1, 0.0, 0),
        (10, -0.1, 0),
        (10, 10.1, 10),
        (0, 0.1, 0),
        (10, math.nan, 5),
        (10, math.inf, 5),
        (10.5, 5.0, 5),
        (10, 5.0, 5.0),
        (None, 5.0, 5),
    ],
)
def test_what_is_no_batch_updates_nothing(eligible: int, expected: float, captured: int) -> None:
    monitor = SampleRatioMonitor()
    monitor.update(100, 5.0, 6)
    before = monitor.state()
    with pytest.raises(EvidenceError, match="nothing was updated"):
        monitor.update(eligible, expected, captured)
    assert monitor.state() == before


@pytest.mark.parametrize("level", [1.0, 0.5, -3, math.nan, math.inf])
def test_a_level_off_its_range_is_refused(level: float) -> None:
    with pytest.raises(EvidenceError, match="level"):
        SampleRatioMonitor(level)


@given(taken=st.lists(batches, min_size=1, max_size=30), cut=st.integers(0, 30))
def test_a_monitor_restored_from_json_goes_on_bit_for_bit(
    taken: list[tuple[int, float, int]], cut: int
) -> None:
    whole, halved = SampleRatioMonitor(level=50), SampleRatioMonitor(level=50)
    for index, batch in enumerate(taken):
        if index == cut:
            halved = SampleRatioMonitor.from_state(json.loads(json.dumps(halved.state())))
        assert whole.update(*batch) == halved.update(*batch)
        assert whole.state() == halved.state()
        assert whole.statistic == halved.statistic
        assert 0 < whole.statistic <= 50 * 1e6


def test_numpy_values_leave_plain_json() -> None:
    monitor = SampleRatioMonitor(np.float64(1e5))
    monitor.update(np.int64(100), np.float64(5.0), np.int64(6))
    state = monitor.state()
    assert json.loads(json.dumps(state)) == state
    assert {type(value) for value in state["evidence"]} == {float}
    assert (type(state["expected"]), type(state["captured"])) == (float, int)


def test_integers_as_postgres_returns_them_are_read() -> None:
    state = SampleRatioMonitor().state() | {
        "eligible": 10,
        "expected": 5,
        "captured": 4,
        "evidence": [10**11] + [1] * 15,
    }
    assert SampleRatioMonitor.from_state(state).state()["evidence"] == [1e11] + [1.0] * 15


@pytest.mark.parametrize(
    "damage",
    [
        {"evidence": [0.0]},
        {"evidence": [0.0] * 15 + [math.nan]},
        {"evidence": [0.0] * 15 + [-1.0]},
        {"evidence": [0.0] * 15 + [1e12]},
        {"captured": 1},
        {"captured": -1},
        {"captured": 0.5},
        {"eligible": None},
        {"expected": 1.0},
        {"expected": math.nan},
        {"level": 0.0},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(EvidenceError):
        SampleRatioMonitor.from_state(SampleRatioMonitor().state() | damage)


def test_a_state_without_a_part_is_refused() -> None:
    state = SampleRatioMonitor().state()
    del state["expected"]
    with pytest.raises(EvidenceError, match="not the state"):
        SampleRatioMonitor.from_state(state)
