from collections.abc import Callable
from typing import Any

import pytest
from factories.rows import add_alert, add_pair, add_policy, add_proposal, put_in_force
from flask import Flask
from sqlalchemy import Connection, select

from tierwatch.dashboard.api.blueprint import PREFIX, ROUTES, openapi_document
from tierwatch.dashboard.api.schema import path_of
from tierwatch.store.schema.proposals import ProposalRow

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


def test_document_describes_exactly_what_is_served(app: Flask) -> None:
    served = {
        (path_of(rule.rule)[0], method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, methods in openapi_document()["paths"].items()
        for method in methods
    }
    assert served == described
    assert len(served) == len(ROUTES)


def test_a_token_is_required_and_cookies_do_not_count(
    client: Any, approver: Any, connection: Connection, seeded: dict[str, Any]
) -> None:
    for browser in (client, approver.client):
        for route in ROUTES:
            path, _ = path_of(PREFIX + route.rule)
            response = browser.open(
                path.format(**seeded), method=route.method, json={"why": "forged"}
            )
            assert response.status_code == 401, path
            assert response.json["error"]["type"] == "authentication_error"
            assert response.headers["WWW-Authenticate"] == "Bearer"
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "open"


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer \u00e9\u00ff", "x y z"]
)
def test_tokens_nobody_has(client: Any, given: str) -> None:
    response = client.get("/api/v1/report", headers={"Authorization": given})
    assert response.status_code == 401


def test_roles_hold_for_tokens(
    client: Any, bearer: Bearer, seeded: dict[str, Any], connection: Connection
) -> None:
    roles = {route.rule: route.role for route in ROUTES if route.method == "POST"}
    assert set(roles.values()) == {"reviewer", "approver"}
    viewer, reviewer = bearer("viewer"), bearer("reviewer")
    proposal = f"/api/v1/proposals/{seeded['proposal_id']}/approve"
    alert = f"/api/v1/alerts/{seeded['alert_id']}/acknowledge"
    assert client.get("/api/v1/report", headers=viewer).status_code == 200
    assert client.post(alert, headers=viewer).status_code == 403
    refused = client.post(proposal, headers=reviewer, json={"why": "x"})
    assert refused.status_code == 403
    assert refused.json["error"] == {
        "message": "this needs the role approver; token:reviewer has the role reviewer",
        "type": "permission_error",
    }
    moved = client.post(alert, headers=reviewer)
    assert moved.json["state"] == "acknowledged"
    assert moved.json["acknowledged_by"] == "token:reviewer"
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "open"
