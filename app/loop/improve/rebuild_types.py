"""Types: group recent prompts anew, and put the groups in force where they tell rates apart better.

What happens to old data: rollups, outcomes and streams keep the name of a type. A type that goes
on keeps its name, so its charts and monitors go on and nothing is rewritten. A name that vanishes
is never given to another type; its past stays under it, its share of traffic falls to nothing, and
a threshold of its own in a policy meets no request any more.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ArtefactError, EvidenceError
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.types.build import build_types
from tierwatch.evaluation.types.judged_prompts import FEWEST_PAIRS
from tierwatch.evaluation.types.leiden import Leiden
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.loop.decide.approve import (
    TYPES_GONE,
    cancel_rollout,
    expire_proposal,
    lost_its_types,
)
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.audit import add_audit
from tierwatch.store.evidence.outcomes import newest_judge_version
from tierwatch.store.learned.type_evidence import (
    JudgedPrompt,
    judged_prompts,
    requests_by_type,
    type_losses,
)
from tierwatch.store.learned.type_versions import (
    active_types,
    active_version,
    add_types,
    hold_building,
    last_looked,
    names_ever_used,
    next_types_version,
    switch_types_off,
)
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import UNDECIDED, proposals_in

# The newest judged prompts: what half of them need fits into half a gigabyte and half a minute.
_PROMPTS = 12_000
# What new types must gain in V, pooled over boundaries, to be worth a break in the charts.
_GAIN = 0.02

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of building types.

    Attributes:
        version: in force now; 0 when none is.
        changed: whether that is a new one.
        why: one sentence.
        evidence: of the types that were built, or None when they could not be.
    """

    version: int
    changed: bool
    why: str
    evidence: TypesEvidence | None = None


@dataclass(frozen=True, slots=True)
class TypeLine:
    """One type as `tierwatch types` shows it.

    Attributes:
        name: its name.
        words: that tell it.
        requests: of the last seven days.
        share: of all requests that were given a type in force.
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
    """The types in force and what is known of them; version 0 and no lines when there are none."""

    version: int
    created_at: dt.datetime | None
    evidence: dict[str, Any]
    mapping: dict[str, str | None]
    types: tuple[TypeLine, ...]


def rebuild_types(
    *,
    engine: Engine,
    judge_version: str | None,
    leiden: Leiden | None,
    now: dt.datetime,
    every_s: float | None = None,
    actor: str = "tierwatch",
) -> Rebuilt | None:
    """Build types of the newest judged prompts, and put them in force if they are better.

    They are better when their Cramer's V on held-out pairs is above what random groups of their
    sizes reach in 19 of 20 cases and above that of the types in force by .02. Both are measured on
    the same pairs, of which the types in force may have seen some: doubt favours what is there.

    The transaction that holds the lock is open while types are built, some ten seconds; it holds
    no row.

    Args:
        engine: Postgres.
        judge_version: whose verdicts to take; None for the judge that spoke last.
        leiden: from `installed_leiden`.
        now: the time, with its zone.
        every_s: do nothing when types were looked for less long ago; None does it at once.
        actor: who asked, for the audit.

    Returns:
        What came of it; None when it is not due or somebody else is at it.
    """
    with engine.begin() as connection:
        if not hold_building(connection):
            return None
        looked = last_looked(connection)
        if every_s is not None and looked is not None and (now - looked).total_seconds() < every_s:
            return None
        judge = judge_version or newest_judge_version(connection)
        prompts = judged_prompts(connection, judge_version=judge or "", limit=_PROMPTS)
        in_use = types_in_force(connection)
        previous = None if in_use is None else in_use[0]
        version = next_types_version(connection)
        taken = names_ever_used(connection)
        in_force = active_version(connection)
        try:
            types, evidence = _built(prompts, previous, taken, version, leiden)
        except EvidenceError as problem:
            _log.info("task types stay as they are", why=str(problem))
            if len(prompts) >= FEWEST_PAIRS:  # it took its time: not to be tried again at once
                add_audit(
                    connection,
                    actor=actor,
                    action="types.kept",
                    subject=f"task_types/{in_force}",
                    why=str(problem),
                )
            return Rebuilt(in_force, changed=False, why=str(problem))
        refused = _refused(evidence)
        add_audit(
            connection,
            actor=actor,
            action="types.kept" if refused else "types.rebuilt",
            subject=f"task_types/{in_force if refused else version}",
            why=refused,
            method=evidence.method,
            v=evidence.v,
            v_before=evidence.before,
            v_random=evidence.random,
            prompts=evidence.prompts,
            consistent=evidence.consistent,
        )
        if refused:
            _log.info("task types stay as they are", why=refused)
            return Rebuilt(in_force, changed=False, why=refused, evidence=evidence)
        add_types(
            connection,
            version=version,
            artefact=types.to_bytes(),
            names=list(types.names),
            evidence=asdict(evidence),
            mapping=evidence.mapping,
        )
        _withdraw_models(connection, actor=actor)
    _log.info("task types in force", version=version, names=types.names)
    why = f"V {evidence.v:.2f} on held-out pairs, random groups {evidence.random:.2f}"
    return Rebuilt(version, changed=True, why=why, evidence=evidence)


def switch_off(*, engine: Engine, actor: str) -> bool:
    """Put no types in force: every request is of type ``all`` again. False when none were."""
    with engine.begin() as connection:
        version = active_version(connection)
        gone = switch_types_off(connection)
        if gone:
            add_audit(connection, actor=actor, action="types.off", subject=f"task_types/{version}")
            _withdraw_models(connection, actor=actor)
    return gone


def _withdraw_models(connection: Connection, *, actor: str) -> None:
    """Take back what waits or is tried with offsets for other types."""
    lock_active(connection)  # before proposals, as everywhere
    version = active_version(connection)
    for proposal in proposals_in(connection, *UNDECIDED, lock=True):
        if not lost_its_types(proposal, version):
            continue
        if proposal.state == "rolling_out":
            cancel_rollout(connection, proposal, actor=actor, why=TYPES_GONE)
        else:
            expire_proposal(connection, proposal, actor=actor, why=TYPES_GONE)


def current_types(known: int, *, engine: Engine) -> tuple[int, bytes | None] | None:
    """The types that should be in force: (version, artefact), (0, None) for none.

    None when that is the ``known`` version, so that the artefact is read only when it is new.
    """
    with engine.connect() as connection:
        if active_version(connection) == known:
            return None
        stored = active_types(connection)
    return (0, None) if stored is None else (stored.version, stored.artefact)


def types_table(connection: Connection) -> TypesTable:
    """The types in force with the size, rates and thresholds of each."""
    stored = active_types(connection)
    if stored is None:
        return TypesTable(0, None, {}, {}, ())
    requests = requests_by_type(connection)
    total = sum(requests.get(name, 0) for name in stored.names)
    judge = newest_judge_version(connection)
    losses = {
        (found.task_type, found.direction): found
        for found in type_losses(connection, judge_version=judge or "")
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


def types_in_force(connection: Connection) -> tuple[TaskTypes, dt.datetime] | None:
    """The types in force and since when; None where there are none or they cannot be read."""
    stored = active_types(connection)
    if stored is None:
        return None
    try:
        return TaskTypes.from_bytes(stored.artefact), stored.created_at
    except ArtefactError as problem:
        _log.error("task types in force cannot be read", why=str(problem))
        return None


def _built(
    prompts: list[JudgedPrompt],
    previous: TaskTypes | None,
    taken: set[str],
    version: int,
    leiden: Leiden | None,
) -> tuple[TaskTypes, TypesEvidence]:
    boundaries = sorted({prompt.boundary for prompt in prompts})
    return build_types(
        [
            routed_text(
                prompt.request.get("messages") or [],
                tools=prompt.request.get("tools"),
                response_format=prompt.request.get("response_format"),
            )
            for prompt in prompts
        ],
        {
            boundary: [
                float(prompt.loss > 0) if prompt.boundary == boundary else np.nan
                for prompt in prompts
            ]
            for boundary in boundaries
        },
        [prompt.session for prompt in prompts],
        previous=previous,
        version=version,
        taken=taken | {ALL_TASKS},
        seed=version,
        leiden=leiden,
    )


def _refused(evidence: TypesEvidence) -> str:
    """Why these types are not put in force; empty when they are."""
    if not evidence.separates:
        return (
            f"their misroute rates differ no more than those of random groups do: V"
            f" {evidence.v:.2f} on held-out pairs, random groups up to {evidence.random_high:.2f}"
        )
    if evidence.before is not None and evidence.v < evidence.before + _GAIN:
        return (
            f"they tell misroute rates apart hardly better than the types in force: V"
            f" {evidence.v:.2f} against {evidence.before:.2f} on the same pairs"
        )
    return ""
