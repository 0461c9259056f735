"""A database with an active policy."""

import factories.rows as put
import pytest
from sqlalchemy import Connection


@pytest.fixture
def in_force(connection: Connection) -> Connection:
    """Policy 1 is active: 0.70 for both tiers."""
    put.add_policy(connection)
    put.put_in_force(connection)
    return connection
