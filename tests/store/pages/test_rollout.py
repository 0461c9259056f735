import datetime as dt

from factories.rows import NOW, add_outcome, add_rollup
from sqlalchemy import Connection, text

from tierwatch.store.pages.rollout import ArmTraffic, arm_traffic, other_pairs

HOUR = dt.timedelta(hours=1)


def test_traffic_of_the_minute_in_which_it_started_counts(connection: Connection) -> None:
    add_rollup(connection, "simple", 7, policy_version=2)
    add_rollup(connection, "simple", 3, policy_version=1)
    add_rollup(connection, "simple", 50, policy_version=1, minute=NOW + HOUR)
    started = NOW + dt.timedelta(seconds=30)
    assert arm_traffic(connection, 2, started, NOW + HOUR) == (
        ArmTraffic(7, 1.0), ArmTraffic(3, 1.0),
    )  # fmt: skip
    assert arm_traffic(connection, 9, NOW + 2 * HOUR, NOW + 3 * HOUR)[0] == ArmTraffic(0, 0.0)


def test_pairs_of_the_other_policies_in_that_time(connection: Connection) -> None:
    add_outcome(connection, 1, 1.0, weight=2.0, task_type="sql")
    add_outcome(connection, 2, 0.0)
    add_outcome(connection, 3, 1.0, policy_version=2)
    add_outcome(connection, 4, 1.0, direction="down")
    add_outcome(connection, 5, 1.0, tier="standard")
    connection.execute(text("update outcomes set created_at = :at"), {"at": NOW})
    found = other_pairs(connection, ("simple", "all"), 2, NOW, NOW + HOUR)
    assert (found.losses, found.weights) == ((1.0, 0.0), (2.0, 1.0))
    assert other_pairs(connection, ("simple", "sql"), 2, NOW, NOW + HOUR).losses == (1.0,)
    assert other_pairs(connection, ("simple", "all"), 2, NOW - HOUR, NOW).losses == ()
