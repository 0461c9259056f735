import datetime as dt

from factories.rows import NOW, add_drain, add_policy, add_rollup
from sqlalchemy import Connection, text

from tierwatch.store.drains import load_drain
from tierwatch.store.incidents.following import Following, following

MINUTE = dt.timedelta(minutes=1)


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
    drain = load_drain(connection, drain_id)
    assert drain is not None
    assert following(connection, drain) == Following(0, 0, None)
    add_rollup(connection, "standard", 5, minute=NOW, policy_version=1)  # of the same minute
    add_rollup(connection, "standard", 7, minute=NOW + MINUTE, policy_version=3)
    assert following(connection, drain) == Following(7, 0, None)
    add_rollup(connection, "simple", 2, minute=NOW + MINUTE, policy_version=2)
    assert following(connection, drain) == Following(7, 2, NOW + MINUTE)


def test_once_it_has_ended_nothing_more_is_counted(connection: Connection) -> None:
    add_policy(connection, 1)
    drain_id = add_drain(
        connection, "simple", began_at=NOW, until=NOW + 60 * MINUTE, ended_at=NOW + 2 * MINUTE
    )
    add_rollup(connection, "simple", 3, minute=NOW + MINUTE)
    add_rollup(connection, "simple", 9, minute=NOW + 2 * MINUTE)
    drain = load_drain(connection, drain_id)
    assert drain is not None
    assert following(connection, drain).without_it == 3
