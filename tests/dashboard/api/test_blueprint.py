import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, select

from tierwatch.dashboard.api.blueprint import PREFIX, ROUTES, openapi_document
from tierwatch.dashboard.api.schema import path_of
from tierwatch.store.people.roles import ROLES
from tierwatch.store.schema.proposals import ProposalRow

Bearer = Callable[[str], dict[str, str]]


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
        for number, route in enumerate(ROUTES):
            path, _ = path_of(PREFIX + route.rule)
            response = browser.open(
                path.format(**seeded),
                method=route.method,
                json={"why": "forged"},
                environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},  # too many from one are 429
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
    assert set(roles.values()) == {"reviewer", "approver", "admin"}
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


@pytest.mark.parametrize(
    "path",
    [
        "alerts/99",
        "proposals/99",
        f"pairs/{uuid.UUID(int=1)}",
        f"alerts/{2**63}",
        "policies/99",
        "x",
    ],
)
def test_what_is_not_there_is_404_in_the_envelope(client: Any, bearer: Bearer, path: str) -> None:
    response = client.get(f"/api/v1/{path}", headers=bearer("viewer"))
    assert response.status_code == 404
    assert response.json["error"]["type"] == "not_found"


@pytest.mark.parametrize("query", ["before=x", "before=-1", f"before={2**63}", "before=1.5"])
def test_pages_that_are_none_are_refused_in_the_envelope(
    client: Any, bearer: Bearer, query: str
) -> None:
    headers = bearer("viewer")
    for path in ("alerts", "proposals", "pairs", "policies"):
        response = client.get(f"/api/v1/{path}?{query}", headers=headers)
        assert response.status_code == 400, path
        assert set(response.json) == {"error"}
        assert response.json["error"]["type"] == "invalid_request"
        assert response.json["error"]["message"].startswith("before: accepted is the id")


def test_another_method_is_refused_in_the_envelope(client: Any, bearer: Bearer) -> None:
    response = client.post("/api/v1/report", headers=bearer("admin"))
    assert response.status_code == 405
    assert response.json["error"]["type"] == "invalid_request"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_it_includes_and_no_more(
    client: Any, bearer: Bearer, role: str
) -> None:
    headers = bearer(role)
    for route in ROUTES:
        # Nothing of that id is there: whoever may is answered 404, or 409 of a policy.
        path = path_of(PREFIX + route.rule)[0].format(
            alert_id=9,
            drain_id=9,
            proposal_id=9,
            trial_id=9,
            version=9,
            pair_id=uuid.UUID(int=9),
            name="x",
            session_id=9,
        )
        status = client.open(
            path, method=route.method, headers=headers, json={"why": "tested"}
        ).status_code
        may = ROLES.index(role) >= ROLES.index(route.role)
        assert (status == 403) is not may, (path, status)
