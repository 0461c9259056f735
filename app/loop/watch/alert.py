"""Alert: open -> acknowledged -> resolved, one open a cause; every move writes its event.

`loop.notify` sends the events; nothing here waits for a receiver.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final, Literal

from sqlalchemy import Connection, func, select

from tierwatch.errors import ConflictError
from tierwatch.evaluation.evidence.drift_evidence import InputDriftEvidence
from tierwatch.loop.decide.approve import require_reason
from tierwatch.loop.watch.incidents.join import join_incident
from tierwatch.loop.watch.incidents.reasons import resolution_of
from tierwatch.store.alerts import (
    EVENT,
    Alert,
    NewAlert,
    add_alert,
    alerts_to_repeat,
    load_alert,
    put_silence,
    set_alert_state,
    unnotified_alerts,
    unresolved_alert,
)
from tierwatch.store.audit import add_audit
from tierwatch.store.judgements.monitors import forget_monitors
from tierwatch.store.outbox.events import RENOTIFIED, add_event
from tierwatch.store.traffic.rollups import counted_requests

# Which streams start anew when an alert of a kind is resolved.
_STREAMS: Final = {
    "judge_drift": ("judge",),
    "judge_orders": ("orders",),
    "model_drift": ("probe",),
    "input_drift": ("input", "input_hour"),
    "capture": ("capture",),
}
# A misroute alert says that users get worse answers now than is tolerated, a past alert only that
# something is not as it was; where data has stopped, or the judge may not be believed, nobody would
# notice the former.
_SEVERITY: Final = {
    "misroute": "critical",
    "no_data": "critical",
    "not_trusted": "critical",
    "relative": "info",
}
_NEXT: Final = {"acknowledged": ("open",), "resolved": ("open", "acknowledged")}


def open_alert(
    connection: Connection, new: NewAlert, *, opened_at_request: int | None = None
) -> int | None:
    """Open an alert unless one of the same cause is open, and write the event that notifies of it.

    ``opened_at_request`` is the newest request of its pairs; without pairs it is how many requests
    have been counted by now.
    """
    if unresolved_alert(connection, new.cause) is not None:
        return None
    if opened_at_request is None:
        opened_at_request = counted_requests(connection)
    alert_id = add_alert(connection, new, opened_at_request=opened_at_request)
    opened = None if alert_id is None else load_alert(connection, alert_id)
    if alert_id is not None and opened is not None:
        head = join_incident(connection, opened)
        add_audit(
            connection,
            actor="tierwatch",
            action="alert.opened",
            subject=f"alert/{alert_id}",
            kind=new.evidence.kind,
            segment=new.segment,
            summary=new.summary,
            **({} if head == alert_id else {"incident": head}),
        )
        _add_event(connection, alert_id)
    return alert_id


def acknowledge_alert(connection: Connection, alert_id: int, *, actor: str) -> None:
    """Say that somebody is at it.

    Raises:
        ConflictError: there is no such alert, or it is not open any more.
    """
    _move(connection, alert_id, "acknowledged", actor=actor)


def resolve_alert(
    connection: Connection,
    alert_id: int,
    *,
    actor: str,
    resolution: Mapping[str, object] | None = None,
    forget: bool = True,
) -> None:
    """Close it; the segment's monitors start anew, so that it can be raised again.

    Without ``forget`` they go on: what they watched is as it was before. ``resolution`` says
    ``why``, with figures, where no person did it.

    Raises:
        ConflictError: there is no such alert, or it was resolved before.
    """
    alert = _move(connection, alert_id, "resolved", actor=actor, resolution=resolution)
    if alert.kind == "misroute":
        forget_monitors(connection, "misroute", tier=alert.tier, task_type=alert.task_type)
    elif alert.kind in _STREAMS and forget and not _goes_on(alert):
        for kind in _STREAMS[alert.kind]:
            forget_monitors(connection, kind, tier=alert.tier)


def _goes_on(alert: Alert) -> bool:
    """Whether its stream goes on gathering: of the weeks that it is to know, it knows a part."""
    return isinstance(alert.evidence, InputDriftEvidence) and not alert.evidence.by_hour


def resolve_by_hand(
    connection: Connection, alert_id: int, *, actor: str, why: str, reason: str = ""
) -> None:
    """Close it because a person says why; the next one of its cause is linked to this one.

    ``reason`` is one of `reasons.REASONS`, for the record of its kind.

    Raises:
        UsageError: no reason given, or one that is not accepted.
        ConflictError: there is no such alert, or it was resolved before.
    """
    resolve_alert(connection, alert_id, actor=actor, resolution=resolution_of(reason, why))


def silence_alert(
    connection: Connection, alert_id: int, *, until: dt.datetime, actor: str, why: str
) -> None:
    """Notify nobody again that it is still open before a moment; what it becomes is still said.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such alert, or it is resolved.
    """
    require_reason(why)
    alert = load_alert(connection, alert_id, lock=True)
    if alert is None:
        raise ConflictError(f"there is no alert {alert_id}")
    if alert.state == "resolved":
        raise ConflictError(f"alert {alert_id} is resolved already, by {alert.resolved_by}")
    put_silence(connection, alert_id, until=until, actor=actor)
    add_audit(
        connection,
        actor=actor,
        action="alert.silenced",
        subject=f"alert/{alert_id}",
        why=why.strip(),
        until=until.isoformat(),
    )


def renotify_alerts(connection: Connection, *, every_s: float) -> int:
    """Notify again of alerts that are open and that nobody has acknowledged; how many they were.

    Args:
        connection: in a transaction.
        every_s: seconds since people were last notified of one.
    """
    found = alerts_to_repeat(connection, every_s)
    now = connection.execute(select(func.now())).scalar_one()
    for alert in found:
        again = {"type": RENOTIFIED, "timestamp": now.isoformat()}
        add_event(connection, alert.id, event_of(alert) | again)
    return len(found)


def add_missing_events(connection: Connection) -> None:
    """Write the events that a version of tierwatch without an outbox has left to be notified."""
    for alert in unnotified_alerts(connection):
        add_event(connection, alert.id, event_of(alert))


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
        "severity": _severity(alert),
        "opened_at": alert.opened_at.isoformat(),
        "opened_at_request": alert.opened_at_request,
        "acknowledged_by": alert.acknowledged_by,
        "resolved_by": alert.resolved_by,
        "resolution": alert.resolution,
    }


def _severity(alert: Alert) -> str:
    # Before two weeks are known an input alarm may be nothing but the time of day.
    if isinstance(alert.evidence, InputDriftEvidence) and not alert.evidence.by_hour:
        return "info"
    return _SEVERITY.get(alert.kind, "warning")


def _move(
    connection: Connection,
    alert_id: int,
    state: Literal["acknowledged", "resolved"],
    *,
    actor: str,
    resolution: Mapping[str, object] | None = None,
) -> Alert:
    alert = load_alert(connection, alert_id, lock=True)
    if alert is None:
        raise ConflictError(f"there is no alert {alert_id}")
    if alert.state not in _NEXT[state]:
        who = alert.resolved_by or alert.acknowledged_by
        raise ConflictError(f"alert {alert_id} is {alert.state} already, by {who}")
    set_alert_state(connection, alert_id, state, actor=actor, resolution=resolution)
    add_audit(
        connection,
        actor=actor,
        action=f"alert.{state}",
        subject=f"alert/{alert_id}",
        **(resolution or {}),
    )
    _add_event(connection, alert_id)
    return alert


def _add_event(connection: Connection, alert_id: int) -> None:
    """Write the event of an alert's present state."""
    alert = load_alert(connection, alert_id)
    if alert is not None:
        add_event(connection, alert_id, event_of(alert))
