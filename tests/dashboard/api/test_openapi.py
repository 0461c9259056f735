import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from factories.rows import add_drain, put_model, put_rollout
from sqlalchemy import Connection

from tierwatch.dashboard.api.blueprint import PREFIX, ROUTES, openapi_document
from tierwatch.dashboard.api.route import Route
from tierwatch.dashboard.api.schema import path_of
from tierwatch.store.learned.type_versions import add_types
from tierwatch.store.people.tokens import add_token

Bearer = Callable[[str], dict[str, str]]


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


def _taken_back(route: Route) -> bool:
    """Whether what a route does would be in the way of others: each begins a policy or ends one."""
    acts = (
        "/drains",
        "/proposals",
        "/end",
        "/promote",
        "/abort",
        "/send-up",
        "/sample",
        "/silence",
    )
    return route.method == "POST" and route.rule.endswith(acts) and "/sessions" not in route.rule


def _reading_first(route: Route) -> tuple[str, bool, bool]:
    last = route.rule.endswith(("/reject", "/remove", "/revoke"))
    return route.method, not _taken_back(route), last


def _body(route: Route) -> dict[str, Any]:
    """A value for each field of the body that a route takes."""
    words: dict[str, Any] = {
        "why": "tested",
        "name": f"new-{route.name}",
        "role": "reviewer",
        "subject": "s-1",
        "expires": "1d",
        "lasting": "4h",
        "tier": "simple",
        # The tiers have proposals that come first.
        "task_type": "easy" if route.rule == "/proposals" else "all",
        "threshold": 0.75,
        "to": "",
    }
    names = [] if route.body is None else [field.name for field in fields(route.body)]
    return {name: words[name] for name in names}


def test_answers_are_what_the_document_says(
    client: Any, seeded: dict[str, Any], connection: Connection
) -> None:
    # With an owner: what nobody answers for proposes nothing.
    headers = {"Authorization": f"Bearer {add_token(connection, 'owned', 'admin', owner='other')}"}
    document = openapi_document()
    put_rollout(connection, seeded["version"])
    seeded["drain_id"] = add_drain(connection, "standard")
    schemas = document["components"]["schemas"]
    checked = 0
    # Reading first, so that nothing is decided yet; then acting, each with what is still open.
    for route in sorted(ROUTES, key=_reading_first):
        path, _ = path_of(PREFIX + route.rule)
        # The second needs an earlier model: below. The others need a router that is only watched:
        # tests/dashboard/reports/test_router_change.py.
        if path.endswith(("/reject", "/pin-model", "/router/applied", "/router/undone")):
            continue
        url = path.format(**seeded)
        with connection.begin_nested() as cell:
            if (route.method, route.rule) == ("POST", "/proposals"):
                add_types(
                    connection, version=1, artefact=b"", names=["easy"], evidence={}, mapping={}
                )
            response = client.open(url, method=route.method, headers=headers, json=_body(route))
            if _taken_back(route):
                cell.rollback()
        operation = document["paths"][path][route.method.lower()]
        assert response.status_code == 200, (url, response.text)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        _check(response.json, schema, schemas, path)
        checked += 1
    assert checked == len(ROUTES) - 4


def test_a_pinned_model_is_what_the_document_says(
    client: Any, seeded: dict[str, Any], bearer: Bearer, connection: Connection
) -> None:
    put_model(connection, 2, "simple", "small-2")
    document, path = openapi_document(), f"{PREFIX}/alerts/{{alert_id}}/pin-model"
    url = path.format(**seeded)
    headers = bearer("approver")
    response = client.post(url, headers=headers, json={"why": "worse"})
    assert response.json == {"tier": "simple", "policy_version": 3, "model": ""}
    answers = document["paths"][path]["post"]["responses"]
    schema = answers["200"]["content"]["application/json"]["schema"]
    _check(response.json, schema, document["components"]["schemas"], path)
    again = client.post(url, headers=headers, json={"why": "back"}).json
    assert again == {"tier": "simple", "policy_version": 4, "model": "small-2"}
