import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from factories.rows import add_alert, add_pair, add_policy, add_proposal, put_in_force
from flask import Flask
from sqlalchemy import Connection, select

from tierwatch.dashboard.api import PREFIX, ROUTES, openapi_document
from tierwatch.dashboard.openapi import path_of
from tierwatch.store.schema.people import AuditRow
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


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = openapi_document()
    schemas = document["components"]["schemas"]

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if "$ref" in node else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    found = references(document)
    assert {reference.rsplit("/", 1)[1] for reference in found} == set(schemas)
    assert {"Alert", "Proposal", "Pair", "PolicyLine", "ErrorAnswer", "Reason"} <= set(schemas)


def _check(  # noqa: C901 - one branch a keyword of JSON schema
    value: Any, schema: dict[str, Any], schemas: dict[str, Any], where: str
) -> None:
    """The part of JSON schema that the document uses."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        kinds = [
            kind for kind in schema["anyOf"] if (kind.get("type") == "null") == (value is None)
        ]
        _check(value, kinds[0], schemas, where)
        return
    kinds_of = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    if "type" in schema:
        assert isinstance(value, kinds_of[schema["type"]]), (where, value)
    if "enum" in schema:
        assert value in schema["enum"], where
    if schema.get("format") == "date-time":
        assert dt.datetime.fromisoformat(value).tzinfo is not None, where
    if schema.get("format") == "uuid":
        uuid.UUID(value)
    if "properties" in schema:
        assert set(value) == set(schema["properties"]) == set(schema["required"]), where
        for name, kind in schema["properties"].items():
            _check(value[name], kind, schemas, f"{where}.{name}")
    if "items" in schema:
        for item in value:
            _check(item, schema["items"], schemas, f"{where}[]")


def test_answers_are_what_the_document_says(
    client: Any, seeded: dict[str, Any], bearer: Bearer
) -> None:
    headers, document = bearer("approver"), openapi_document()
    schemas = document["components"]["schemas"]
    checked = 0
    # Reading first, so that nothing is decided yet; then acting, each with what is still open.
    for route in sorted(ROUTES, key=lambda route: (route.method, "reject" in route.rule)):
        path, _ = path_of(PREFIX + route.rule)
        if path.endswith("/reject"):
            continue
        url = path.format(**seeded)
        response = client.open(url, method=route.method, headers=headers, json={"why": "tested"})
        operation = document["paths"][path][route.method.lower()]
        assert response.status_code == 200, (url, response.text)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        _check(response.json, schema, schemas, path)
        checked += 1
    assert checked == len(ROUTES) - 1


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


def test_double_approval_is_a_conflict_that_names_the_first(
    client: Any, bearer: Bearer, seeded: dict[str, Any]
) -> None:
    headers, number = bearer("approver"), seeded["proposal_id"]
    path = f"/api/v1/proposals/{number}"
    first = client.post(f"{path}/approve", headers=headers, json={"why": "certified \ud800\x00"})
    assert first.status_code == 200
    assert first.json["state"] == "rolling_out"
    assert first.json["decided_by"] == "token:approver"
    assert first.json["decided_why"] == "certified ?\ufffd"
    for verb in ("approve", "reject"):
        second = client.post(f"{path}/{verb}", headers=headers, json={"why": "me too"})
        assert second.status_code == 409
        assert second.json["error"] == {
            "message": f"Proposal {number} is rolling_out already, by token:approver.",
            "type": "conflict",
        }


@pytest.mark.parametrize("body", ["", "[]", '"why"', '{"why": 3}', "{", '{"why": null}'])
def test_bodies_without_a_reason_in_text(
    client: Any, bearer: Bearer, seeded: dict[str, Any], body: str
) -> None:
    path = f"/api/v1/proposals/{seeded['proposal_id']}/reject"
    response = client.post(path, headers=bearer("approver"), data=body)
    assert response.status_code == 400
    assert response.json["error"]["type"] == "invalid_request"
    assert '{"why":' in response.json["error"]["message"]


def test_an_empty_reason_is_refused_in_a_sentence(
    client: Any, bearer: Bearer, seeded: dict[str, Any], connection: Connection
) -> None:
    path = f"/api/v1/proposals/{seeded['proposal_id']}/reject"
    headers = bearer("approver")
    response = client.post(path, headers=headers, json={"why": "  "})
    assert response.status_code == 400
    assert response.json["error"]["message"].startswith("A reason is required")
    assert client.post(path, headers=headers, json={"why": "no"}).json["state"] == "rejected"
    actions = select(AuditRow.action).where(AuditRow.action.like("proposal.%"))
    assert connection.execute(actions).scalars().all() == ["proposal.rejected"]


def test_rollback_answers_with_the_new_version(
    client: Any, bearer: Bearer, seeded: dict[str, Any]
) -> None:
    path = "/api/v1/policies/1/rollback"
    response = client.post(path, headers=bearer("approver"), json={"why": "worse"})
    assert response.json["version"] == 3
    assert response.json["thresholds"] == {"simple": 0.7, "standard": 0.7}


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


@pytest.mark.parametrize("path", ["alerts/99", "proposals/99", f"pairs/{uuid.UUID(int=1)}", "x"])
def test_what_is_not_there_is_404_in_the_envelope(client: Any, bearer: Bearer, path: str) -> None:
    response = client.get(f"/api/v1/{path}", headers=bearer("viewer"))
    assert response.status_code == 404
    assert response.json["error"]["type"] == "not_found"
