from dataclasses import fields

from factories.rows import add_drain, add_policy
from sqlalchemy import Connection, text

from tierwatch.store.drains import Drain
from tierwatch.store.pages.lists import InForce, PolicyLine
from tierwatch.store.schema.policies import ActivePolicyRow, DrainRow, PolicyRow


def test_what_is_read_of_a_row_are_its_columns() -> None:
    for value, row in ((Drain, DrainRow), (PolicyLine, PolicyRow), (InForce, ActivePolicyRow)):
        assert {one.name for one in fields(value)} <= set(row.__table__.columns.keys())
    assert {one.name for one in fields(Drain)} == set(DrainRow.__table__.columns.keys())


def test_a_policy_of_a_version_that_knew_no_drains_has_none(connection: Connection) -> None:
    add_policy(connection, 1)  # names no drained tiers, as an older gateway would
    assert connection.execute(text("select drained from policies")).scalar_one() == {}


def test_a_segment_may_be_drained_again_once_it_was_over(connection: Connection) -> None:
    add_drain(connection, "simple")
    connection.execute(text("update drains set ended_at = now()"))
    add_drain(connection, "simple")
    add_drain(connection, "simple", task_type="sql")
    assert connection.execute(text("select count(*) from drains")).scalar_one() == 3
