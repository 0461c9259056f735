"""Alert: open -> acknowledged -> resolved, notified to every destination, one open a cause."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError
from tierwatch.store.alerts import (
    EVENT,
    Alert,
    Delivery,
    NewAlert,
    add_alert,
    load_alert,
    set_alert_state,
    set_delivered,
    unnotified_alerts,
    unresolved_alert,
)
from tierwatch.store.audit import add_audit
from tierwatch.store.judgements.monitors import forget_monitors
from tierwatch.store.traffic.rollups import counted_requests

# Which streams start anew when an alert of a kind is resolved.
_STREAMS: Final = {
    "judge_drift": "judge",
    "model_drift": "probe",
    "input_drift": "input",
    "capture": "capture",
}
# A misroute alert says that users get worse answers now; the second opinion only that it may be so.
_SEVERITY: Final = {"misroute": "critical", "relative": "info"}
_NEXT: Final = {"acknowledged": ("open",), "resolved": ("open", "acknowledged")}

# Sends one event of an alert to every destination; gives what became of each.
Deliver = Callable[[dict[str, object]], Sequence[Delivery]]


def open_alert(
    connection: Connection, new: NewAlert, *, opened_at_request: int | None = None
) -> int | None:
    """Open an alert unless one of the same cause is open; destinations are notified afterwards.

    ``opened_at_request`` is the newest request of its pairs; without pairs it is how many requests
    have been counted by now.
    """
    if unresolved_alert(connection, new.cause) is not None:
        return None
    if opened_at_request is None:
        opened_at_request = counted_requests(connection)
    alert_id = add_alert(connection, new, opened_at_request=opened_at_request)
    if alert_id is not None:
        add_audit(
            connection,
            actor="tierwatch",
            action="alert.opened",
            subject=f"alert/{alert_id}",
            kind=new.evidence.kind,
            segment=new.segment,
            summary=new.summary,
        )
    return alert_id


def acknowledge_alert(connection: Connection, alert_id: int, *, actor: str) -> None:
    """Say that somebody is at it.

    Raises:
        ConflictError: there is no such alert, or it is not open any more.
    """
    _move(connection, alert_id, "acknowledged", actor=actor)


def resolve_alert(connection: Connection, alert_id: int, *, actor: str) -> None:
    """Close it; the segment's monitors start anew, so that it can be raised again.

    Raises:
        ConflictError: there is no such alert, or it was resolved before.
    """
    alert = _move(connection, alert_id, "resolved", actor=actor)
    if alert.kind == "misroute":
        forget_monitors(connection, "misroute", tier=alert.tier, task_type=alert.task_type)
    elif alert.kind in _STREAMS:
        forget_monitors(connection, _STREAMS[alert.kind], tier=alert.tier)


def deliver_alerts(*, engine: Engine, deliver: Deliver) -> int:
    """Notify the destinations of every opening, acknowledgement and resolution, each once.

    The rows stay locked while they are sent, so two workers do not both notify. A destination that
    fails is written down with its reason.

    Args:
        engine: Postgres.
        deliver: sends one event.

    Returns:
        How many events were sent.
    """
    with engine.begin() as connection:
        alerts = unnotified_alerts(connection)
        for alert in alerts:
            event = event_of(alert)
            notified: Mapping[str, object] = {
                "type": event["type"],
                "deliveries": list(deliver(event)),
            }
            set_delivered(connection, alert.id, [*alert.delivered, notified])
    return len(alerts)


def event_of(alert: Alert) -> dict[str, object]:
    """What destinations are sent of an alert in its present state."""
    since = {
        "open": alert.opened_at,
        "acknowledged": alert.acknowledged_at or alert.opened_at,
        "resolved": alert.resolved_at or alert.opened_at,
    }[alert.state]
    return {
        "id": alert.id,
        "kind": alert.kind,
        "state": alert.state,
        "tier": alert.tier,
        "segment": alert.segment,
        "cause": alert.cause,
        "summary": alert.summary,
        "pairs": alert.pairs,
        "evidence": alert.evidence.to_json(),
        "type": EVENT[alert.state],
        "timestamp": since.isoformat(),
        "severity": _SEVERITY.get(alert.kind, "warning"),
        "opened_at": alert.opened_at.isoformat(),
        "opened_at_request": alert.opened_at_request,
    }


def _move(
    connection: Connection,
    alert_id: int,
    state: Literal["acknowledged", "resolved"],
    *,
    actor: str,
) -> Alert:
    alert = load_alert(connection, alert_id, lock=True)
    if alert is None:
        raise ConflictError(f"there is no alert {alert_id}")
    if alert.state not in _NEXT[state]:
        who = alert.resolved_by or alert.acknowledged_by
        raise ConflictError(f"alert {alert_id} is {alert.state} already, by {who}")
    set_alert_state(connection, alert_id, state, actor=actor)
    add_audit(connection, actor=actor, action=f"alert.{state}", subject=f"alert/{alert_id}")
    return alert
