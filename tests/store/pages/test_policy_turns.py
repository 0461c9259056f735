import datetime as dt

import factories.rows as put
from factories.rows import NOW
from sqlalchemy import Connection, text

from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.loop.decide.rollout_by_hand import abort_rollout, promote_rollout
from tierwatch.store.pages.policy_turns import policy_turns

HOUR = dt.timedelta(hours=1)


def made(connection: Connection, *versions: int) -> None:
    """Policies, each made an hour after the one before."""
    for version in versions:
        put.add_policy(connection, version)
        connection.execute(
            text("update policies set created_at = :at where version = :version"),
            {"at": NOW + version * HOUR, "version": version},
        )


def active(connection: Connection) -> dict[int, dt.datetime | None]:
    return {turn.version: turn.active_at for turn in policy_turns(connection, 1, 9)}


def test_without_a_rollout_it_is_everybodys_at_once(connection: Connection) -> None:
    made(connection, 1, 2)
    assert active(connection) == {1: NOW + HOUR, 2: NOW + 2 * HOUR}
    assert [turn.version for turn in policy_turns(connection, 2, 9)] == [2]
    assert policy_turns(connection, 5, 9) == []


def test_a_rollout_is_once_it_is_completed(connection: Connection) -> None:
    made(connection, 1, 2, 3)
    put.put_in_force(connection, 1)
    put.put_rollout(connection, 2)
    assert active(connection)[2] is None
    promote_rollout(connection, 2, actor="ada", why="good")
    [first, second, _] = policy_turns(connection, 1, 3)
    now = connection.execute(text("select now()")).scalar_one()
    assert (first.active_at, second.active_at) == (NOW + HOUR, now)
    assert second.made_at == NOW + 2 * HOUR
    # Whoever goes back from it later does not take that away.
    assert roll_back_to(connection, 1, actor="ada", why="worse") == 4
    assert active(connection)[2] == now


def test_one_that_was_taken_back_before_never_is(connection: Connection) -> None:
    made(connection, 1, 2)
    put.put_in_force(connection, 1)
    put.put_rollout(connection, 2)
    abort_rollout(connection, 2, actor="ada", why="bad")
    assert active(connection) == {1: NOW + HOUR, 2: None}
