from factories.rows import add_policy, add_proposal, put_in_force
from sqlalchemy import Connection

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
