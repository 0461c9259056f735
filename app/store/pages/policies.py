"""Policies, as their page and that of a rollout show them."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.store.pages.lines import PAGE
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow
from tierwatch.store.schema.values import select_fields


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
    query = select_fields(PolicyLine, PolicyRow).order_by(PolicyRow.version.desc()).limit(PAGE)
    if before is not None:
        query = query.where(PolicyRow.version < before)
    return [PolicyLine(*row) for row in connection.execute(query)]


def policy(connection: Connection, version: int) -> PolicyLine | None:
    """One policy version, or None."""
    query = select_fields(PolicyLine, PolicyRow).where(PolicyRow.version == version)
    row = connection.execute(query).one_or_none()
    return None if row is None else PolicyLine(*row)


def in_force(connection: Connection) -> InForce | None:
    """What gateways run now; None before the first policy was stored."""
    row = connection.execute(select_fields(InForce, ActivePolicyRow)).one_or_none()
    return None if row is None else InForce(*row)
