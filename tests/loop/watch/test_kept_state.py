"""A monitor goes on from its state, and starts again where that cannot be read."""

import datetime as dt
from typing import Any

import pytest
from structlog.testing import capture_logs

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.loop.watch.kept_state import resumed, resumed_of_pairs, say_restarted
from tierwatch.store.judgements.monitors import Monitor


def kept(state: Any, stream: str = "simple|all") -> Monitor:
    return Monitor(
        stream=stream,
        kind="misroute",
        tier="simple",
        task_type="all",
        policy_version=1,
        judge_version="j1",
        state=state,
        pairs=3,
        losses=1.0,
        newest_request_no=3,
        alarmed=False,
        estimate=None,
        updated_at=dt.datetime(2026, 11, 30, tzinfo=dt.UTC),
    )


def test_a_monitor_goes_on_bit_for_bit() -> None:
    monitor = MisrouteMonitor(0.05, 1e7)
    for loss in (0.0, 1.0, 0.0):
        monitor.update(loss)
    again = resumed(MisrouteMonitor, kept(monitor.state()))
    assert again is not None
    assert again.state() == monitor.state()


def test_what_was_never_kept_is_not_missed() -> None:
    with capture_logs() as lines:
        assert resumed(MisrouteMonitor, None) is None
    assert lines == []


@pytest.mark.parametrize(
    "state",
    [
        {},
        [],
        "text",
        5,
        {"version": 2, "sum": 7},
        MisrouteMonitor(0.05).state() | {"tolerance": "0.05"},
        MisrouteMonitor(0.05).state() | {"starts": [0, "a"]},
        # PostgreSQL gives 1e400 back as a whole number that no float holds.
        MisrouteMonitor(0.05).state() | {"evidence": [10**400] * 5},
    ],
)
def test_a_state_that_cannot_be_read_is_said_once(state: object) -> None:
    say_restarted.cache_clear()
    with capture_logs() as lines:
        assert resumed(MisrouteMonitor, kept(state)) is None
        assert resumed(MisrouteMonitor, kept(state)) is None
    [line] = lines
    assert line["stream"] == "simple|all"
    assert "state" in line["why"]


def test_evidence_of_single_pairs_goes_on_and_that_of_conversations_does_not() -> None:
    say_restarted.cache_clear()
    monitor = MisrouteMonitor(0.05, 1e7, 2.5)
    for loss in (0.0, 1.0, 1.0):
        monitor.update(loss)
    old = {key: value for key, value in monitor.state().items() if key not in {"together", "reach"}}
    again = resumed_of_pairs(MisrouteMonitor, kept(old))  # three pairs, three observations
    assert again is not None
    assert (again.evidence, again.n, again.together) == (monitor.evidence, 3, 8.0)
    with capture_logs() as lines:
        # Three pairs in two conversations: a rate of something else.
        assert resumed_of_pairs(MisrouteMonitor, kept(old | {"n": 2}, "talks")) is None
    assert "pairs are counted now" in lines[0]["why"]
    assert resumed_of_pairs(MisrouteMonitor, kept(again.state())) is not None
    assert resumed_of_pairs(MisrouteMonitor, None) is None
