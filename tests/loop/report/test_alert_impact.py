import datetime as dt
from typing import Any

import pytest
from factories.rows import (
    NOW,
    add_alert,
    add_outcome,
    add_rollup,
    exchange_id_of,
)
from sqlalchemy import Connection, text

from tierwatch.loop.report.alert_impact import Impact, alert_impact
from tierwatch.store.alerts import load_alert

MINUTE = dt.timedelta(minutes=1)


def impact(connection: Connection, **changes: Any) -> Impact | None:
    evidence = {"first_pair": str(exchange_id_of(0)), "judge_version": "pairwise/v2/judge-1"}
    alert_id = add_alert(
        connection, segment="simple/*", opened_at=NOW + MINUTE, **({"evidence": evidence} | changes)
    )
    alert = load_alert(connection, alert_id)
    assert alert is not None
    return alert_impact(connection, alert, now=NOW + 3 * MINUTE)


@pytest.mark.parametrize(
    ("bad", "good", "said"),
    [(0, 0, "unknown"), (30, 0, "yes"), (0, 400, "no"), (1, 10, "undecided")],
)
def test_whether_it_goes_on_is_said_by_pairs_since_it_opened(
    connection: Connection, bad: int, good: int, said: str
) -> None:
    for number in range(50):
        add_outcome(connection, number, 1.0)  # before it opened
    for number in range(bad + good):
        add_outcome(connection, 100 + number, float(number < bad))
    found = impact(connection)
    assert found is not None
    assert found.goes_on == said
    assert found.since_opened.n == bad + good


def test_those_affected_are_counted_since_the_change(connection: Connection) -> None:
    add_rollup(connection, "simple", 30)
    add_rollup(connection, "simple", 70, minute=NOW - dt.timedelta(hours=1))
    add_rollup(connection, "complex", 10)
    found = impact(connection)
    assert found is not None
    assert (found.affected.requests, found.affected.share) == (30, 0.75)
    assert found.affected.since == NOW


def test_other_kinds_and_what_cannot_be_read_have_none(connection: Connection) -> None:
    assert impact(connection, kind="budget", evidence={}) is None
    connection.execute(text("delete from alerts"))
    alert_id = add_alert(connection)
    connection.execute(text("update alerts set evidence = '{}'"))
    alert = load_alert(connection, alert_id)
    assert alert is not None
    assert alert_impact(connection, alert, now=NOW) is None
