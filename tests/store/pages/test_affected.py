import datetime as dt

from factories.rows import JUDGE, NOW, add_outcome, add_pair, add_rollup
from sqlalchemy import Connection

from tierwatch.store.labels.labels import add_label
from tierwatch.store.pages.affected import affected, moment_of, pairs_since, pairs_to_label

HOUR = dt.timedelta(hours=1)


def test_requests_share_cost_and_sessions_since_the_change(connection: Connection) -> None:
    add_rollup(connection, "simple", 30, task_type="sql")
    add_rollup(connection, "simple", 10)
    add_rollup(connection, "complex", 40)
    add_rollup(connection, "simple", 99, minute=NOW - HOUR)
    for number in (1, 2):
        add_pair(connection, number, session="one", task_type="sql")
    add_pair(connection, 3, session="two")
    found = affected(connection, "simple", "*", NOW + dt.timedelta(seconds=1))
    assert (found.requests, found.share, found.cost_usd) == (40, 0.5, 2.0)
    assert found.sampled_sessions == 2
    of_type = affected(connection, "simple", "sql", NOW)
    assert (of_type.requests, of_type.sampled_sessions) == (30, 1)
    assert affected(connection, "simple", "*", NOW + HOUR).share is None


def test_pairs_since_are_the_alerts_own(connection: Connection) -> None:
    add_outcome(connection, 1, 1.0)
    add_outcome(connection, 60, 0.0, weight=2.0)
    add_outcome(connection, 61, 1.0, task_type="sql")
    add_outcome(connection, 62, 1.0, judge_version="other")
    add_outcome(connection, 63, 1.0, direction="down")
    since = NOW + dt.timedelta(seconds=30)
    found = pairs_since(connection, "simple", "*", JUDGE, since)
    assert (found.losses, found.weights) == ((0.0, 1.0), (2.0, 1.0))
    assert pairs_since(connection, "simple", "sql", JUDGE, since).losses == (1.0,)


def test_the_sample_to_label_is_the_same_for_everybody(connection: Connection) -> None:
    pairs = [add_pair(connection, number) for number in range(30)]
    for number, pair in enumerate(pairs):
        add_outcome(connection, number, 0.0, exchange_id=pair)
    add_outcome(connection, 99, 0.0)  # its texts are gone
    add_label(connection, pairs[0], reviewer="ada", preferred="tie", shown_first="served", note="")

    def listed(reviewer: str) -> list[bool]:
        found = pairs_to_label(connection, "simple", "*", NOW - HOUR, reviewer=reviewer, limit=50)
        assert {pair.id for pair in found} == set(pairs)
        return [pair.mine for pair in found]

    assert sum(listed("ada")) == 1
    assert sum(listed("bob")) == 0
    few = pairs_to_label(connection, "simple", "*", NOW - HOUR, reviewer="ada", limit=20)
    again = pairs_to_label(connection, "simple", "*", NOW - HOUR, reviewer="bob", limit=20)
    assert [pair.id for pair in few] == [pair.id for pair in again]
    assert [pair.request_no for pair in few] != sorted(pair.request_no for pair in few)


def test_the_moment_of_an_id() -> None:
    assert moment_of("ffffffff-ffff-ffff-ffff-ffffffffffff") is None  # beyond the year 9999
    assert moment_of("") is None
