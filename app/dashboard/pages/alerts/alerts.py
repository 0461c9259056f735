"""The list of alerts."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.dashboard.arguments import before_number
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_site
from tierwatch.store.alerts import Alert
from tierwatch.store.pages.lists import PAGE, alerts

routes = Blueprint("alerts", __name__)


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """Alerts, newest first; ``before`` leads to older ones."""

    template: ClassVar[str] = "alerts.html"

    alerts: tuple[Alert, ...]
    before: int | None


@routes.get("/alerts")
def show() -> str:
    """Alerts, newest first."""
    with this_site().engine.connect() as connection:
        page = alerts_page(connection, before_number())
    return render(page)


def alerts_page(connection: Connection, before: int | None) -> AlertsPage:
    """Fill a page of alerts."""
    found = tuple(alerts(connection, before=before))
    return AlertsPage(alerts=found, before=found[-1].id if len(found) == PAGE else None)
