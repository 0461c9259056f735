"""What somebody outside has to know of the loop, from its rows."""

import datetime as dt

from factories.rows import add_alert, add_exchange, add_pair
from sqlalchemy import Connection

from tierwatch.store.certificates import add_certificate
from tierwatch.store.pages.vitals import read_vitals
from tierwatch.store.traffic.partitions import covered_until


def test_nothing_is_known_of_an_empty_database_but_its_months(connection: Connection) -> None:
    found = read_vitals(connection)
    assert (found.last_verdict, found.oldest_pending, found.certified_at) == (None, None, None)
    assert found.alerts == {}
    ends = covered_until(connection).values()
    assert found.months_until == min(end for end in ends if end is not None)


def test_the_last_verdict_and_the_oldest_that_waits(connection: Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    old = now - dt.timedelta(hours=3)
    add_pair(connection, 1, ended_at=now, captured_at=old - dt.timedelta(days=1))
    add_exchange(connection, 2, captured_at=old)
    add_exchange(connection, 3, captured_at=now)
    found = read_vitals(connection)
    assert found.oldest_pending == old
    assert found.last_verdict is not None


def test_alerts_are_counted_by_kind_tier_and_state(connection: Connection) -> None:
    add_alert(connection)
    add_alert(connection)
    add_alert(connection, state="acknowledged", tier="standard")
    add_alert(connection, state="resolved")
    assert read_vitals(connection).alerts == {
        ("misroute", "simple", "open"): 2,
        ("misroute", "standard", "acknowledged"): 1,
    }


def test_a_certificate_says_when_it_was_made(connection: Connection) -> None:
    add_certificate(connection, quick=True, version="0.1", seconds=1.0, rows=[])
    assert read_vitals(connection).certified_at is not None
