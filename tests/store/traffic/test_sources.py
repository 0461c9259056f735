"""Calls of other routers: claimed once, and counted by source."""

import datetime as dt
import uuid

from sqlalchemy import Connection, insert, select

from tierwatch.store.schema.traffic import SeenCallRow
from tierwatch.store.traffic.retention import delete_leftovers
from tierwatch.store.traffic.sources import (
    SourceCount,
    add_source_counts,
    claim_calls,
    source_funnels,
)

DAY = dt.date(2026, 11, 30)


def ids(*numbers: int) -> list[uuid.UUID]:
    return [uuid.UUID(int=number) for number in numbers]


def test_a_call_is_claimed_once(connection: Connection) -> None:
    assert claim_calls(connection, ids(2, 1, 2)) == set(ids(1, 2))
    assert claim_calls(connection, ids(2, 3)) == set(ids(3))
    assert claim_calls(connection, []) == set()


def test_a_claim_is_forgotten_when_nobody_sends_it_again(connection: Connection) -> None:
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=15)
    connection.execute(insert(SeenCallRow).values(call=ids(1)[0], seen_at=old))
    claim_calls(connection, ids(2))
    assert delete_leftovers(connection, "seen_calls", DAY) == 1
    assert connection.execute(select(SeenCallRow.call)).scalars().all() == ids(2)


def test_counts_are_added_by_day_source_and_kind(connection: Connection) -> None:
    add_source_counts(connection, [])
    add_source_counts(
        connection, [SourceCount(DAY, "app", "calls", 2), SourceCount(DAY, "app", "calls", 3)]
    )
    add_source_counts(connection, [SourceCount(DAY, "app", "calls", 5)])
    (funnel,) = source_funnels(connection, since=DAY)
    assert (funnel.calls, funnel.last_day) == (10, DAY)


def test_a_funnel_says_what_became_of_what_was_sent(connection: Connection) -> None:
    earlier = DAY - dt.timedelta(days=3)
    rows = [
        (DAY, "app", "calls", 10),
        (earlier, "app", "calls", 90),
        (DAY, "app", "sampled", 7),
        (DAY, "app", "outside:error", 5),
        (DAY, "app", "outside:intake_truncated", 20),
        (DAY, "app", "repeat", 4),
        (DAY, "app", "clock", 1),
        (earlier, "proxy", "shed", 2),
    ]
    add_source_counts(connection, [SourceCount(*row) for row in rows])
    app, proxy = source_funnels(connection, since=earlier)
    assert (app.source, app.calls, app.sampled, app.last_day) == ("app", 100, 7, DAY)
    assert list(app.outside.items()) == [("intake_truncated", 20), ("error", 5)]
    assert app.passed_over == {"repeat": 4, "clock": 1}
    assert app.outside_share == 0.25
    assert (proxy.calls, proxy.outside_share, proxy.passed_over) == (0, None, {"shed": 2})
    assert (app.received, app.shed) == (104, 0)
    assert (proxy.received, proxy.shed) == (0, 2)
    (app,) = source_funnels(connection, since=DAY)
    assert app.calls == 10
    app, _ = source_funnels(connection, since=earlier, until=earlier)
    assert app.calls == 90


def test_counts_leave_with_the_figures_of_their_time(connection: Connection) -> None:
    old = DAY - dt.timedelta(days=400)
    add_source_counts(
        connection, [SourceCount(old, "app", "calls", 1), SourceCount(DAY, "app", "calls", 1)]
    )
    assert delete_leftovers(connection, "source_counts", DAY - dt.timedelta(days=365)) == 1
    assert len(source_funnels(connection, since=old)) == 1
