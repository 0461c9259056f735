"""Alerts: read, acknowledge, resolve."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Route, one_of, optional_reason, there, unreadable
from tierwatch.dashboard.arguments import ID, before_number, wants
from tierwatch.dashboard.site import this_person
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert, resolve_by_hand
from tierwatch.store import alerts as stored
from tierwatch.store.alerts import load_alert
from tierwatch.store.documents import JsonList, JsonValue
from tierwatch.store.pages.lists import PAGE, alerts
from tierwatch.store.pages.notifications import DeliveryLine, alert_deliveries


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. What this version cannot read is given as stored; ``unreadable`` says why.

    Attributes:
        evidence: what it rests on, by its kind.
        attribution: what it is attributed to; null until it is known.
        resolution: why it was resolved, with the figures where tierwatch did it by itself.
        silenced_until: until then nobody is notified again that it is open.
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
    delivered: JsonList
    unreadable: dict[str, str]


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts, newest first; ``before`` asks for the next page, null on the last."""

    alerts: list[Alert]
    before: int | None


def _alerts(connection: Connection) -> Alerts:
    unresolved = wants("unresolved")
    found = alerts(connection, unresolved=unresolved, before=before_number())
    lines = alert_deliveries(connection, [one.id for one in found])
    return Alerts(
        [_sent(one, lines) for one in found], found[-1].id if len(found) == PAGE else None
    )


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
    why = optional_reason()
    if why.strip():
        resolve_by_hand(connection, alert_id, actor=this_person().name, why=why)
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
        query={**BEFORE, "state": one_of("Which alerts; all by default.", "unresolved", "all")},
    ),
    Route("GET", f"/alerts/<{ID}:alert_id>", "One alert.", Alert, _alert),
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
        "Close an alert, with a reason if the body has one; its monitors start over.",
        Alert,
        _resolve,
        role="reviewer",
    ),
)
