"""Stored alerts, proposals and outcomes as values, for tests that need no database."""

import datetime as dt
import uuid
from typing import Any

from factories import evidence as stored
from factories.rows import JUDGE, NOW
from sqlalchemy import Connection, text

from tierwatch.evaluation.evidence.alert_evidence import read_alert_evidence
from tierwatch.evaluation.evidence.proposal_evidence import (
    read_prediction,
    read_proposal_evidence,
)
from tierwatch.store.alerts import Alert
from tierwatch.store.judgements.outcomes import Outcome
from tierwatch.store.proposals import Proposal


def proposal(kind: str = "threshold", **changes: Any) -> Proposal:
    """An open proposal of ``simple``; ``evidence`` and ``predicted`` are JSON as it is stored."""
    columns = {
        "id": 7,
        "artefact_id": None if kind == "threshold" else 1,
        "tier": "simple",
        "task_type": "all",
        "from_threshold": 0.7,
        "to_threshold": 0.8,
        "direction": "raise",
        "certified": True,
        "state": "open",
        "base_version": 1,
        "candidate_version": None,
        "alert_id": None,
        "pairs": 400,
        "proposed_by": "tierwatch",
        "proposed_why": None,
        "created_at": NOW,
        "expires_at": NOW + dt.timedelta(days=7),
        "decided_at": None,
        "decided_by": None,
        "decided_why": None,
        "ended_at": None,
        "ended_why": None,
    }
    usual = stored.threshold() if kind == "threshold" else stored.model()
    evidence = read_proposal_evidence(kind, changes.pop("evidence", usual))
    predicted = read_prediction(changes.pop("predicted", stored.predicted()))
    return Proposal(
        **(columns | {"kind": kind, "evidence": evidence, "predicted": predicted} | changes)
    )


def alert(kind: str = "misroute", **changes: Any) -> Alert:
    """An open alert about ``simple``; ``evidence`` is JSON as it is stored."""
    columns = {
        "id": 3,
        "kind": kind,
        "cause": f"{kind}:simple:all",
        "tier": "simple",
        "segment": "simple/all",
        "state": "open",
        "summary": "Answers of tier simple are worse.",
        "pairs": 40,
        "opened_at_request": 900,
        "attribution": None,
        "attribution_until": None,
        "opened_at": NOW,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "resolved_by": None,
        "resolution": None,
        "delivered": [],
    }
    evidence = read_alert_evidence(kind, changes.pop("evidence", stored.ALERTS[kind]()))
    return Alert(**(columns | {"evidence": evidence} | changes))


def outcome(number: int, loss: float = 0.0, **changes: Any) -> Outcome:
    """An outcome of ``simple`` that the monitors have taken, by its number."""
    columns = {
        "id": number,
        "exchange_id": uuid.UUID(int=number),
        "judge_version": JUDGE,
        "session": f"session {number}",
        "request_no": number,
        "tier": "simple",
        "task_type": "all",
        "direction": "up",
        "stream": f"simple|all|p1|simple-1|{JUDGE}",
        "policy_version": 1,
        "confidence": 0.9,
        "weight": 1.0,
        "density": 1.0,
        "tier_density": 1.0,
        "loss": loss,
        "basis": "pairwise",
        "observation": number,
    }
    return Outcome(**(columns | changes))


def active(connection: Connection) -> tuple[Any, ...]:
    """Stable version, candidate version and share of what is active."""
    query = text("select stable_version, candidate_version, share from active_policy")
    return tuple(connection.execute(query).one())


def audit(connection: Connection) -> list[tuple[Any, ...]]:
    """Who did what to what, oldest first."""
    query = text("select actor, action, subject from audit order by id")
    return [tuple(row) for row in connection.execute(query)]
