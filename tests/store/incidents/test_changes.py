import datetime as dt

from factories.rows import NOW, add_exchange, add_outcome, add_policy
from sqlalchemy import Connection, insert, text

from tierwatch.store.incidents.changes import Change, changes_near
from tierwatch.store.schema.people import AuditRow

HOUR = dt.timedelta(hours=1)
# Request numbers are seconds after NOW.
BEGAN, OPENED = NOW + 30 * HOUR, NOW + 31 * HOUR


def near(connection: Connection, tier: str = "simple") -> list[Change]:
    return changes_near(connection, tier, began_at=BEGAN, until=OPENED)


def test_policies_and_task_types_of_the_day_before_are_listed_in_order(
    connection: Connection,
) -> None:
    for version, hours in ((1, 20), (2, 4), (3, 20), (4, 32)):
        add_policy(connection, version)
        connection.execute(
            text("update policies set created_at = :at where version = :version"),
            {"at": NOW + hours * HOUR, "version": version},
        )
    connection.execute(
        insert(AuditRow).values(
            at=NOW + 10 * HOUR, actor="tierwatch", action="types.rebuilt", subject="task_types/7",
            detail={"why": "more of them"},
        )
    )  # fmt: skip
    assert near(connection, "") == [
        Change(NOW + 10 * HOUR, "types", "7", "", "tierwatch", "more of them"),
        Change(NOW + 20 * HOUR, "policy", "3", "", "ada", "reason 3"),
    ]


def test_a_model_that_came_is_said_with_the_one_before_it(connection: Connection) -> None:
    hour = 3_600
    for number in (0, hour, 29 * hour):
        add_exchange(connection, number, model="small-1")
    add_exchange(connection, 29 * hour + 60, model="small-2")
    add_exchange(connection, 30 * hour, model="small-2")
    add_exchange(connection, 30 * hour, tier="standard", model="other")
    found = near(connection)
    assert found == [
        Change(NOW + 29 * HOUR + dt.timedelta(minutes=1), "model", "small-2", "small-1")
    ]
    assert near(connection, "standard") == []  # the first that was ever seen is no change


def test_one_that_serves_as_it_did_is_no_change(connection: Connection) -> None:
    for number in (0, 3_600, 29 * 3_600):
        add_exchange(connection, number, model="small-1")
    assert near(connection) == []


def test_another_judge_is_said(connection: Connection) -> None:
    for number, judge in ((0, "judge-1"), (29 * 3_600, "judge-2")):
        add_outcome(connection, number, 0.0, judge_version=judge)
    connection.execute(
        text("update outcomes set created_at = cast(:now as timestamptz)"
             " + request_no * interval '1 second'"),
        {"now": NOW},
    )  # fmt: skip
    assert near(connection) == [Change(NOW + 29 * HOUR, "judge", "judge-2", "judge-1")]
