"""Alert: open -> acknowledged -> resolved, told to every destination, one open a cause."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError
from tierwatch.store.alerts import (
    EVENT,
    add_alert,
    load_alert,
    set_alert_state,
    set_delivered,
    unresolved_alert,
    untold_alerts,
)
from tierwatch.store.audit import add_audit
from tierwatch.store.evidence.monitors import forget_monitors
from tierwatch.store.traffic.rollups import counted_requests

# Which streams start anew when an alert of a kind is resolved.
_STREAMS = {
    "judge_drift": "judge",
    "model_drift": "probe",
    "input_drift": "input",
    "capture": "capture",
}
# A misroute alert says that users get worse answers now; the second opinion only that it may be so.
_SEVERITY = {"misroute": "critical", "relative": "info"}
_NEXT = {"acknowledged": ("open",), "resolved": ("open", "acknowledged")}


def open_alert(
    connection: Connection, *, opened_at_request: int | None = None, **columns: Any
) -> int | None:
    """Open an alert unless one of the same cause is open; destinations are told afterwards.

    ``opened_at_request`` is the newest request of its pairs; without pairs it is how many requests
    have been counted by now.
    """
    if unresolved_alert(connection, columns["cause"]) is not None:
        return None
    if opened_at_request is None:
        opened_at_request = counted_requests(connection)
    alert_id = add_alert(connection, opened_at_request=opened_at_request, **columns)
    if alert_id is not None:
        add_audit(
            connection,
            actor="tierwatch",
            action="alert.opened",
            subject=f"alert/{alert_id}",
            kind=columns["kind"],
            segment=columns["segment"],
            summary=columns["summary"],
        )
    return alert_id


def acknowledge_alert(connection: Connection, alert_id: int, *, actor: str) -> None:
    """Say that somebody looks at it.

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
        _, _, task_type = alert.segment.partition("/")
        forget_monitors(connection, "misroute", tier=alert.tier, task_type=task_type)
    elif alert.kind in _STREAMS:
        forget_monitors(connection, _STREAMS[alert.kind], tier=alert.tier)


def deliver_alerts(
    *, engine: Engine, deliver: Callable[[dict[str, Any]], Sequence[dict[str, Any]]]
) -> int:
    """Tell the destinations of every opening, acknowledgement and resolution, each once.

    The rows stay locked while they are sent, so two workers do not both tell. A destination that
    fails is written down with its reason.

    Args:
        engine: Postgres.
        deliver: sends one event of an alert to every destination; returns what became of each.

    Returns:
        How many events were sent.
    """
    with engine.begin() as connection:
        alerts = untold_alerts(connection)
        for alert in alerts:
            event = _event(alert)
            told = {"type": event["type"], "deliveries": list(deliver(event))}
            set_delivered(connection, alert.id, [*alert.delivered, told])
    return len(alerts)


def _event(alert: Any) -> dict[str, Any]:
    when = {
        "open": alert.opened_at,
        "acknowledged": alert.acknowledged_at,
        "resolved": alert.resolved_at,
    }[alert.state]
    columns = ("id", "kind", "state", "tier", "segment", "cause", "summary", "pairs", "evidence")
    return {
        **{name: getattr(alert, name) for name in columns},
        "type": EVENT[alert.state],
        "timestamp": when.isoformat(),
        "severity": _SEVERITY.get(alert.kind, "warning"),
        "opened_at": alert.opened_at.isoformat(),
        "opened_at_request": alert.opened_at_request,
    }


def _move(connection: Connection, alert_id: int, state: str, *, actor: str) -> Any:
    alert = load_alert(connection, alert_id, lock=True)
    if alert is None:
        raise ConflictError(f"there is no alert {alert_id}")
    if alert.state not in _NEXT[state]:
        who = alert.resolved_by or alert.acknowledged_by
        raise ConflictError(f"alert {alert_id} is {alert.state} already, by {who}")
    set_alert_state(connection, alert_id, state, actor=actor)
    add_audit(connection, actor=actor, action=f"alert.{state}", subject=f"alert/{alert_id}")
    return alert
