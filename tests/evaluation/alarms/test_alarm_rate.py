"""The line on a chart is where the monitor alarms, for conversations that come evenly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.alarm_rate import alarm_rate
from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor


def fed(monitor: MisrouteMonitor, share: float, n: int) -> bool:
    """Whether it is in alarm after conversations of which a share is bad, evenly spread."""
    alarmed = False
    for number in range(n):
        bad = math.floor((number + 1) * share) - math.floor(number * share)
        alarmed = monitor.update(float(bad)) or alarmed
    return alarmed


@pytest.mark.parametrize("n", [30, 100, 1_000, 20_000])
@pytest.mark.parametrize("tolerance", [0.01, 0.05, 0.3, 0.9])
@pytest.mark.parametrize("together", [0.0, 8.0])
def test_a_little_more_sets_it_off_and_a_little_less_does_not(
    n: int, tolerance: float, together: float
) -> None:
    def monitor() -> MisrouteMonitor:
        begun = MisrouteMonitor(tolerance, 1e7, together=together)
        fed(begun, tolerance, 200)
        return begun

    rate = alarm_rate(monitor(), n)
    if rate is None:
        assert not fed(monitor(), 1.0, n)
        return
    assert tolerance < rate <= 1
    # One bad conversation more or less is as near as evenly spread ones can come.
    assert fed(monitor(), min(1.0, rate * 1.02 + 1 / n), n)
    assert not fed(monitor(), rate * 0.98 - 1 / n, n)


@given(
    st.floats(0.01, 0.9), st.integers(0, 60), st.floats(1, 1e4), st.floats(1.05, 50),
    st.floats(1.5, 1e12),
)  # fmt: skip
def test_it_falls_with_conversations_and_with_evidence(
    tolerance: float, bad: int, n: float, times: float, level: float
) -> None:
    monitor = MisrouteMonitor(tolerance, level)
    fed(monitor, 1.0, bad)
    rate, longer = alarm_rate(monitor, n), alarm_rate(monitor, n * times)
    if monitor.statistic >= level:
        assert rate is None
        return
    fresh = alarm_rate(MisrouteMonitor(tolerance, level), n)
    if rate is None:
        assert fresh is None
        return
    assert 0 < rate <= 1
    assert longer is not None
    assert longer <= rate + 1e-6
    assert fresh is None or rate <= fresh + 1e-6


def test_it_leaves_the_monitor_as_it_is() -> None:
    monitor = MisrouteMonitor(0.05)
    fed(monitor, 0.2, 50)
    before = monitor.state()
    assert alarm_rate(monitor, 300) is not None
    assert monitor.state() == before


def test_weights_below_the_cap_take_longer_where_each_pair_is_one() -> None:
    plain, capped = MisrouteMonitor(0.05), MisrouteMonitor(0.05, max_weight=4.0)
    assert (alarm_rate(plain, 300) or 0) < (alarm_rate(capped, 300) or 1)


@pytest.mark.parametrize("n", [1e-3, 1e9])
def test_any_number_of_conversations_is_taken(n: float) -> None:
    found = alarm_rate(MisrouteMonitor(0.05), n)
    assert found is None or 0.05 < found < 0.07
