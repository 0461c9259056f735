"""Incidents: alerts of one cause. The first alert is its head, and the others name it."""

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Connection, or_, update

from tierwatch.store.alerts import Alert, alert_of, alerts_query
from tierwatch.store.schema.proposals import AlertRow

# A flapping alert opens a few times a day; more than this in two days is no list for a person.
_MOST = 500


def alerts_since(connection: Connection, since: dt.datetime, *, without: int) -> list[Alert]:
    """Alerts that were opened or resolved since a moment, newest first, at most 500.

    Args:
        connection: to read with.
        since: the moment.
        without: id of the alert that asks.
    """
    found = connection.execute(
        alerts_query()
        .where(
            or_(AlertRow.opened_at >= since, AlertRow.resolved_at >= since),
            AlertRow.id != without,
        )
        .order_by(AlertRow.id.desc())
        .limit(_MOST)
    )
    return [alert_of(row) for row in found.mappings()]


def put_incident(
    connection: Connection, alert_id: int, *, began_at: dt.datetime, of: Collection[int]
) -> None:
    """Say when an alert's change began, and to whose incidents it belongs; those become one.

    Args:
        connection: in a transaction.
        alert_id: the alert.
        began_at: by estimate.
        of: heads of the incidents; none where it is the first of its own.
    """
    head = min([*of, alert_id])
    began = update(AlertRow).where(AlertRow.id == alert_id)
    connection.execute(began.values(began_at=began_at))
    joined = {*of, alert_id} - {head}
    if joined:
        connection.execute(
            update(AlertRow)
            .where(or_(AlertRow.id.in_(joined), AlertRow.incident.in_(joined)))
            .values(incident=head)
        )


def of_incident(connection: Connection, heads: Collection[int]) -> list[Alert]:
    """The alerts of incidents but for their heads, oldest first."""
    if not heads:
        return []
    found = connection.execute(
        alerts_query().where(AlertRow.incident.in_(heads)).order_by(AlertRow.id).limit(_MOST)
    )
    return [alert_of(row) for row in found.mappings()]
