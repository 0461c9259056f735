"""A client of the API, and one thing of each kind to ask for."""

from typing import Any

import pytest
from factories.rows import add_alert, add_pair, add_policy, add_proposal, put_in_force
from flask import Flask
from sqlalchemy import Connection


@pytest.fixture
def client(app: Flask) -> Any:
    return app.test_client()


@pytest.fixture
def seeded(connection: Connection) -> dict[str, Any]:
    """Ids by the names that the rules give them; policy 2 is active."""
    add_policy(connection, 1)
    add_policy(connection, 2, simple=0.8)
    put_in_force(connection, 2)
    return {
        "alert_id": add_alert(connection),
        "proposal_id": add_proposal(connection, base_version=2),
        "pair_id": add_pair(connection, 1, "alternative"),
        "version": 1,
    }
