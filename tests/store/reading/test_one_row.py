"""Parts of a page are read in one statement, and are what each of them is alone."""

import datetime as dt
from dataclasses import dataclass

import factories.rows as put
import pytest
from sqlalchemy import Connection, event

from tierwatch.store.costs import BESIDE, TODAY
from tierwatch.store.drains import DRAINS, drains_going_on
from tierwatch.store.judgements.bursts import ACTIVE_BURSTS, put_burst
from tierwatch.store.judgements.monitors import SHOWN_TRUST
from tierwatch.store.judgements.outcomes import JUDGE_VERSION
from tierwatch.store.pages.notifications import DESTINATIONS
from tierwatch.store.pages.over_time.freshness import FRESHNESS
from tierwatch.store.pages.overview import WAITING
from tierwatch.store.reading.one_row import Part, json_rows, read_part, read_parts, values_of
from tierwatch.store.sums.week_loads import SAMPLED_WEEK


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    at: dt.datetime
    until: dt.datetime | None
    weight: float
    n: int
    document: dict[str, object]


_THINGS = """
    select 'b' as name, timestamptz '2026-11-23 14:00:00.123456+02' as at,
           null::timestamptz as until, 1::float as weight, 2 as n, '{"a": 1.5}'::jsonb as document
    union all
    select 'a', timestamptz '2026-11-23 12:00:00Z', timestamptz '2026-11-23 13:00:00Z', 0.1, 3, '{}'
    order by name
"""


def test_rows_come_through_json_as_they_are(connection: Connection) -> None:
    a, b = read_part(connection, Part((json_rows(_THINGS),), values_of(Thing)))
    noon = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    assert a == Thing("a", noon, noon + dt.timedelta(hours=1), 0.1, 3, {})
    assert b == Thing("b", noon + dt.timedelta(microseconds=123456), None, 1.0, 2, {"a": 1.5})
    assert isinstance(b.weight, float)
    none = json_rows("select 1 as name where false")
    assert read_part(connection, Part((none,), values_of(Thing))) == []


def test_parts_take_one_statement_and_are_what_each_is_alone(connection: Connection) -> None:
    put.add_alert(connection)
    put.add_proposal(connection)
    put.add_drain(connection, "simple")
    put.add_outcome(connection, 1, 0.0)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    put_burst(connection, ("simple", "*"), density=2, asked=4, statistic=1, level=20, until=later)
    parts = (
        WAITING, SHOWN_TRUST, DRAINS, FRESHNESS, ACTIVE_BURSTS, DESTINATIONS, TODAY, BESIDE,
        JUDGE_VERSION,
    )  # fmt: skip
    asked: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2]))
    found = read_parts(connection, *parts)
    assert len(asked) == 1
    for part in parts:
        assert found[part] == read_part(connection, part)
    assert (found[WAITING].alerts, found[WAITING].proposals, found[WAITING].moving) == (1, 1, 0)
    assert found[DRAINS] == drains_going_on(connection)
    assert found[ACTIVE_BURSTS][0].until == later
    assert found[JUDGE_VERSION] == put.JUDGE
    with pytest.raises(KeyError):
        found[SAMPLED_WEEK]
