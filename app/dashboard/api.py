"""The JSON API under ``/api/v1``: the values of the pages, for programs with a bearer token.

One table, `ROUTES`, is what Flask serves and what ``/api/v1/openapi.json`` describes.
"""

import importlib.metadata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access import bearer, check_role
from tierwatch.dashboard.openapi import openapi
from tierwatch.dashboard.site import stored_text, this_person, this_site
from tierwatch.dashboard.views import ID, before_id, before_number, choice, sentence
from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal, roll_back_to
from tierwatch.loop.report import build_report
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.store.pages import alerts_and_proposals as reading
from tierwatch.store.pages import pairs as reading_pairs
from tierwatch.store.people.roles import Role

PREFIX = "/api/v1"

_KINDS = {
    400: "invalid_request",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found",
    409: "conflict",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong: a sentence, and a kind that stays the same."""

    message: str
    type: str


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Every answer that is not 200."""

    error: Problem


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is done; the audit keeps it."""

    why: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts, newest first; ``before`` asks for the next page, null on the last."""

    alerts: list[reading.Alert]
    before: int | None


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposals, newest first."""

    proposals: list[reading.Proposal]
    before: int | None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs, newest first."""

    pairs: list[reading_pairs.PairLine]
    before: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Policies:
    """Policy versions, newest first, and which is in force."""

    policies: list[reading.PolicyLine]
    in_force: reading.InForce | None
    before: int | None


T = TypeVar("T")
Query = Mapping[str, tuple[dict[str, Any], str]]
_BEFORE: Query = {"before": ({"type": "string"}, "`before` of the page before.")}


@dataclass(frozen=True)
class Route:
    """One operation of the API.

    Attributes:
        method: GET or POST.
        rule: Flask's rule below the prefix.
        summary: one sentence.
        answers: type of the answer.
        run: takes a connection and the rule's values, returns the answer. POSTs run in a
            transaction.
        role: who may.
        query: parameters, each with its schema and a sentence.
        body: dataclass of the JSON body, or None.
    """

    method: str
    rule: str
    summary: str
    answers: Any
    run: Callable[..., Any]
    role: Role = "viewer"
    query: Query = field(default_factory=dict)
    body: type | None = None

    @property
    def name(self) -> str:
        """Unique name of the operation, as ``get_alerts_alert_id``."""
        words = "".join(c if c.isalnum() else " " for c in self.rule.replace(ID, "")).split()
        return "_".join([self.method.lower(), *words])


def _report(connection: Connection) -> dict[str, Any]:
    return build_report(connection, this_site().config)


def _alerts(connection: Connection) -> Alerts:
    unresolved = choice("state", ("unresolved", "all")) == "unresolved"
    found = reading.alerts(connection, unresolved=unresolved, before=before_number())
    return Alerts(found, found[-1].id if len(found) == reading.PAGE else None)


def _alert(connection: Connection, alert_id: int) -> reading.Alert:
    return _there(reading.alert(connection, alert_id))


def _move_alert(connection: Connection, alert_id: int, *, move: Any) -> reading.Alert:
    _alert(connection, alert_id)
    move(connection, alert_id, actor=this_person().name)
    return _alert(connection, alert_id)


def _proposals(connection: Connection) -> Proposals:
    undecided = choice("state", ("undecided", "all")) == "undecided"
    found = reading.proposals(connection, undecided=undecided, before=before_number())
    return Proposals(found, found[-1].id if len(found) == reading.PAGE else None)


def _proposal(connection: Connection, proposal_id: int) -> reading.Proposal:
    return _there(reading.proposal(connection, proposal_id))


def _approve(connection: Connection, proposal_id: int) -> reading.Proposal:
    _proposal(connection, proposal_id)
    share = this_site().config.evaluation.rollout.share
    actor = this_person().name
    approve_proposal(connection, proposal_id, actor=actor, why=_why(), share=share)
    return _proposal(connection, proposal_id)


def _reject(connection: Connection, proposal_id: int) -> reading.Proposal:
    _proposal(connection, proposal_id)
    reject_proposal(connection, proposal_id, actor=this_person().name, why=_why())
    return _proposal(connection, proposal_id)


def _pairs(connection: Connection) -> Pairs:
    wanted = reading_pairs.PairFilter(
        tier=choice("tier", this_site().config.serving),
        direction=choice("direction", reading_pairs.DIRECTIONS),
        preferred=choice("verdict", reading_pairs.PREFERENCES),
        stage=choice("stage", reading_pairs.STAGES),
    )
    found = reading_pairs.pairs(connection, wanted, before=before_id())
    return Pairs(found, found[-1].id if len(found) == reading.PAGE else None)


def _pair(connection: Connection, pair_id: uuid.UUID) -> reading_pairs.Pair:
    return _there(reading_pairs.pair(connection, pair_id))


def _policies(connection: Connection) -> Policies:
    found = reading.policies(connection, before=before_number())
    older = found[-1].version if len(found) == reading.PAGE else None
    return Policies(found, reading.in_force(connection), older)


def _policy(connection: Connection, version: int) -> reading.PolicyLine:
    return _there(reading.policy(connection, version))


def _rollback(connection: Connection, version: int) -> reading.PolicyLine:
    _policy(connection, version)
    new = roll_back_to(connection, version, actor=this_person().name, why=_why())
    return _policy(connection, new)


def _document(_connection: Connection) -> dict[str, Any]:
    return openapi_document()


def _one_of(told: str, *accepted: str) -> tuple[dict[str, Any], str]:
    return {"type": "string", "enum": list(accepted)}, told


ROUTES = (
    Route("GET", "/report", "The whole state in one document.", dict[str, Any], _report),
    Route(
        "GET",
        "/alerts",
        "Alerts, newest first.",
        Alerts,
        _alerts,
        query={**_BEFORE, "state": _one_of("Which; all by default.", "unresolved", "all")},
    ),
    Route("GET", f"/alerts/<{ID}:alert_id>", "One alert.", reading.Alert, _alert),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/acknowledge",
        "Say that somebody looks at an alert.",
        reading.Alert,
        partial(_move_alert, move=acknowledge_alert),
        role="reviewer",
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/resolve",
        "Close an alert; its monitors start anew.",
        reading.Alert,
        partial(_move_alert, move=resolve_alert),
        role="reviewer",
    ),
    Route(
        "GET",
        "/proposals",
        "Proposals, newest first.",
        Proposals,
        _proposals,
        query={**_BEFORE, "state": _one_of("Which; all by default.", "undecided", "all")},
    ),
    Route("GET", f"/proposals/<{ID}:proposal_id>", "One proposal.", reading.Proposal, _proposal),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/approve",
        "Approve a proposal; its rollout starts unless another one is running.",
        reading.Proposal,
        _approve,
        role="approver",
        body=Reason,
    ),
    Route(
        "POST",
        f"/proposals/<{ID}:proposal_id>/reject",
        "Reject a proposal.",
        reading.Proposal,
        _reject,
        role="approver",
        body=Reason,
    ),
    Route(
        "GET",
        "/pairs",
        "Pairs, newest first.",
        Pairs,
        _pairs,
        query={
            **_BEFORE,
            "tier": ({"type": "string"}, "Tier that served."),
            "direction": _one_of("Where the shadow ran.", *reading_pairs.DIRECTIONS),
            "verdict": _one_of("Which answer was better.", *reading_pairs.PREFERENCES),
            "stage": _one_of("How far it has come.", *reading_pairs.STAGES),
        },
    ),
    Route("GET", "/pairs/<uuid:pair_id>", "One pair.", reading_pairs.Pair, _pair),
    Route("GET", "/policies", "Policy versions, newest first.", Policies, _policies, query=_BEFORE),
    Route("GET", f"/policies/<{ID}:version>", "One policy version.", reading.PolicyLine, _policy),
    Route(
        "POST",
        f"/policies/<{ID}:version>/rollback",
        "Put an earlier version's thresholds in force, as a new version.",
        reading.PolicyLine,
        _rollback,
        role="approver",
        body=Reason,
    ),
    Route("GET", "/openapi.json", "This description.", dict[str, Any], _document),
)


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of `ROUTES`."""
    return openapi(
        title="tierwatch",
        version=importlib.metadata.version("tierwatch"),
        prefix=PREFIX,
        operations=[
            {
                "rule": route.rule,
                "method": route.method,
                "name": route.name,
                "summary": route.summary,
                "answers": route.answers,
                "role": route.role,
                "query": route.query,
                "body": route.body,
            }
            for route in ROUTES
        ],
        error=ErrorAnswer,
    )


def api_problem(status: int, message: str) -> Response:
    """An error in the API's envelope."""
    kind = _KINDS.get(
        status,
        "internal_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request",
    )
    response = _json(ErrorAnswer(Problem(message=message, type=kind)), status)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _answer(route: Route, **values: Any) -> ResponseReturnValue:
    bearer()
    check_role(route.role)
    engine = this_site().engine
    try:
        with engine.connect() if route.method == "GET" else engine.begin() as connection:
            return _json(route.run(connection, **values), 200)
    except ConflictError as problem:
        return api_problem(409, sentence(problem))
    except UsageError as problem:
        return api_problem(400, sentence(problem))


def _json(value: Any, status: int) -> Response:
    # Keys of by_task and thresholds are text; dates are ISO 8601 with their offset.
    return Response(orjson.dumps(value), status=status, content_type="application/json")


def _there(found: T | None) -> T:
    if found is None:
        abort(404)
    return found


def _why() -> str:
    body = request.get_json(force=True, silent=True)
    why = body.get("why") if isinstance(body, dict) else None
    if not isinstance(why, str):
        abort(400, 'the body: accepted is {"why": "the reason, which the audit keeps"}')
    return stored_text(why)[:2_000]


api = Blueprint("api", __name__, url_prefix=PREFIX)
for _route in ROUTES:
    api.add_url_rule(_route.rule, _route.name, partial(_answer, _route), methods=[_route.method])
