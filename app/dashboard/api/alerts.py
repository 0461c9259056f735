"""Alerts: read, acknowledge, resolve."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import BEFORE, Route, one_of, there
from tierwatch.dashboard.arguments import ID, before_number, choice
from tierwatch.dashboard.site import this_person
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.store.pages.alerts import Alert, alert, alerts
from tierwatch.store.pages.lines import PAGE


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts, newest first; ``before`` asks for the next page, null on the last."""

    alerts: list[Alert]
    before: int | None


def _alerts(connection: Connection) -> Alerts:
    unresolved = choice("state", ("unresolved", "all")) == "unresolved"
    found = alerts(connection, unresolved=unresolved, before=before_number())
    return Alerts(found, found[-1].id if len(found) == PAGE else None)


def _alert(connection: Connection, alert_id: int) -> Alert:
    return there(alert(connection, alert_id))


def _acknowledge(connection: Connection, alert_id: int) -> Alert:
    _alert(connection, alert_id)
    acknowledge_alert(connection, alert_id, actor=this_person().name)
    return _alert(connection, alert_id)


def _resolve(connection: Connection, alert_id: int) -> Alert:
    _alert(connection, alert_id)
    resolve_alert(connection, alert_id, actor=this_person().name)
    return _alert(connection, alert_id)


ROUTES = (
    Route(
        "GET",
        "/alerts",
        "Alerts, newest first.",
        Alerts,
        _alerts,
        query={**BEFORE, "state": one_of("Which; all by default.", "unresolved", "all")},
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
        "Close an alert; its monitors start again from nothing.",
        Alert,
        _resolve,
        role="reviewer",
    ),
)
