"""Every operation of the API, served and described.

One table, `ROUTES`, is what Flask serves and what ``/api/v1/openapi.json`` describes.
"""

import importlib.metadata
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import bearer, check_role
from tierwatch.dashboard.api import (
    alerts,
    pairs,
    people,
    policies,
    proposals,
    remedies,
    report,
    review,
    rollouts,
)
from tierwatch.dashboard.api.answers import json_answer, problem_answer
from tierwatch.dashboard.api.openapi import openapi
from tierwatch.dashboard.api.route import Route
from tierwatch.dashboard.api.system import (
    audit,
    ceiling,
    costs,
    model_trials,
    search,
    settings,
    sources,
    types,
)
from tierwatch.dashboard.arguments import sentence
from tierwatch.dashboard.site import stored_text, this_site
from tierwatch.errors import ConflictError, UsageError

PREFIX = "/api/v1"


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of `ROUTES`."""
    version = importlib.metadata.version("tierwatch")
    return openapi(title="tierwatch", version=version, prefix=PREFIX, routes=ROUTES)


def _document(_connection: Connection) -> dict[str, Any]:
    return openapi_document()


ROUTES = (
    *report.ROUTES,
    *alerts.ROUTES,
    *proposals.ROUTES,
    *model_trials.ROUTES,
    *pairs.ROUTES,
    *review.ROUTES,
    *policies.ROUTES,
    *remedies.ROUTES,
    *rollouts.ROUTES,
    *types.ROUTES,
    *sources.ROUTES,
    *costs.ROUTES,
    *ceiling.ROUTES,
    *settings.ROUTES,
    *audit.ROUTES,
    *search.ROUTES,
    *people.ROUTES,
    Route("GET", "/openapi.json", "This description.", dict[str, Any], _document),
)


def _answer(route: Route, **values: Any) -> ResponseReturnValue:
    bearer()
    check_role(route.role)
    engine = this_site().engine
    try:
        with engine.connect() if route.method == "GET" else engine.begin() as connection:
            return json_answer(route.run(connection, **_storable(values)))
    except ConflictError as problem:
        return problem_answer(409, sentence(problem))
    except UsageError as problem:
        return problem_answer(400, sentence(problem))


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of the address as Postgres can be asked for them: ``%00`` in a name names nobody."""
    return {
        name: stored_text(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


api = Blueprint("api", __name__, url_prefix=PREFIX)
for _route in ROUTES:
    api.add_url_rule(_route.rule, _route.name, partial(_answer, _route), methods=[_route.method])
