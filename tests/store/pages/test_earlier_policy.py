import pytest
from factories.rows import add_policy, add_proposal, put_in_force
from sqlalchemy import Connection, text

from tierwatch.store.pages.earlier_policy import earlier_policy


def test_the_newest_that_decided_otherwise_and_was_everybodys(connection: Connection) -> None:
    for version, simple in ((1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6), (5, 0.7), (6, 0.1)):
        add_policy(connection, version, simple=simple)
    put_in_force(connection, 5)
    add_proposal(connection, state="rolled_back", candidate_version=4)
    # 6 is newer, 4 was only tried, 3 is the same at simple.
    assert earlier_policy(connection, "simple") == 2
    assert earlier_policy(connection, "standard") is None
    assert earlier_policy(connection, "nobody") is None


def test_without_a_policy_there_is_none(connection: Connection) -> None:
    assert earlier_policy(connection, "simple") is None


@pytest.mark.parametrize(
    "change",
    [
        """models = '{"simple": {"model": "small-2", "instead_of": "a"}}'""",
        """by_task = '{"sql": {"simple": 0.5}, "code": {"standard": 0.9}}'""",
        "classifier = 3",
    ],
)
def test_what_a_proposal_can_change_of_a_tier_has_a_way_back(
    connection: Connection, change: str
) -> None:
    for version, simple in ((1, 0.9), (2, 0.7), (3, 0.7)):
        add_policy(connection, version, simple=simple)
    connection.execute(text(f"update policies set {change} where version = 3"))  # noqa: S608 - ours
    put_in_force(connection, 3)
    # And not to 1, which is another threshold as well.
    assert earlier_policy(connection, "simple") == 2


def test_what_changed_at_another_tier_is_no_way_back(connection: Connection) -> None:
    for version in (1, 2):
        add_policy(connection, version)
    other = """models = '{"standard": {}}', by_task = '{"sql": {"standard": 0.5}}'"""
    connection.execute(text(f"update policies set {other} where version = 2"))  # noqa: S608 - ours
    put_in_force(connection, 2)
    assert earlier_policy(connection, "simple") is None
    assert earlier_policy(connection, "standard") == 1
