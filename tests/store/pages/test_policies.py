from factories.rows import (
    add_policy,
    put_in_force,
)
from sqlalchemy import Connection, insert, update

from tierwatch.store.pages.lines import PAGE
from tierwatch.store.pages.policies import in_force, policies, policy
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow


def test_policies_and_what_is_in_force(connection: Connection) -> None:
    add_policy(connection, 1)
    add_policy(connection, 2, simple=0.8)
    connection.execute(
        insert(ActivePolicyRow).values(
            id=1, stable_version=1, candidate_version=2, share=0.2, salt="x"
        )
    )

    assert [p.version for p in policies(connection)] == [2, 1]
    assert [p.version for p in policies(connection, before=2)] == [1]
    second = policy(connection, 2)
    assert second is not None
    assert second.thresholds == {"simple": 0.8, "standard": 0.7}
    now = in_force(connection)
    assert now is not None
    assert (now.stable_version, now.candidate_version, now.share) == (1, 2, 0.2)


def test_before_the_first_policy_pages_are_empty(connection: Connection) -> None:
    assert policies(connection) == []
    assert policy(connection, 1) is None
    assert in_force(connection) is None


def test_a_policy_is_shown_with_all_it_promised(connection: Connection) -> None:
    add_policy(connection, 7)
    connection.execute(
        update(PolicyRow).values(
            by_task={"sql": {"simple": 0.9}},
            promised={"simple": 0.04},
            promised_for=0.95,
            classifier=3,
        )
    )
    found = policy(connection, 7)
    assert found is not None
    assert (found.by_task, found.promised) == ({"sql": {"simple": 0.9}}, {"simple": 0.04})
    assert (found.promised_for, found.classifier) == (0.95, 3)
    assert (found.author, found.reason) == ("ada", "reason 7")


def test_a_page_of_policies_is_followed_by_the_next(connection: Connection) -> None:
    for version in range(1, PAGE + 3):
        add_policy(connection, version)
    first = policies(connection)
    assert [line.version for line in first] == list(range(PAGE + 2, 2, -1))
    assert [line.version for line in policies(connection, before=first[-1].version)] == [2, 1]
    assert policies(connection, before=1) == []


def test_outside_a_rollout_there_is_no_candidate(connection: Connection) -> None:
    add_policy(connection, 1)
    put_in_force(connection, 1)
    now = in_force(connection)
    assert now is not None
    assert (now.candidate_version, now.share) == (None, 0.0)
