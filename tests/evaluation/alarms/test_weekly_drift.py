import json

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.weekly_drift import KNOWN_AFTER_H, WEEK_H, WeeklyDriftMonitor


def hour_of(rng: np.random.Generator, a: float, b: float, n: int = 40) -> list[int]:
    return np.histogram(rng.beta(a, b, n), bins=20, range=(0, 1))[0].tolist()


def two_weeks(seed: int = 1, n: int = 40) -> tuple[WeeklyDriftMonitor, np.random.Generator]:
    """Nights are otherwise than days."""
    rng, monitor = np.random.default_rng(seed), WeeklyDriftMonitor(seed=seed)
    for hour in range(KNOWN_AFTER_H):
        assert not monitor.update_counts(hour, hour_of(rng, *usual(hour), n))
    return monitor, rng


def usual(hour: int) -> tuple[float, float]:
    return (1.5, 2.5) if hour % 24 < 6 else (2.5, 1.5)


def test_nothing_is_bet_on_before_two_weeks_are_known() -> None:
    monitor, _ = two_weeks()
    assert (monitor.statistic, monitor.n) == (0.0, 40 * KNOWN_AFTER_H)
    assert monitor.first_hour == 0
    assert not monitor.knows(KNOWN_AFTER_H - 1)
    assert monitor.knows(KNOWN_AFTER_H)


def test_nights_that_are_otherwise_every_night_are_no_drift() -> None:
    monitor, rng = two_weeks()
    for hour in range(KNOWN_AFTER_H, KNOWN_AFTER_H + 2 * WEEK_H):
        assert not monitor.update_counts(hour, hour_of(rng, *usual(hour)))
    assert monitor.statistic < 1e6


def test_a_day_like_the_nights_is() -> None:
    monitor, rng = two_weeks()
    noon = KNOWN_AFTER_H + 12
    asked = 0
    while not monitor.update_counts(noon + asked // 40, hour_of(rng, 1.5, 2.5)):
        asked += 40
        assert asked < 400


def test_a_cell_is_that_of_its_hour_of_the_week() -> None:
    monitor = WeeklyDriftMonitor(bins=2)
    monitor.update_counts(3, [5, 0])
    monitor.update_counts(3 + WEEK_H, [0, 2])
    monitor.update_counts(4, [1, 1])
    assert monitor.cell(3) == monitor.cell(3 + 7 * WEEK_H) == [5, 2]
    assert (monitor.cell(4), monitor.cell(5)) == ([1, 1], [0, 0])


def test_an_empty_hour_begins_nothing() -> None:
    monitor = WeeklyDriftMonitor(bins=2)
    assert not monitor.update_counts(3, [0, 0])
    assert (monitor.first_hour, monitor.n) == (None, 0)


def test_it_goes_on_bit_for_bit_with_the_cells_it_is_given() -> None:
    monitor, rng = two_weeks(seed=3)
    hour = KNOWN_AFTER_H + 5
    state = json.loads(json.dumps(monitor.state()))
    again = WeeklyDriftMonitor.from_state(state, {hour % WEEK_H: monitor.cell(hour)})
    counts = hour_of(rng, 2.0, 2.0)
    assert monitor.update_counts(hour, counts) == again.update_counts(hour, counts)
    assert (monitor.statistic, monitor.cell(hour)) == (again.statistic, again.cell(hour))


def test_what_is_no_state_and_no_histogram_is_refused() -> None:
    good = WeeklyDriftMonitor(bins=2).state()
    for broken in ({}, good | {"n": -1}, good | {"first_hour": "x"}, good | {"evidence": []}):
        with pytest.raises(EvidenceError):
            WeeklyDriftMonitor.from_state(broken)
    with pytest.raises(EvidenceError):
        WeeklyDriftMonitor.from_state(good, {WEEK_H: [1, 1]})
    with pytest.raises(EvidenceError):
        WeeklyDriftMonitor.from_state(good, {0: [1, 1, 1]})
    monitor = WeeklyDriftMonitor(bins=2)
    for counts in ([1], [1, -1], [1, 0.5]):
        with pytest.raises(EvidenceError):
            monitor.update_counts(0, counts)  # type: ignore[arg-type]
    assert monitor.n == 0
    for bins, level in ((1, 1e7), (2_000, 1e7), (20, 1.0)):
        with pytest.raises(EvidenceError):
            WeeklyDriftMonitor(level, bins)
