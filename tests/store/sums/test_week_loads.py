"""Loads of the week are kept while nothing came or went, and never beyond."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, event, text

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.store.judgements.bursts import segment_loads
from tierwatch.store.reading.one_row import read_part
from tierwatch.store.sums import week_loads as module
from tierwatch.store.sums.week_loads import SAMPLED_WEEK, SampledWeek, week_loads

HOUR = dt.timedelta(hours=1)


def add_pair(connection: Connection, tier: str = "simple", usd: float = 0.004) -> None:
    """Judged just now."""
    now = dt.datetime.now(dt.UTC)
    pair = new_exchange_id(now.timestamp())
    put.add_exchange(connection, 1, tier=tier, id=pair)
    put.add_shadow(connection, pair)
    put.add_verdict(connection, pair, "tie", cost_usd=usd)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    module._kept.clear()


def test_what_came_since_is_in_it_at_once(connection: Connection) -> None:
    statements: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for number, tier in enumerate(("simple", "simple", "standard")):
        add_pair(connection, tier)
        week = read_part(connection, SAMPLED_WEEK)
        found = week_loads(connection, week)
        assert list(found) == segment_loads(connection, week.since)
        assert sum(one.pairs for one in found) == number + 1
        before = len(statements)
        assert week_loads(connection, read_part(connection, SAMPLED_WEEK)) == found
        assert len(statements) == before + 1  # the week alone


def test_another_pair_of_the_same_cost_is_another_week(connection: Connection) -> None:
    with connection.begin_nested() as taken_back:
        add_pair(connection)
        first = week_loads(connection, read_part(connection, SAMPLED_WEEK))
        taken_back.rollback()
    add_pair(connection, "standard")
    second = week_loads(connection, read_part(connection, SAMPLED_WEEK))
    assert [one.tier for one in (*first, *second)] == ["simple", "standard"]


def test_what_left_the_week_leaves_it(connection: Connection) -> None:
    add_pair(connection)
    assert week_loads(connection, read_part(connection, SAMPLED_WEEK))
    for table in ("verdicts", "alternatives"):
        connection.execute(text(f"update {table} set created_at = now() - interval '8 days'"))  # noqa: S608 - ours
    assert week_loads(connection, read_part(connection, SAMPLED_WEEK)) == ()


def test_few_weeks_are_kept(connection: Connection) -> None:
    for _ in range(module._MOST + 4):
        add_pair(connection)
        week_loads(connection, read_part(connection, SAMPLED_WEEK))
    assert len(module._kept) == module._MOST


def test_of_a_week_only_the_sampled_part_counts() -> None:
    now, hour = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC), dt.timedelta(hours=1)
    assert SampledWeek(now, None).days(least=hour) == 0
    assert SampledWeek(now, now).days(least=hour) == pytest.approx(1 / 24)
    assert SampledWeek(now, now - 36 * hour).days(least=hour) == 1.5
    assert SampledWeek(now, now - 900 * hour).days(least=hour) == 7
