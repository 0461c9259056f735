import datetime as dt
from typing import Any

import pytest
from factories.rows import NOW, add_alert, add_rollup
from sqlalchemy import Connection

from tierwatch.store.incidents.incidents import put_incident
from tierwatch.store.incidents.listed import (
    NOBODY,
    AlertFilter,
    filtered_alerts,
    incident_heads,
    most_affected,
    requests_of,
    tiers_of_alerts,
)
from tierwatch.store.pages.lists import PAGE

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def ids(connection: Connection) -> dict[str, int]:
    return {
        "simple": add_alert(connection, opened_at=NOW - 3 * HOUR, assigned_to="ada"),
        "taken": add_alert(connection, opened_at=NOW - 2 * HOUR, state="acknowledged"),
        "over": add_alert(connection, opened_at=NOW - HOUR, state="resolved", tier="standard"),
        "budget": add_alert(connection, opened_at=NOW, kind="budget", tier="", segment="all"),
    }


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "budget over taken simple"),
        ({"state": "unresolved"}, "budget taken simple"),
        ({"state": "open"}, "budget simple"),
        ({"state": "resolved"}, "over"),
        ({"kind": "budget"}, "budget"),
        ({"tier": "standard"}, "over"),
        ({"assigned_to": "ada"}, "simple"),
        ({"assigned_to": NOBODY}, "budget over taken"),
        ({"since": NOW - 2 * HOUR, "until": NOW}, "over taken"),
        ({"state": "open", "tier": "standard"}, ""),
    ],
)
def test_a_filter_leaves_what_it_says(
    connection: Connection, ids: dict[str, int], wanted: dict[str, Any], names: str
) -> None:
    expected = [ids[name] for name in names.split()]
    asked = AlertFilter(**wanted)
    assert [one.id for one in filtered_alerts(connection, asked)] == expected
    assert [one.id for one in incident_heads(connection, asked)] == expected
    if expected:
        rest = filtered_alerts(connection, asked, before=expected[0])
        assert [one.id for one in rest] == expected[1:]
        rest = incident_heads(connection, asked, before=expected[0])
        assert [one.id for one in rest] == expected[1:]


def test_an_incident_is_listed_by_its_first_if_any_of_it_is_wanted(
    connection: Connection, ids: dict[str, int]
) -> None:
    put_incident(connection, ids["over"], began_at=NOW, of=[ids["simple"]])
    heads = incident_heads(connection, AlertFilter(tier="standard"))
    assert [one.id for one in heads] == [ids["simple"]]
    assert [one.id for one in incident_heads(connection, AlertFilter())] == [
        ids["budget"], ids["taken"], ids["simple"],
    ]  # fmt: skip


def test_a_page_is_full_at_its_size(connection: Connection) -> None:
    made = [add_alert(connection) for _ in range(PAGE + 1)]
    assert [one.id for one in incident_heads(connection, AlertFilter())] == made[:0:-1]
    assert len(filtered_alerts(connection, AlertFilter())) == PAGE


def test_the_most_affected_come_first_by_their_own_segment(connection: Connection) -> None:
    began = {"opened_at": NOW, "began_at": NOW - HOUR}
    sql = add_alert(connection, segment="simple/sql", **began)
    whole = add_alert(connection, segment="simple/*", **began)
    quiet = add_alert(connection, tier="standard", segment="standard/all", **began)
    add_alert(connection, segment="simple/*", state="resolved", **began)
    add_alert(connection, kind="budget", tier="", segment="all", **began)
    add_rollup(connection, "simple", 30, task_type="sql", minute=NOW)
    add_rollup(connection, "simple", 70, task_type="chat", minute=NOW)
    add_rollup(connection, "simple", 900, task_type="sql", minute=NOW - 2 * HOUR)
    found = most_affected(connection, AlertFilter(), now=NOW)
    assert [(alert.id, requests) for alert, requests in found] == [
        (whole, 100), (sql, 30), (quiet, 0),
    ]  # fmt: skip
    # A day later the same traffic is no one's who waits now.
    assert requests_of(connection, [sql, whole], now=NOW + 25 * HOUR) == {}
    assert requests_of(connection, [], now=NOW) == {}


def test_tiers_of_older_files_can_be_asked_for(connection: Connection, ids: dict[str, int]) -> None:
    assert tiers_of_alerts(connection) == ("simple", "standard")
