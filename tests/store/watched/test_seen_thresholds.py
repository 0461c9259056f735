"""Thresholds that a watched router was seen with: counted, the newest first."""

import datetime as dt

from sqlalchemy import Connection, func, update

from tierwatch.store.schema.policies import SeenThresholdsRow
from tierwatch.store.watched.seen_thresholds import add_seen, seen_thresholds, words_of

NOW, THEN = {"simple": 0.85}, {"simple": 0.9}


def test_calls_of_all_sources_are_added_up(connection: Connection) -> None:
    add_seen(connection, {("a", words_of(NOW)): 2, ("b", words_of(NOW)): 3})
    add_seen(connection, {("a", words_of(NOW)): 1})
    add_seen(connection, {})
    (found,) = seen_thresholds(connection)
    assert (found.thresholds, found.calls) == (NOW, 6)


def test_what_was_seen_last_comes_first(connection: Connection) -> None:
    add_seen(connection, {("a", words_of(NOW)): 1, ("a", words_of(THEN)): 1})
    older = update(SeenThresholdsRow).where(SeenThresholdsRow.words == words_of(NOW))
    an_hour_ago = func.now() - dt.timedelta(hours=1)
    connection.execute(older.values(last_seen_at=an_hour_ago))
    assert [one.thresholds for one in seen_thresholds(connection)] == [THEN, NOW]


def test_words_do_not_depend_on_the_order() -> None:
    assert words_of({"b": 1.0, "a": 0.5}) == words_of({"a": 0.5, "b": 1.0})
