import datetime as dt

from factories.rows import NOW, add_pair, add_policy, add_rollup, put_in_force
from sqlalchemy import Connection, text

from tierwatch.store.pages.over_time.freshness import FRESHNESS
from tierwatch.store.reading.one_row import read_part


def test_before_anything_nothing_is_old(connection: Connection) -> None:
    assert [at for _, at in read_part(connection, FRESHNESS).lines] == [None] * 4


def test_the_newest_of_each(connection: Connection) -> None:
    add_rollup(connection, "simple", 1, minute=NOW - dt.timedelta(hours=1))
    add_rollup(connection, "simple", 1, minute=NOW)
    add_policy(connection)
    put_in_force(connection)
    for number in (1, 2):
        add_pair(connection, number)
    connection.execute(text("update verdicts set created_at = :at"), {"at": NOW})
    connection.execute(text("update active_policy set changed_at = :at"), {"at": NOW})
    found = read_part(connection, FRESHNESS)
    assert (found.traffic, found.verdict, found.policy) == (NOW, NOW, NOW)
    assert found.monitors is None
