"""Assign: say whose an alert is, so that two people do not work on it, or none."""

from sqlalchemy import Connection

from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.alerts import load_alert
from tierwatch.store.audit import add_audit
from tierwatch.store.incidents.assignments import assignable, put_assignment


def assign_alert(connection: Connection, alert_id: int, *, to: str, actor: str) -> None:
    """Make an alert somebody's; nobody's where ``to`` is empty.

    Raises:
        UsageError: ``to`` is no user who may work on alerts.
        ConflictError: there is no such alert, or it is resolved.
    """
    alert = load_alert(connection, alert_id, lock=True)
    if alert is None:
        raise ConflictError(f"there is no alert {alert_id}")
    if alert.state == "resolved":
        raise ConflictError(f"alert {alert_id} is resolved already, by {alert.resolved_by}")
    people = assignable(connection)
    if to and to not in people:
        known = ", ".join(people) or "none: add a user with the role reviewer"
        raise UsageError(f"to: found {to[:100]!r}; accepted: {known}")
    if (alert.assigned_to or "") == to:
        return
    put_assignment(connection, alert_id, to=to or None, actor=actor)
    add_audit(
        connection,
        actor=actor,
        action="alert.assigned" if to else "alert.unassigned",
        subject=f"alert/{alert_id}",
        **({"to": to} if to else {}),
        **({"before": alert.assigned_to} if alert.assigned_to else {}),
    )
