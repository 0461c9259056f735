"""The list of alerts, and whether they reach people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import before_number, sentence, wants
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.errors import UsageError
from tierwatch.loop.notify.trial import Trial, add_test_audit
from tierwatch.store.alerts import Alert
from tierwatch.store.pages.lists import PAGE, alerts
from tierwatch.store.pages.notifications import DestinationLine, destination_lines

routes = Blueprint("alerts", __name__)


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """Alerts, newest first; ``before`` leads to older ones.

    Attributes:
        unresolved: only those that are not resolved are listed.
        destinations: where alerts are sent, and how each does.
        trials: what each answered to the test that was just sent; None where none was.
        problem: why no test could be sent.
    """

    template: ClassVar[str] = "alerts.html"

    alerts: tuple[Alert, ...]
    before: int | None
    destinations: tuple[DestinationLine, ...]
    unresolved: bool = False
    trials: tuple[Trial, ...] | None = None
    problem: str = ""


@routes.get("/alerts")
def show() -> str:
    """Alerts, newest first."""
    with this_site().engine.connect() as connection:
        page = alerts_page(connection, before_number(), unresolved=wants("unresolved"))
    return render(page)


@routes.post("/alerts/test")
@require("approver")
def test() -> ResponseReturnValue:
    """Send a test event to every destination now, and show what each answered."""
    site, actor = this_site(), this_person().name
    try:
        trials = site.send_test(actor)
    except UsageError as problem:
        with site.engine.connect() as connection:
            page = alerts_page(connection, None, problem=sentence(problem))
        return render(page), 409
    with site.engine.begin() as connection:
        add_test_audit(connection, trials, actor=actor)
        page = alerts_page(connection, None, trials=trials)
    return render(page)


def alerts_page(
    connection: Connection,
    before: int | None,
    *,
    unresolved: bool = False,
    trials: Sequence[Trial] | None = None,
    problem: str = "",
) -> AlertsPage:
    """Fill a page of alerts."""
    found = tuple(alerts(connection, unresolved=unresolved, before=before))
    return AlertsPage(
        alerts=found,
        before=found[-1].id if len(found) == PAGE else None,
        destinations=tuple(destination_lines(connection)),
        unresolved=unresolved,
        trials=None if trials is None else tuple(trials),
        problem=problem,
    )
