"""Alerts, proposals, policies and the audit, as their pages list them."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.store.alerts import Alert, alert_of, alerts_query
from tierwatch.store.documents import Json
from tierwatch.store.proposals import UNDECIDED, Proposal, proposal_of, proposals_query
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow
from tierwatch.store.schema.proposals import AlertRow, ProposalRow
from tierwatch.store.schema.values import select_fields

PAGE: Final = 50


def alerts(
    connection: Connection, *, unresolved: bool = False, before: int | None = None
) -> list[Alert]:
    """Alerts, newest first; with ``unresolved`` only the open and acknowledged ones."""
    query = alerts_query().order_by(AlertRow.id.desc()).limit(PAGE)
    if unresolved:
        query = query.where(AlertRow.state != "resolved")
    if before is not None:
        query = query.where(AlertRow.id < before)
    return [alert_of(row) for row in connection.execute(query).mappings()]


def proposals(
    connection: Connection,
    *,
    undecided: bool = False,
    alert_id: int | None = None,
    before: int | None = None,
) -> list[Proposal]:
    """Proposals, newest first; ``undecided`` leaves open, approved and rolling ones."""
    query = proposals_query().order_by(ProposalRow.id.desc()).limit(PAGE)
    if undecided:
        query = query.where(ProposalRow.state.in_(UNDECIDED))
    if alert_id is not None:
        query = query.where(ProposalRow.alert_id == alert_id)
    if before is not None:
        query = query.where(ProposalRow.id < before)
    return [proposal_of(row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One version of the thresholds; ``drained`` has the tiers that it sends up, by task type.

    ``models`` are those that serve tiers in place of the file's. ``base_version`` is the policy
    that it changes; None of the first one, and of those made before this was written down.
    """

    version: int
    thresholds: dict[str, float]
    by_task: dict[str, dict[str, float]]
    classifier: int
    promised: dict[str, float]
    promised_for: float | None
    drained: dict[str, list[str]]
    models: Json
    base_version: int | None
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


def policies_at(connection: Connection, versions: Collection[int]) -> dict[int, PolicyLine]:
    """These policy versions, as far as they are stored."""
    if not versions:
        return {}
    query = select_fields(PolicyLine, PolicyRow).where(PolicyRow.version.in_(versions))
    return {line.version: line for line in (PolicyLine(*row) for row in connection.execute(query))}


def policy(connection: Connection, version: int) -> PolicyLine | None:
    """One policy version, or None."""
    query = select_fields(PolicyLine, PolicyRow).where(PolicyRow.version == version)
    row = connection.execute(query).one_or_none()
    return None if row is None else PolicyLine(*row)


def in_force(connection: Connection) -> InForce | None:
    """What gateways run now; None before the first policy was stored."""
    row = connection.execute(select_fields(InForce, ActivePolicyRow)).one_or_none()
    return None if row is None else InForce(*row)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what, and why."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: Json


def audit_lines(
    connection: Connection, *, before: int | None = None, subject: str | None = None
) -> list[AuditLine]:
    """The audit, newest first; with ``subject`` only what was done to it."""
    query = select_fields(AuditLine, AuditRow).order_by(AuditRow.id.desc()).limit(PAGE)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return [AuditLine(*row) for row in connection.execute(query)]
