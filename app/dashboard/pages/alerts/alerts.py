"""The list of alerts by incident, and whether they reach people."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import sentence
from tierwatch.dashboard.forms.alert_filter import AskedAlerts, asked_alerts
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.dashboard.time_range import ALL
from tierwatch.errors import UsageError
from tierwatch.loop.notify.trial import Trial, add_test_audit
from tierwatch.store.alerts import Alert
from tierwatch.store.incidents.assignments import assignable
from tierwatch.store.incidents.incidents import of_incident
from tierwatch.store.incidents.listed import (
    KINDS,
    STATES,
    incident_heads,
    most_affected,
    requests_of,
    tiers_of_alerts,
)
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.notifications import DestinationLine, destination_lines

routes = Blueprint("alerts", __name__)


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert in the list.

    Attributes:
        alert: itself.
        member: whether it stands under the first alert of its incident.
        requests: of its segment since the change, of the last 24 hours; None where it is resolved
            or about no tier.
    """

    alert: Alert
    member: bool
    requests: int | None


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """Alerts by incident, newest first, or the most affected first.

    Attributes:
        lines: alerts; those of one incident follow its first.
        before: leads to older ones.
        asked: the filter as it was asked for.
        states: that the filter offers.
        kinds: the same.
        tiers: the same.
        people: who can be given an alert.
        destinations: where alerts are sent, and how each does.
        trials: what each answered to the test that was just sent; None where none was.
        problem: what was not accepted of the filter, or why no test could be sent.
    """

    template: ClassVar[str] = "alerts.html"

    lines: tuple[AlertLine, ...]
    before: int | None
    asked: AskedAlerts
    states: tuple[str, ...]
    kinds: tuple[str, ...]
    tiers: tuple[str, ...]
    people: tuple[str, ...]
    destinations: tuple[DestinationLine, ...]
    trials: tuple[Trial, ...] | None = None
    problem: str = ""

    @property
    def incidents(self) -> int:
        """How many incidents are shown."""
        return sum(not line.member for line in self.lines)

    @property
    def filtered(self) -> bool:
        """Whether anything but the order was asked for."""
        given = {name for name, value in self.asked.given.items() if value != ALL}
        return bool(given - {"sort"})


@routes.get("/alerts")
def show() -> ResponseReturnValue:
    """Alerts, newest first; what the query says wrong is said on the page, and left out."""
    asked = _asked()
    with this_site().engine.connect() as connection:
        page = alerts_page(connection, asked, this_moment())
    return render(page), 400 if asked.every_problem else 200


@routes.post("/alerts/test")
@require("approver")
def test() -> ResponseReturnValue:
    """Send a test event to every destination now, and show what each answered."""
    site, actor = this_site(), this_person().name
    try:
        trials = site.send_test(actor)
    except UsageError as problem:
        with site.engine.connect() as connection:
            page = alerts_page(connection, _asked(), this_moment(), problem=sentence(problem))
        return render(page), 409
    with site.engine.begin() as connection:
        add_test_audit(connection, trials, actor=actor)
        page = alerts_page(connection, _asked(), this_moment(), trials=trials)
    return render(page)


def alerts_page(
    connection: Connection,
    asked: AskedAlerts,
    now: dt.datetime,
    *,
    trials: Sequence[Trial] | None = None,
    problem: str = "",
) -> AlertsPage:
    """Fill a page of alerts."""
    before = None
    if asked.by_affected:
        lines = [
            AlertLine(alert, member=False, requests=requests)
            for alert, requests in most_affected(connection, asked.wanted, now=now)
        ]
    else:
        heads = incident_heads(connection, asked.wanted, before=asked.before)
        before = heads[-1].id if len(heads) == PAGE else None
        members = of_incident(connection, [head.id for head in heads])
        shown = [one for head in heads for one in (head, *_of(head, members))]
        going_on = [one.id for one in shown if one.state != "resolved" and one.tier]
        counted = requests_of(connection, going_on, now=now)
        lines = [_line(one, counted, going_on) for one in shown]
    return AlertsPage(
        lines=tuple(lines),
        before=before,
        asked=asked,
        states=STATES,
        kinds=KINDS,
        tiers=tuple(tiers_of_alerts(connection)),
        people=tuple(assignable(connection)),
        destinations=tuple(destination_lines(connection)),
        trials=None if trials is None else tuple(trials),
        problem=problem or " ".join(f"{one}." for one in asked.problems),
    )


def _asked() -> AskedAlerts:
    return asked_alerts(me=this_person().name, now=this_moment())


def _of(head: Alert, members: Sequence[Alert]) -> list[Alert]:
    return [one for one in members if one.incident == head.id]


def _line(alert: Alert, counted: Mapping[int, int], going_on: Sequence[int]) -> AlertLine:
    requests = counted.get(alert.id, 0) if alert.id in going_on else None
    return AlertLine(alert, member=alert.incident is not None, requests=requests)
