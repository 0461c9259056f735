import datetime as dt

from factories.rows import NOW, add_drain, add_policy, add_rollup
from sqlalchemy import Connection, text

from tierwatch.store.incidents.following import Following, following

MINUTE = dt.timedelta(minutes=1)


def of(connection: Connection, drain_id: int) -> Following:
    return following(connection, [drain_id])[drain_id]


def test_requests_from_the_minute_after_are_counted_by_their_policy(connection: Connection) -> None:
    for version in (1, 2, 3):
        add_policy(connection, version)
    connection.execute(
        text("update policies set drained = :drained where version = 2"),
        {"drained": '{"sql": ["simple"]}'},
    )
    connection.execute(
        text("update policies set drained = :drained where version = 3"),
        {"drained": '{"all": ["simple"]}'},
    )
    drain_id = add_drain(connection, "simple", began_at=NOW, until=NOW + 60 * MINUTE)
    assert of(connection, drain_id) == Following(0, 0, None)
    add_rollup(connection, "standard", 5, minute=NOW, policy_version=1)  # of the same minute
    add_rollup(connection, "standard", 7, minute=NOW + MINUTE, policy_version=3)
    assert of(connection, drain_id) == Following(7, 0, None)
    add_rollup(connection, "simple", 2, minute=NOW + MINUTE, policy_version=2)
    assert of(connection, drain_id) == Following(7, 2, NOW + MINUTE)


def test_once_it_has_ended_nothing_more_is_counted(connection: Connection) -> None:
    add_policy(connection, 1)
    drain_id = add_drain(
        connection, "simple", began_at=NOW, until=NOW + 60 * MINUTE, ended_at=NOW + 2 * MINUTE
    )
    add_rollup(connection, "simple", 3, minute=NOW + MINUTE)
    add_rollup(connection, "simple", 9, minute=NOW + 2 * MINUTE)
    assert of(connection, drain_id).without_it == 3


def test_each_of_several_drains_is_counted_by_itself(connection: Connection) -> None:
    add_policy(connection, 1)
    until = NOW + 60 * MINUTE
    early = add_drain(connection, "simple", began_at=NOW, until=until, ended_at=NOW + 2 * MINUTE)
    late = add_drain(connection, "simple", began_at=NOW + 2 * MINUTE, until=until)
    for minute, requests in ((1, 3), (2, 5), (3, 7)):
        add_rollup(connection, "simple", requests, minute=NOW + minute * MINUTE)
    found = following(connection, [early, late])
    assert found == {
        early: Following(0, 3, NOW + MINUTE),
        late: Following(0, 7, NOW + 3 * MINUTE),
    }
    assert following(connection, []) == {}
    assert following(connection, [10_000]) == {}
