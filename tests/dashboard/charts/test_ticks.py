import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.charts.ticks import (
    moment_words,
    power_ticks,
    time_step,
    time_ticks,
    value_ticks,
)

DAY = 86_400.0
NOON = 1_795_005_600.0  # 2026-11-18 12:40 UTC


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 0.106, (0.0, 0.05, 0.1)),
        (0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0)),
        (0.0, 277.8, (0.0, 100.0, 200.0)),
        (-0.5, 0.5, (-0.5, -0.25, 0.0, 0.25, 0.5)),
        (0.0, 0.0, (0.0,)),
    ],
)
def test_round_numbers(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert value_ticks(low, high) == ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_round_numbers_lie_inside_and_are_few(low: float, length: float) -> None:
    high = low + length
    found = value_ticks(low, high)
    slack = (high - low) * 0.01 + abs(low) * 1e-6
    assert all(low - slack <= tick <= high + slack for tick in found)
    assert len(found) <= 6


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (3_600.0, ["12:40", "12:50", "13:00", "13:10", "13:20", "13:30", "13:40"]),
        (6 * 3_600.0, ["13:00", "14:00", "15:00", "16:00", "17:00", "18:00"]),
        (DAY, ["18:00", "00:00", "06:00", "12:00"]),
        (5 * DAY, ["19 Nov", "20 Nov", "21 Nov", "22 Nov", "23 Nov"]),
    ],
)
def test_round_moments(length: float, words: list[str]) -> None:
    assert [said for _, said in time_ticks(NOON, NOON + length)] == words


@given(st.floats(0, 4e9), st.floats(1.0, 1e9))
def test_moments_are_few_and_inside(start: float, length: float) -> None:
    found = time_ticks(start, start + length)
    assert len(found) <= 35  # years, from 365 days on
    assert all(start - 1 <= at <= start + length + 1 for at, _ in found)
    assert time_step(start, start + length) >= 60


def test_powers_of_ten() -> None:
    assert power_ticks(1.0, 1e7) == (1.0, 100.0, 10_000.0, 1e6)
    assert power_ticks(0.1, 1.0) == (0.1, 1.0)


def test_a_moment_says_its_zone() -> None:
    assert moment_words(NOON) == "2026-11-18 12:40 UTC"
