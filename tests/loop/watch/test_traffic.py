"""What arrives and what is captured of it is watched from counts, each taken once."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import factories.rows as put
import numpy as np
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
from tierwatch.evaluation.evidence.drift_evidence import InputDriftEvidence
from tierwatch.evaluation.sampling.allocation import CONFIDENCE_BINS
from tierwatch.evaluation.sampling.sample_ratio import SampleRatioMonitor
from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.inputs import Inputs, _mean
from tierwatch.loop.watch.traffic import watch_traffic
from tierwatch.store.alerts import unresolved_alert

START = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)


def minutes(n: float) -> dt.datetime:
    return START + dt.timedelta(minutes=n)


def watch(engine: Engine, now: float, *, lag_s: float = 0.0) -> None:
    watch_traffic(engine=engine, level=1e7, now=minutes(now), lag_s=lag_s)


def count(engine: Engine, minute: float, bins: Sequence[int], **changes: Any) -> None:
    """A minute of traffic by bin of confidence."""
    with engine.begin() as connection:
        for place, requests in enumerate(bins):
            if requests:
                columns = {"minute": minutes(minute), "bin": place} | changes
                put.add_rollup(connection, "simple", requests, **columns)


def drawn(seed: int, a: float, b: float, n: int = 400) -> list[int]:
    confidences = np.random.default_rng(seed).beta(a, b, n)
    return np.histogram(confidences, bins=20, range=(0, 1))[0].tolist()


def input_monitor(engine: Engine, version: int = 1) -> InputDriftMonitor:
    stream = f"input|p{version}"
    state = scalar(engine, "select state from monitors where stream = :stream", stream=stream)
    return Inputs.from_state(state).early


def test_every_request_is_taken_once_however_its_minute_grows(engine: Engine) -> None:
    count(engine, 0, [10] * 20)
    watch(engine, 1)
    watch(engine, 1)
    assert input_monitor(engine).n == 200
    with engine.begin() as connection:
        # A gateway that was late adds to the same minute.
        connection.execute(text("update rollups set requests = requests + 1 where bin = 3"))
    watch(engine, 2)
    assert input_monitor(engine).n == 201
    assert scalar(engine, "select count(*) from rollups where requests > drift_taken") == 0


def test_steady_traffic_is_no_drift_and_other_traffic_is_told_once(engine: Engine) -> None:
    for minute in range(15):
        count(engine, minute, drawn(minute, 2.5, 1.5))
        watch(engine, minute + 1)
    assert scalar(engine, "select count(*) from alerts") == 0
    for minute in range(15, 20):
        count(engine, minute, drawn(minute, 1.5, 2.5))
        watch(engine, minute + 1)
    [alert] = rows(engine, "select * from alerts")
    assert (alert.kind, alert.segment, alert.cause) == ("input_drift", "all", "input_drift:p1")
    assert alert.evidence["statistic"] >= 1e7
    assert sum(alert.evidence["bins_before"]) + sum(alert.evidence["bins_after"]) >= 6_400
    assert "policy 1" in alert.summary
    with engine.begin() as connection:
        resolve_alert(connection, alert.id, actor="ada")
    # Of the weeks that the stream is to know it knows a part.
    assert scalar(engine, "select count(*) from monitors where kind = 'input'") == 1
    assert scalar(engine, "select count(*) from monitors where kind = 'input_hour'") == 1


def test_what_comes_hours_late_is_history(engine: Engine) -> None:
    count(engine, 0, [10] * 20)
    count(engine, 60 * 7, [10] * 20)
    watch(engine, 60 * 7 + 1)
    assert input_monitor(engine).n == 200


def test_each_policy_is_a_stream_of_its_own(engine: Engine) -> None:
    count(engine, 0, drawn(1, 2.5, 1.5), policy_version=1)
    count(engine, 0, drawn(2, 1.5, 2.5), policy_version=2)
    watch(engine, 1)
    assert (input_monitor(engine, 1).n, input_monitor(engine, 2).n) == (400, 400)


def capture(engine: Engine, minute: float, *, eligible: int, expected: float, stored: int) -> None:
    with engine.begin() as connection:
        put.add_rollup(
            connection,
            "simple",
            eligible,
            minute=minutes(minute),
            eligible=eligible,
            expected=expected,
        )
        for number in range(stored):
            moment = minutes(minute) + dt.timedelta(milliseconds=7 * number)
            put.add_exchange(connection, number, id=new_exchange_id(moment.timestamp()))


def test_captures_that_are_as_many_as_expected_are_fine(engine: Engine) -> None:
    # The first minute may be one in which an older version captured without counting.
    capture(engine, -1, eligible=7, expected=0.35, stored=0)
    for minute in range(5):
        capture(engine, minute, eligible=400, expected=20.0, stored=18 + minute)
        watch(engine, minute + 1)
        watch(engine, minute + 1)
    state = scalar(engine, "select state from monitors where stream = 'capture|simple'")
    monitor = SampleRatioMonitor.from_state(state)
    assert (monitor.eligible, monitor.expected, monitor.captured) == (2_000, 100.0, 100)
    assert scalar(engine, "select count(*) from alerts") == 0


def test_lost_captures_are_told_with_their_numbers(engine: Engine) -> None:
    capture(engine, -1, eligible=1, expected=0.05, stored=0)
    capture(engine, 0, eligible=2_000, expected=100.0, stored=100)
    capture(engine, 1, eligible=2_000, expected=100.0, stored=20)
    watch(engine, 2)
    [alert] = rows(engine, "select * from alerts")
    assert (alert.kind, alert.tier, alert.segment) == ("capture", "simple", "simple/all")
    assert "120 exchanges were captured where 200 were to be expected of 4000" in alert.summary
    assert alert.evidence["captured"] == 120


def test_a_minute_is_taken_when_it_is_complete(engine: Engine) -> None:
    capture(engine, -1, eligible=1, expected=0.05, stored=0)
    capture(engine, 0, eligible=2_000, expected=100.0, stored=100)
    watch(engine, 4.9, lag_s=300)
    assert scalar(engine, "select count(*) from monitors where kind = 'capture'") == 0
    watch(engine, 6, lag_s=300)
    assert scalar(engine, "select count(*) from monitors where kind = 'capture'") == 1


def test_an_alert_of_lost_captures_is_not_repeated_and_resolving_starts_anew(
    engine: Engine,
) -> None:
    capture(engine, -1, eligible=1, expected=0.05, stored=0)
    capture(engine, 0, eligible=2_000, expected=100.0, stored=20)
    watch(engine, 1)
    capture(engine, 1, eligible=2_000, expected=100.0, stored=20)
    watch(engine, 2)
    alert_id = scalar(engine, "select id from alerts")
    with engine.begin() as connection:
        resolve_alert(connection, alert_id, actor="ada")
    left = rows(engine, "select stream from monitors where kind in ('capture', 'cursor')")
    # Where the minutes were read up to is no monitor, and stays.
    assert [row.stream for row in left] == ["capture"]


def test_evidence_of_drift_is_read_back_with_its_bins(engine: Engine) -> None:
    for minute in range(20):
        count(engine, minute, drawn(minute, *((2.5, 1.5) if minute < 15 else (1.5, 2.5))))
        watch(engine, minute + 1)
    with engine.connect() as connection:
        found = unresolved_alert(connection, "input_drift:p1")
    assert found is not None
    assert isinstance(found.evidence, InputDriftEvidence)
    assert len(found.evidence.bins_before) == len(found.evidence.bins_after) == CONFIDENCE_BINS
    assert (found.evidence.policy_version, found.evidence.level) == (1, 1e7)


def test_a_mean_of_no_requests_is_said_in_words() -> None:
    assert _mean([0] * 20) == "unknown"
    assert _mean([0] * 19 + [5]) == "0.97"  # the middle of .95 to 1, .975
    assert _mean([]) == "unknown"


@pytest.mark.parametrize("state", ["{}", "[]", '{"until": "soon"}', '{"until": 1e300}'])
def test_a_broken_cursor_passes_over_what_it_may_have_taken(engine: Engine, state: str) -> None:
    capture(engine, -1, eligible=1, expected=0.05, stored=0)
    capture(engine, 0, eligible=400, expected=20.0, stored=20)
    watch(engine, 1)
    with engine.begin() as connection:
        change = text("update monitors set state = cast(:state as jsonb) where stream = 'capture'")
        connection.execute(change, {"state": state})
    capture(engine, 1, eligible=400, expected=20.0, stored=20)
    watch(engine, 2)  # minute 1 is not known to be new, so it is passed over
    capture(engine, 2, eligible=400, expected=20.0, stored=20)
    watch(engine, 3)
    kept = scalar(engine, "select state from monitors where stream = 'capture|simple'")
    assert (kept["eligible"], kept["captured"]) == (800, 40)  # of minutes 0 and 2


def test_broken_monitors_of_traffic_start_again(engine: Engine) -> None:
    capture(engine, -1, eligible=1, expected=0.05, stored=0)
    capture(engine, 0, eligible=400, expected=20.0, stored=20)
    watch(engine, 1)
    with engine.begin() as connection:
        connection.execute(text("update monitors set state = '{}' where stream <> 'capture'"))
    capture(engine, 1, eligible=300, expected=15.0, stored=15)
    watch(engine, 2)
    kept = scalar(engine, "select state from monitors where stream = 'capture|simple'")
    assert (kept["eligible"], kept["captured"]) == (300, 15)
