"""Policies, as their page and that of a rollout show them."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, select

from tierwatch.store.pages.lines import PAGE, rows
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One version of the thresholds."""

    version: int
    thresholds: dict[str, float]
    by_task: dict[str, dict[str, float]]
    classifier: int
    promised: dict[str, float]
    promised_for: float | None
    author: str
    reason: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class InForce:
    """Which policy serves everybody, and which one is being rolled out to a share."""

    stable_version: int
    candidate_version: int | None
    share: float
    changed_at: dt.datetime


def policies(connection: Connection, *, before: int | None = None) -> list[PolicyLine]:
    """Policy versions, newest first."""
    query = select(*PolicyRow.__table__.columns).order_by(PolicyRow.version.desc()).limit(PAGE)
    if before is not None:
        query = query.where(PolicyRow.version < before)
    return [PolicyLine(**row) for row in rows(connection, query)]


def policy(connection: Connection, version: int) -> PolicyLine | None:
    """One policy version, or None."""
    query = select(*PolicyRow.__table__.columns).where(PolicyRow.version == version)
    return next((PolicyLine(**row) for row in rows(connection, query)), None)


def in_force(connection: Connection) -> InForce | None:
    """What gateways run now; None before the first policy was stored."""
    query = select(
        ActivePolicyRow.stable_version,
        ActivePolicyRow.candidate_version,
        ActivePolicyRow.share,
        ActivePolicyRow.changed_at,
    )
    return next((InForce(**row) for row in rows(connection, query)), None)
