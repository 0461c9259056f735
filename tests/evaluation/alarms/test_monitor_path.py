"""A path ends where its monitor stands, or there is none."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.alarms.monitor_path import MOST_POINTS, monitor_path

Seen = list[tuple[float, float]]
GOOD, BAD = (0.0, 1.0), (1.0, 1.0)


def fed(seen: Sequence[tuple[float, float]], together: float = 0.0) -> MisrouteMonitor:
    monitor = MisrouteMonitor(0.05, 1e7, 2.0, together)
    for loss, weight in seen:
        monitor.update(loss, weight)
    return monitor


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 8)), min_size=1, max_size=300),
    st.integers(0, 320),
)
def test_it_ends_where_the_monitor_stands(seen: Seen, first: int) -> None:
    monitor = fed(seen, together=8.0)
    path = monitor_path(monitor, seen, first)
    places = [place for place, _ in path]
    assert places == sorted(set(places))
    assert len(path) <= MOST_POINTS
    if first < len(seen):
        assert path[-1] == (len(seen) - 1, monitor.statistic)
        assert first <= places[0]
    else:
        assert path == ()


def test_each_point_is_what_the_monitor_said_then() -> None:
    seen = [GOOD, BAD, GOOD, BAD, BAD]
    assert monitor_path(fed(seen), seen) == tuple(
        (place, fed(seen[: place + 1]).statistic) for place in range(5)
    )


@pytest.mark.parametrize("length", [199, 200, 201, 400, 1_001])
def test_a_long_path_is_thinned_evenly(length: int) -> None:
    seen = [GOOD] * length
    places = [place for place, _ in monitor_path(fed(seen), seen)]
    assert MOST_POINTS // 2 < len(places) <= MOST_POINTS
    assert len({after - before for before, after in pairwise(places)}) == 1


def test_what_is_no_longer_kept_does_not_matter_once_it_has_faded() -> None:
    seen = [GOOD] * 3_000 + [BAD] * 12
    monitor = fed(seen)
    assert monitor_path(monitor, seen[-2_012:])[-1][1] == pytest.approx(monitor.statistic, rel=0.01)
    # Bad answers that are gone have not faded: what is kept does not account for the alarm.
    assert monitor_path(monitor, seen[-6:]) == ()


def test_evidence_taken_over_from_another_stream_has_no_path() -> None:
    seen = [GOOD] * 10
    monitor = fed(seen)
    assert monitor.absorb(fed([BAD] * 10))
    assert monitor_path(monitor, seen) == ()


def test_a_monitor_that_has_seen_nothing_has_no_path() -> None:
    assert monitor_path(fed([]), []) == ()
