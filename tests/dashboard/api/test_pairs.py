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


def test_lists_are_filtered(client: Any, bearer: Bearer, seeded: dict[str, Any]) -> None:
    headers = bearer("viewer")

    def found(path: str, key: str) -> int:
        return len(client.get(f"/api/v1/{path}", headers=headers).json[key])

    assert found("pairs?verdict=alternative&stage=judged", "pairs") == 1
    assert found("pairs?verdict=served", "pairs") == 0
    assert found("alerts?state=unresolved", "alerts") == 1
    assert found("proposals?state=undecided", "proposals") == 1
    assert found("policies?before=2", "policies") == 1
    refused = client.get("/api/v1/pairs?tier=gigantic", headers=headers)
    assert refused.status_code == 400
    assert refused.json["error"]["message"] == "tier: accepted are simple, standard, complex"
