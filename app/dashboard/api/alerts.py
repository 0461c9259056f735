"""Alerts: read, acknowledge, assign, resolve."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask import abort
from sqlalchemy import Connection

from tierwatch.dashboard.api.route import (
    BEFORE,
    Route,
    one_of,
    optional_reason,
    optional_text,
    range_query,
    sent,
    there,
    unreadable,
)
from tierwatch.dashboard.arguments import ID
from tierwatch.dashboard.forms.alert_filter import asked_alerts
from tierwatch.dashboard.site import this_moment, this_person
from tierwatch.dashboard.time_range import ALL
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert, resolve_by_hand
from tierwatch.loop.watch.incidents.assign import assign_alert
from tierwatch.loop.watch.incidents.reasons import FALSE_ALARM
from tierwatch.store import alerts as stored
from tierwatch.store.alerts import load_alert
from tierwatch.store.documents import JsonList, JsonValue
from tierwatch.store.incidents.incidents import of_incident
from tierwatch.store.incidents.listed import KINDS, STATES, filtered_alerts
from tierwatch.store.incidents.record import record_of
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.notifications import DeliveryLine, alert_deliveries


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. What this version cannot read is given as stored; ``unreadable`` says why.

    Attributes:
        evidence: what it rests on, by its kind.
        attribution: what it is attributed to; null until it is known.
        resolution: why it was resolved, with the figures where tierwatch did it by itself, and with
            a ``reason`` from the list where a person chose one.
        silenced_until: until then nobody is notified again that it is open.
        began_at: when the change began, by estimate; null of alerts of earlier versions.
        incident: the first alert of its incident; its own id where it is that one.
        assigned_to: whose it is; null for nobody's.
        delivered: events that people were notified of, each with what became of it at each
            destination: ``ok``, ``state`` (waiting, delivered, failed), ``tries`` and ``detail``.
        unreadable: name of the document -> why this version cannot read it; empty as a rule.
    """

    id: int
    kind: str
    cause: str
    tier: str
    segment: str
    state: str
    summary: str
    pairs: int
    opened_at_request: int
    evidence: JsonValue
    attribution: JsonValue
    attribution_until: dt.datetime | None
    opened_at: dt.datetime
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    resolved_at: dt.datetime | None
    resolved_by: str | None
    resolution: JsonValue
    silenced_until: dt.datetime | None
    silenced_by: str | None
    began_at: dt.datetime | None
    incident: int
    assigned_to: str | None
    assigned_by: str | None
    assigned_at: dt.datetime | None
    delivered: JsonList
    unreadable: dict[str, str]


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts, newest first; ``before`` asks for the next page, null on the last."""

    alerts: list[Alert]
    before: int | None


@dataclass(frozen=True, slots=True)
class Assignee:
    """Whose an alert is to be: a user who may work on it; nobody's where it is empty."""

    to: str


@dataclass(frozen=True, slots=True)
class KindRecord:
    """How the last alerts of a kind ended, at most 20, by the reason; see `REASONS`."""

    kind: str
    resolved: int
    false_alarms: int
    by_reason: dict[str, int]


def _alerts(connection: Connection) -> Alerts:
    asked = asked_alerts(me=this_person().name, now=this_moment())
    if asked.every_problem:
        abort(400, asked.every_problem[0])
    found = filtered_alerts(connection, asked.wanted, before=asked.before)
    lines = alert_deliveries(connection, [one.id for one in found])
    return Alerts(
        [_sent(one, lines) for one in found], found[-1].id if len(found) == PAGE else None
    )


def _incident(connection: Connection, alert_id: int) -> Alerts:
    head = there(load_alert(connection, there(load_alert(connection, alert_id)).head))
    found = [head, *of_incident(connection, [head.id])]
    lines = alert_deliveries(connection, [one.id for one in found])
    return Alerts([_sent(one, lines) for one in found], None)


def _record(connection: Connection, alert_id: int) -> KindRecord:
    alert = there(load_alert(connection, alert_id))
    record = record_of(connection, alert.kind, without=alert.id)
    false_alarms = record.by_reason.get(FALSE_ALARM, 0)
    return KindRecord(alert.kind, record.resolved, false_alarms, dict(record.by_reason))


def _assign(connection: Connection, alert_id: int) -> Alert:
    _alert(connection, alert_id)
    assign_alert(connection, alert_id, to=sent(Assignee).to, actor=this_person().name)
    return _alert(connection, alert_id)


def _alert(connection: Connection, alert_id: int) -> Alert:
    found = there(load_alert(connection, alert_id))
    return _sent(found, alert_deliveries(connection, [alert_id]))


def _acknowledge(connection: Connection, alert_id: int) -> Alert:
    _alert(connection, alert_id)
    acknowledge_alert(connection, alert_id, actor=this_person().name)
    return _alert(connection, alert_id)


def _resolve(connection: Connection, alert_id: int) -> Alert:
    _alert(connection, alert_id)
    # A reason was not asked of programs in earlier versions, so it is not demanded of them now.
    why, reason = optional_reason(), optional_text("reason")
    if why.strip() or reason:
        actor = this_person().name
        resolve_by_hand(connection, alert_id, actor=actor, why=why, reason=reason)
    else:
        resolve_alert(connection, alert_id, actor=this_person().name)
    return _alert(connection, alert_id)


def _sent(found: stored.Alert, lines: Iterable[DeliveryLine]) -> Alert:
    evidence, attribution = found.evidence, found.attribution
    return Alert(
        id=found.id,
        kind=found.kind,
        cause=found.cause,
        tier=found.tier,
        segment=found.segment,
        state=found.state,
        summary=found.summary,
        pairs=found.pairs,
        opened_at_request=found.opened_at_request,
        evidence=evidence.to_json(),
        attribution=None if attribution is None else attribution.to_json(),
        attribution_until=found.attribution_until,
        opened_at=found.opened_at,
        acknowledged_at=found.acknowledged_at,
        acknowledged_by=found.acknowledged_by,
        resolved_at=found.resolved_at,
        resolved_by=found.resolved_by,
        resolution=None if found.resolution is None else dict(found.resolution),
        silenced_until=found.silenced_until,
        silenced_by=found.silenced_by,
        began_at=found.began_at,
        incident=found.head,
        assigned_to=found.assigned_to,
        assigned_by=found.assigned_by,
        assigned_at=found.assigned_at,
        delivered=[*found.delivered, *_events(line for line in lines if line.alert_id == found.id)],
        unreadable=unreadable(evidence=evidence, attribution=attribution),
    )


def _events(lines: Iterable[DeliveryLine]) -> list[JsonValue]:
    """Deliveries by their event, in its order."""
    by_event: dict[str, list[DeliveryLine]] = {}
    for line in lines:
        by_event.setdefault(line.event_id, []).append(line)
    return [
        {
            "id": event_id,
            "type": of_event[0].event,
            "at": of_event[0].at.isoformat(),
            "deliveries": [
                {
                    "destination": line.destination,
                    "ok": line.state == "delivered",
                    "detail": line.answer,
                    "state": line.state,
                    "tries": line.tries,
                    "last_try_at": line.last_try_at and line.last_try_at.isoformat(),
                    "next_try_at": line.next_try_at and line.next_try_at.isoformat(),
                }
                for line in of_event
            ],
        }
        for event_id, of_event in by_event.items()
    ]


ROUTES = (
    Route(
        "GET",
        "/alerts",
        "Alerts, newest first.",
        Alerts,
        _alerts,
        query={
            **BEFORE,
            "state": one_of("Which alerts; all by default.", *STATES, "all"),
            "kind": one_of("Of this kind.", *KINDS, "all"),
            "tier": ({"type": "string"}, "About this tier."),
            "assignee": ({"type": "string"}, "A user's name, or `nobody`."),
            **range_query("Opened then or later", "Opened before then", usual=ALL),
        },
    ),
    Route("GET", f"/alerts/<{ID}:alert_id>", "One alert.", Alert, _alert),
    Route(
        "GET",
        f"/alerts/<{ID}:alert_id>/incident",
        "The alerts of an alert's incident, oldest first.",
        Alerts,
        _incident,
    ),
    Route(
        "GET",
        f"/alerts/<{ID}:alert_id>/record",
        "How the last alerts of this kind ended: the record of false alarms.",
        KindRecord,
        _record,
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/assign",
        "Say whose an alert is.",
        Alert,
        _assign,
        role="reviewer",
        body=Assignee,
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/acknowledge",
        "Say that somebody is working on an alert.",
        Alert,
        _acknowledge,
        role="reviewer",
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/resolve",
        "Close an alert, with `why` and a `reason` of the list if the body has them; its monitors"
        " start over.",
        Alert,
        _resolve,
        role="reviewer",
    ),
)
