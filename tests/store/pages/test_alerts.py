import datetime as dt

import pytest
from factories.rows import (
    add_alert,
)
from sqlalchemy import Connection

from tierwatch.store.alerts import load_alert
from tierwatch.store.pages import alerts as alerts_pages
from tierwatch.store.pages.alerts import alerts
from tierwatch.store.pages.overview import open_counts


def test_alerts_come_newest_first_a_page_at_a_time(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts_pages, "PAGE", 2)
    ids = [add_alert(connection) for _ in range(5)]

    first = alerts(connection)
    second = alerts(connection, before=first[-1].id)
    third = alerts(connection, before=second[-1].id)
    assert [a.id for a in [*first, *second, *third]] == ids[::-1]
    assert len(first) == len(second) == 2


def test_unresolved_alerts_leave_the_resolved_out(connection: Connection) -> None:
    kept = [add_alert(connection), add_alert(connection, state="acknowledged")]
    gone = add_alert(
        connection, state="resolved", resolved_by="ada", resolved_at=dt.datetime.now(dt.UTC)
    )

    assert [a.id for a in alerts(connection, unresolved=True)] == kept[::-1]
    found = load_alert(connection, gone)
    assert found is not None
    assert found.resolved_by == "ada"
    assert open_counts(connection)["alerts"] == 2


def test_without_alerts_the_list_is_empty(connection: Connection) -> None:
    assert alerts(connection) == []
    add_alert(connection, state="resolved")
    assert alerts(connection, unresolved=True) == []
    assert alerts(connection, before=0) == []


def test_an_alert_in_a_list_is_the_alert(connection: Connection) -> None:
    alert_id = add_alert(connection)
    assert alerts(connection) == [load_alert(connection, alert_id)]
