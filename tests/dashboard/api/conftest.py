"""A client of the API, and one thing of each kind to ask for."""

import datetime as dt
from typing import Any

import pytest
from factories.rows import add_alert, add_pair, add_policy, add_proposal, put_in_force
from factories.trials import new_trial
from flask import Flask
from sqlalchemy import Connection

from tierwatch.store.people.sessions import begin_session, open_sessions
from tierwatch.store.people.tokens import add_token
from tierwatch.store.people.users import add_user
from tierwatch.store.trials.model_trials import add_trial

PASSWORD = "correct horse battery"


@pytest.fixture
def client(app: Flask) -> Any:
    return app.test_client()


@pytest.fixture
def seeded(connection: Connection, clock: Any) -> dict[str, Any]:
    """Ids by the names that the rules give them; policy 2 is active."""
    add_policy(connection, 1)
    add_policy(connection, 2, simple=0.8)
    put_in_force(connection, 2)
    add_user(connection, "somebody", PASSWORD, "viewer")
    add_token(connection, "somebody", "viewer")
    other = add_user(connection, "other", PASSWORD, "viewer")
    now = dt.datetime.fromtimestamp(clock(), dt.UTC)
    begin_session(connection, other, "password", now=now)
    [session] = open_sessions(connection, now=now, of="other")
    return {
        "alert_id": add_alert(connection),
        "proposal_id": add_proposal(connection, base_version=2),
        "trial_id": add_trial(connection, new_trial(base_version=2)),
        "pair_id": add_pair(connection, 1, "alternative"),
        "version": 1,
        "drain_id": 1,
        "name": "somebody",
        "session_id": session.id,
    }
