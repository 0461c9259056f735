from typing import Any

import pytest
from factories.rows import add_policy, put_in_force, put_rollout
from sqlalchemy import Connection


@pytest.fixture
def rolling(connection: Connection) -> int:
    for version in (1, 2):
        add_policy(connection, version)
    put_in_force(connection, 1)
    return put_rollout(connection, 2)


def test_a_rollout_is_read_and_ended(client: Any, bearer: Any, rolling: int) -> None:
    headers = bearer("approver")
    found = client.get("/api/v1/rollouts/2", headers=headers).json
    assert (found["proposal"], found["state"], found["share"]) == (rolling, "rolling_out", 0.2)
    assert found["candidate"]["misroute"]["estimate"] is None
    assert found["level"] == 100 * found["min_pairs"]
    refused = client.post("/api/v1/rollouts/2/promote", headers=headers, json={})
    assert refused.status_code == 400
    ended = client.post("/api/v1/rollouts/2/promote", headers=headers, json={"why": "fine"}).json
    assert (ended["state"], ended["ended_why"]) == ("active", "promoted by hand: fine")
    again = client.post("/api/v1/rollouts/2/abort", headers=headers, json={"why": "x"})
    assert again.status_code == 409
    assert client.get("/api/v1/rollouts/1", headers=headers).status_code == 404
