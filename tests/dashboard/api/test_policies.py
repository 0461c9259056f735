from collections.abc import Callable
from typing import Any

import pytest
from factories.rows import add_alert, add_pair, add_policy, add_proposal, put_in_force
from flask import Flask
from sqlalchemy import Connection

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def client(app: Flask) -> Any:
    return app.test_client()


@pytest.fixture
def seeded(connection: Connection) -> dict[str, Any]:
    add_policy(connection, 1)
    add_policy(connection, 2, simple=0.8)
    put_in_force(connection, 2)
    return {
        "alert_id": add_alert(connection),
        "proposal_id": add_proposal(connection, base_version=2),
        "pair_id": add_pair(connection, 1, "alternative"),
        "version": 1,
    }


def test_rollback_answers_with_the_new_version(
    client: Any, bearer: Bearer, seeded: dict[str, Any]
) -> None:
    path = "/api/v1/policies/1/rollback"
    response = client.post(path, headers=bearer("approver"), json={"why": "worse"})
    assert response.json["version"] == 3
    assert response.json["thresholds"] == {"simple": 0.7, "standard": 0.7}
