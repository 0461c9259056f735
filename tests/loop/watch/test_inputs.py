"""Inputs are compared by the hour of the week once two weeks are known; each alarm has an end."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import factories.rows as put
import numpy as np
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Connection, Engine, text

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.input_drift import InputDriftMonitor
from tierwatch.evaluation.alarms.weekly_drift import KNOWN_AFTER_H
from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.inputs import Inputs, end_inputs, hour_of, watch_inputs
from tierwatch.store.judgements.monitors import put_monitor
from tierwatch.store.traffic.watched_counts import FreshCount

START = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
USUAL, OTHER = (2.5, 1.5), (1.8, 1.8)


def at(hour: float) -> dt.datetime:
    return START + dt.timedelta(hours=hour)


def traffic(
    hours: Sequence[int], a: float = 2.5, b: float = 1.5, *, n: int = 60, version: int = 1
) -> list[FreshCount]:
    """So many requests at the start of each hour; each hour of the same seed is the same."""
    found = []
    for hour in hours:
        drawn = np.random.default_rng([version, hour]).beta(a, b, n)
        bins = np.histogram(drawn, bins=20, range=(0, 1))[0].tolist()
        found += [FreshCount(at(hour), version, k, count) for k, count in enumerate(bins) if count]
    return found


def watch(engine: Engine, counts: list[FreshCount]) -> None:
    now = max(count.minute for count in counts) + dt.timedelta(minutes=1)
    with engine.begin() as connection:
        watch_inputs(connection, counts, 1e7, now)


def end(engine: Engine, now: dt.datetime) -> None:
    with engine.begin() as connection:
        end_inputs(connection, now)


def alerts(engine: Engine) -> list[tuple[str, bool]]:
    found = rows(engine, "select state, evidence -> 'by_hour' as by_hour from alerts order by id")
    return [(row.state, row.by_hour) for row in found]


def why(engine: Engine) -> str:
    query = "select resolution ->> 'why' from alerts order by id desc limit 1"
    return str(scalar(engine, query))


@pytest.fixture
def known(engine: Engine) -> Engine:
    """Two weeks of usual traffic are known."""
    watch(engine, traffic(range(KNOWN_AFTER_H)))
    assert alerts(engine) == []
    return engine


def test_in_the_first_weeks_it_is_a_hint_that_is_given_once(engine: Engine) -> None:
    watch(engine, traffic(range(12), n=200))
    watch(engine, traffic(range(12, 24), *OTHER, n=200))
    assert alerts(engine) == [("open", False)]
    assert scalar(engine, "select body ->> 'severity' from alert_events") == "info"
    assert scalar(engine, "select summary like '%may be no more than the time of day%' from alerts")
    with engine.begin() as connection:
        resolve_alert(connection, scalar(engine, "select id from alerts"), actor="ada")
    watch(engine, traffic(range(24, 36), n=200))
    watch(engine, traffic(range(36, 48), *OTHER, n=200))
    assert alerts(engine) == [("resolved", False)]


def test_the_hint_ends_when_two_weeks_are_known(engine: Engine) -> None:
    watch(engine, traffic(range(100), n=30))
    watch(engine, traffic(range(100, 130), *OTHER, n=30))
    end(engine, at(131))
    assert alerts(engine) == [("open", False)]
    watch(engine, traffic(range(130, KNOWN_AFTER_H + 1), n=30))
    end(engine, at(KNOWN_AFTER_H + 1))
    assert alerts(engine) == [("resolved", False)]
    assert "Two weeks are known" in why(engine)
    assert scalar(engine, "select count(*) from monitors where kind = 'input_hour'") == 168


def test_from_the_third_week_a_change_is_a_warning_within_hundreds(known: Engine) -> None:
    hours = range(KNOWN_AFTER_H, KNOWN_AFTER_H + 6)
    watch(known, traffic(hours))
    assert alerts(known) == []
    watch(known, traffic(range(hours[-1] + 1, hours[-1] + 9), *OTHER))  # 480 requests
    assert alerts(known) == [("open", True)]
    assert scalar(known, "select body ->> 'severity' from alert_events") == "warning"
    assert scalar(known, "select summary like '%at this hour of the week%' from alerts")


def test_it_ends_when_the_inputs_are_back_and_the_weeks_stay_known(known: Engine) -> None:
    first = KNOWN_AFTER_H
    watch(known, traffic(range(first, first + 10), *OTHER))
    end(known, at(first + 10))
    assert alerts(known) == [("open", True)]
    watch(known, traffic(range(first + 10, first + 90)))
    end(known, at(first + 90))
    assert alerts(known) == [("resolved", True)]
    assert "as before again" in why(known)
    # It may alarm again, at once.
    watch(known, traffic(range(first + 90, first + 105), *OTHER))
    assert alerts(known) == [("resolved", True), ("open", True)]


def test_what_lasts_a_week_is_normal(known: Engine) -> None:
    first = KNOWN_AFTER_H
    watch(known, traffic(range(first, first + 20), *OTHER))
    with known.begin() as connection:
        connection.execute(text("update alerts set opened_at = :at"), {"at": at(first)})
    end(known, at(first + 167))
    assert alerts(known) == [("open", True)]
    end(known, at(first + 168))
    assert alerts(known) == [("resolved", True)]
    assert "taken for normal" in why(known)
    assert scalar(known, "select count(*) from monitors where kind in ('input', 'input_hour')") == 0


def test_a_person_who_resolves_a_warning_accepts_what_is(known: Engine) -> None:
    watch(known, traffic(range(KNOWN_AFTER_H, KNOWN_AFTER_H + 10), *OTHER))
    with known.begin() as connection:
        resolve_alert(connection, scalar(known, "select id from alerts"), actor="ada")
    assert scalar(known, "select count(*) from monitors where kind in ('input', 'input_hour')") == 0


def test_a_call_writes_only_the_hours_it_has_counts_of(known: Engine) -> None:
    changed = "select count(*) from monitors where kind = 'input_hour' and updated_at > :since"
    since = scalar(known, "select max(updated_at) from monitors")
    watch(known, traffic([KNOWN_AFTER_H + 3]))
    assert scalar(known, changed, since=since) == 1
    bytes_ = scalar(known, "select max(pg_column_size(state)) from monitors")
    assert bytes_ < 8_000


def test_a_state_of_a_version_without_hours_goes_on(engine: Engine) -> None:
    old = InputDriftMonitor(level=1e7, bins=20, seed=1)
    old.update_counts([10] * 20)
    with engine.begin() as connection:
        _put(connection, old.state())
    watch(engine, traffic([0], n=100))
    inputs = Inputs.from_state(scalar(engine, "select state from monitors where kind = 'input'"))
    assert (inputs.early.n, inputs.weekly.n, inputs.by_hour) == (300, 100, False)


@pytest.mark.parametrize("state", [{}, {"early": {}}, {"early": 1, "weekly": 2, "by_hour": True}])
def test_a_broken_state_starts_again(engine: Engine, state: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError):
        Inputs.from_state(state)
    with engine.begin() as connection:
        _put(connection, state)
    watch(engine, traffic([0], n=100))
    inputs = Inputs.from_state(scalar(engine, "select state from monitors where kind = 'input'"))
    assert inputs.weekly.n == 100


def test_a_broken_hour_starts_empty(known: Engine) -> None:
    with known.begin() as connection:
        connection.execute(
            text("update monitors set state = cast(:state as jsonb) where stream = :stream"),
            {"state": '{"counts": [-1]}', "stream": f"input|p1|h{hour_of(at(0)) % 168}"},
        )
    watch(known, traffic([KNOWN_AFTER_H]))
    stored = "select state -> 'counts' from monitors where stream = :stream"
    assert sum(scalar(known, stored, stream=f"input|p1|h{hour_of(at(0)) % 168}")) == 60


def test_hours_of_policies_that_are_over_are_forgotten(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection, 2)
        put.put_in_force(connection, 2)
    watch(engine, traffic([0], version=1))
    watch(engine, traffic([1], version=2))
    assert scalar(engine, "select count(*) from monitors where stream like 'input|p1|h%'") == 0
    assert scalar(engine, "select count(*) from monitors where stream like 'input|p2|h%'") == 1


def _put(connection: Connection, state: Any) -> None:
    put_monitor(
        connection, kind="input", stream="input|p1", tier="", task_type="all", policy_version=1,
        judge_version="", state=state, pairs=0, losses=0.0, newest_request_no=0, alarmed=False,
        estimate=None,
    )  # fmt: skip
