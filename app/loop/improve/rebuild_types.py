"""Types: group recent prompts anew; activate the groups where they tell rates apart better.

What happens to old data: rollups, outcomes and streams keep the name of a type. A type that goes
on keeps its name, so its charts and monitors go on and nothing is rewritten. A name that vanishes
is never given to another type; its past stays under it, its share of traffic falls to nothing, and
a threshold of its own in a policy meets no request any more.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.build import build_types
from tierwatch.evaluation.types.grouping import Leiden
from tierwatch.evaluation.types.measure import FEWEST_PAIRS
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.loop.decide.end import withdraw_models
from tierwatch.loop.improve.active_types import readable_types
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.policy import ALL_TASKS, UNFAMILIAR
from tierwatch.store.audit import add_audit
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.learned.type_evidence import JudgedPrompt, judged_prompts
from tierwatch.store.learned.type_versions import (
    active_version,
    add_types,
    hold_building,
    last_built,
    names_ever_used,
    next_types_version,
    switch_types_off,
)

# The newest judged prompts: what half of them need fits into half a gigabyte and half a minute.
_PROMPTS: Final = 12_000
# What new types must gain in V, pooled over boundaries, to be worth a break in the charts.
_GAIN: Final = 0.02

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of building types.

    Attributes:
        version: active now; 0 when none is.
        changed: whether that is a new one.
        why: one sentence.
        evidence: of the types that were built, or None when they could not be.
    """

    version: int
    changed: bool
    why: str
    evidence: TypesEvidence | None = None


def rebuild_types(
    *,
    engine: Engine,
    judge_version: str | None,
    leiden: Leiden | None,
    now: dt.datetime,
    every_s: float | None = None,
    actor: str = "tierwatch",
) -> Rebuilt | None:
    """Build types of the newest judged prompts, and make them active if they are better.

    They are better when their Cramer's V on held-out pairs is above what random groups of their
    sizes reach in 19 of 20 cases and above that of the active types by .02. Both are measured on
    the same pairs, of which the active types may have seen some: doubt favours what is there.

    The transaction that holds the lock is open while types are built, some ten seconds; it holds
    no row.

    Args:
        engine: Postgres.
        judge_version: whose verdicts to take; None for the judge that spoke last.
        leiden: from `installed_leiden`.
        now: the time, with its zone.
        every_s: do nothing when types were built less long ago; None does it at once.
        actor: who asked, for the audit.

    Returns:
        What came of it; None when it is not due or somebody else is at it.
    """
    with engine.begin() as connection:
        if not hold_building(connection):
            return None
        tried = last_built(connection)
        if every_s is not None and tried is not None and (now - tried).total_seconds() < every_s:
            return None
        judge = judge_version or newest_judge_version(connection)
        prompts = judged_prompts(connection, judge_version=judge or "", limit=_PROMPTS)
        active = active_version(connection)
        try:
            types, evidence = _built(connection, prompts, leiden)
        except EvidenceError as problem:
            _log.info("task types stay as they are", why=str(problem))
            if len(prompts) >= FEWEST_PAIRS:  # it took its time: not to be tried again at once
                _audit_kept(connection, actor, active, why=str(problem))
            return Rebuilt(active, changed=False, why=str(problem))
        refused = _refused(evidence)
        if refused:
            _log.info("task types stay as they are", why=refused)
            _audit_kept(connection, actor, active, why=refused, **_figures(evidence))
            return Rebuilt(active, changed=False, why=refused, evidence=evidence)
        _activate(connection, types, evidence, actor=actor)
    _log.info("task types are active", version=types.version, names=types.names)
    why = f"V {evidence.v:.2f} on held-out pairs, random groups {evidence.random:.2f}"
    return Rebuilt(types.version, changed=True, why=why, evidence=evidence)


def switch_off(*, engine: Engine, actor: str) -> bool:
    """Make no types active: every request is of type ``all`` again. False when none were."""
    with engine.begin() as connection:
        version = active_version(connection)
        gone = switch_types_off(connection)
        if gone:
            add_audit(connection, actor=actor, action="types.off", subject=f"task_types/{version}")
            withdraw_models(connection, actor=actor)
    return gone


def _built(
    connection: Connection, prompts: list[JudgedPrompt], leiden: Leiden | None
) -> tuple[TaskTypes, TypesEvidence]:
    """Types of these prompts as the next version; the active ones hand their names on."""
    stored = readable_types(connection)
    version = next_types_version(connection)
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
        previous=None if stored is None else stored[0],
        version=version,
        taken=names_ever_used(connection) | {ALL_TASKS, UNFAMILIAR},
        seed=version,
        leiden=leiden,
    )


def _activate(
    connection: Connection, types: TaskTypes, evidence: TypesEvidence, *, actor: str
) -> None:
    """Store types as the active ones, and withdraw models with offsets for those before."""
    add_audit(
        connection,
        actor=actor,
        action="types.rebuilt",
        subject=f"task_types/{types.version}",
        why="",
        **_figures(evidence),
    )
    add_types(
        connection,
        version=types.version,
        artefact=types.to_bytes(),
        names=list(types.names),
        evidence=asdict(evidence),
        mapping=evidence.mapping,
    )
    withdraw_models(connection, actor=actor)


def _audit_kept(
    connection: Connection, actor: str, active: int, *, why: str, **figures: object
) -> None:
    add_audit(
        connection,
        actor=actor,
        action="types.kept",
        subject=f"task_types/{active}",
        why=why,
        **figures,
    )


def _figures(evidence: TypesEvidence) -> dict[str, object]:
    """Of the types that were built, for the audit."""
    return {
        "method": evidence.method,
        "v": evidence.v,
        "v_before": evidence.before,
        "v_random": evidence.random,
        "prompts": evidence.prompts,
        "consistent": evidence.consistent,
    }


def _refused(evidence: TypesEvidence) -> str:
    """Why these types do not become active; empty when they are."""
    if not evidence.separates:
        return (
            f"their misroute rates differ no more than those of random groups do: V"
            f" {evidence.v:.2f} on held-out pairs, random groups up to {evidence.random_high:.2f}"
        )
    if evidence.before is not None and evidence.v < evidence.before + _GAIN:
        return (
            f"they tell misroute rates apart hardly better than the active types: V"
            f" {evidence.v:.2f} against {evidence.before:.2f} on the same pairs"
        )
    return ""
