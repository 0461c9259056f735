"""The active task types: as the loop reads them, and what is known of each."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from tierwatch.errors import ArtefactError
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.store.documents import Json
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.learned.type_evidence import requests_by_type, type_losses
from tierwatch.store.learned.type_versions import active_types
from tierwatch.store.policies import active_policies

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One type as `tierwatch types` shows it.

    Attributes:
        name: its name.
        words: that it is known by.
        requests: of the last seven days, or of the time that was asked for.
        share: of all requests that were given an active type.
        misroute: rate at which its kept requests were worse than the next tier's answer.
        overspend: rate at which its escalated requests would have done a tier below.
        thresholds: its own, by tier; empty where the tier's apply.
    """

    name: str
    words: tuple[str, ...]
    requests: int
    share: float
    misroute: Estimate
    overspend: Estimate
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True)
class TypesTable:
    """The active types and what is known of them; version 0 and no lines when there are none."""

    version: int
    created_at: dt.datetime | None
    evidence: Json
    mapping: dict[str, str | None]
    types: tuple[TypeLine, ...]


def readable_types(connection: Connection) -> tuple[TaskTypes, dt.datetime] | None:
    """The active types and since when; None where there are none or they cannot be read."""
    stored = active_types(connection)
    if stored is None:
        return None
    try:
        return TaskTypes.from_bytes(stored.artefact), stored.created_at
    except ArtefactError as problem:
        _log.error("the active task types cannot be read", why=str(problem))
        return None


def types_table(
    connection: Connection, *, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> TypesTable:
    """The active types with the size, rates and thresholds of each.

    Args:
        connection: any.
        since: rates and sizes are of requests that arrived then or later. Without one the rates are
            of all time, and the sizes of the last seven days of it.
        until: and before then; without one until now.
    """
    stored = active_types(connection)
    if stored is None:
        return TypesTable(0, None, {}, {}, ())
    requests = requests_by_type(connection, since=since, until=until)
    total = sum(requests.get(name, 0) for name in stored.names)
    judge = newest_judge_version(connection)
    losses = {
        (found.task_type, found.direction): found
        for found in type_losses(connection, judge_version=judge or "", since=since, until=until)
    }

    def rate(name: str, direction: str, of: Callable[[float], float]) -> Estimate:
        found = losses.get((name, direction))
        if found is None:
            return unknown()
        return weighted_rate([of(loss) for loss in found.losses], found.weights)

    active = active_policies(connection)
    by_task = {} if active is None else active.stable.by_task
    words = {item["name"]: tuple(item["words"]) for item in stored.evidence["types"]}
    return TypesTable(
        version=stored.version,
        created_at=stored.created_at,
        evidence=stored.evidence,
        mapping=stored.mapping,
        types=tuple(
            TypeLine(
                name=name,
                words=words.get(name, ()),
                requests=requests.get(name, 0),
                share=requests.get(name, 0) / total if total else 0.0,
                misroute=rate(name, "up", lambda loss: loss),
                overspend=rate(name, "down", lambda loss: 1 - loss),
                thresholds=dict(by_task.get(name, {})),
            )
            for name in stored.names
        ),
    )
