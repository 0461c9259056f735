from factories.rows import (
    add_policy,
)
from sqlalchemy import Connection, insert

from tierwatch.store.pages.policies import in_force, policies, policy
from tierwatch.store.schema.policies import ActivePolicyRow


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
