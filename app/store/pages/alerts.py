"""Alerts, as their pages show them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tierwatch.store.pages.lines import PAGE, rows
from tierwatch.store.schema.proposals import AlertRow


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert with its evidence (`loop.watch.observe` says what the evidence of a kind holds)."""

    id: int
    kind: str
    cause: str
    tier: str
    segment: str
    state: str
    summary: str
    pairs: int
    opened_at_request: int
    evidence: dict[str, Any]
    attribution: dict[str, Any] | None
    attribution_until: dt.datetime | None
    opened_at: dt.datetime
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    resolved_at: dt.datetime | None
    resolved_by: str | None
    delivered: list[Any]


def alerts(
    connection: Connection, *, unresolved: bool = False, before: int | None = None
) -> list[Alert]:
    """Alerts, newest first; with ``unresolved`` only the open and acknowledged ones."""
    query = select(*AlertRow.__table__.columns).order_by(AlertRow.id.desc()).limit(PAGE)
    if unresolved:
        query = query.where(AlertRow.state != "resolved")
    if before is not None:
        query = query.where(AlertRow.id < before)
    return [Alert(**row) for row in rows(connection, query)]


def alert(connection: Connection, alert_id: int) -> Alert | None:
    """One alert, or None."""
    query = select(*AlertRow.__table__.columns).where(AlertRow.id == alert_id)
    return next((Alert(**row) for row in rows(connection, query)), None)
