"""The OpenAPI 3.1 document, made from the operations and the dataclasses that are sent."""

from collections.abc import Sequence
from typing import Any

from tierwatch.dashboard.api.answers import ErrorAnswer
from tierwatch.dashboard.api.route import Route
from tierwatch.dashboard.api.schema import path_of, schema_of


def openapi(*, title: str, version: str, prefix: str, routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document.

    Args:
        title: of the API.
        version: of the program.
        prefix: before every rule.
        routes: every operation.
    """
    named: dict[str, Any] = {}
    problem = _answer("What was wrong, in one sentence.", ErrorAnswer, named)
    paths: dict[str, Any] = {}
    for route in routes:
        path, parameters = path_of(prefix + route.rule)
        entry: dict[str, Any] = {
            "operationId": route.name,
            "summary": route.summary,
            "description": f"Needs the role {route.role}.",
            "parameters": [
                *parameters,
                *(
                    {"name": name, "in": "query", "schema": schema, "description": meaning}
                    for name, (schema, meaning) in route.query.items()
                ),
            ],
            "responses": {"200": _answer("Done.", route.answers, named), "default": problem},
        }
        if route.body is not None:
            entry["requestBody"] = {"required": True, "content": _content(route.body, named)}
        paths.setdefault(path, {})[route.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _answer(description: str, kind: Any, named: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": _content(kind, named)}


def _content(kind: Any, named: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema_of(kind, named)}}
