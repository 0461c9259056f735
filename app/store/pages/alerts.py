"""Alerts, as their pages list them."""

from sqlalchemy import Connection

from tierwatch.store.alerts import Alert, alert_of, alerts_query
from tierwatch.store.pages.lines import PAGE
from tierwatch.store.schema.proposals import AlertRow


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
