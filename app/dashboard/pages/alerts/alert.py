"""One alert: its evidence, what caused it, and the forms to acknowledge and resolve it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.alerts.alert_figures import (
    AlertFigures,
    CauseFigures,
    alert_figures,
    cause_figures,
)
from tierwatch.dashboard.pages.proposals.proposal_line import ProposalLine, proposal_line
from tierwatch.dashboard.site import this_person, this_site
from tierwatch.errors import ConflictError
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.loop.notify.again import retry_deliveries
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.store.alerts import Alert, load_alert
from tierwatch.store.pages.lists import AuditLine, audit_lines, proposals
from tierwatch.store.pages.notifications import DeliveryLine, alert_deliveries

routes = Blueprint("alert", __name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of notifying one destination of one event of an alert.

    Attributes:
        event: its type.
        state: ``waiting``, ``delivered`` or ``failed``.
        tries: 0 where a version without an outbox notified, for it did not count them.
        next_try_at: None once it has ended.
    """

    event: str
    destination: str
    state: str
    detail: str
    tries: int = 0
    last_try_at: dt.datetime | None = None
    next_try_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """An alert, with what it rests on and what it is attributed to.

    Attributes:
        alert: itself.
        evidence: None when this version cannot show it.
        cause: None before the alert is attributed, and when this version cannot show it.
        unreadable: why something cannot be shown; empty when nothing is missing.
        notified: what became of each notification.
        proposals: made in response.
        history: what was done to it.
        problem: why the last action was refused.
    """

    template: ClassVar[str] = "alert.html"

    alert: Alert
    evidence: AlertFigures | None
    cause: CauseFigures | None
    unreadable: tuple[str, ...]
    notified: tuple[Notice, ...]
    proposals: tuple[ProposalLine, ...]
    history: tuple[AuditLine, ...]
    problem: str


@routes.get(f"/alerts/<{ID}:alert_id>")
def show(alert_id: int) -> ResponseReturnValue:
    """One alert with its evidence."""
    return _answer(alert_id, "", 200)


@routes.post(f"/alerts/<{ID}:alert_id>/acknowledge")
@require("reviewer")
def acknowledge(alert_id: int) -> ResponseReturnValue:
    """Say that somebody is working on it."""
    return _move(alert_id, acknowledge_alert, "acknowledged")


@routes.post(f"/alerts/<{ID}:alert_id>/resolve")
@require("reviewer")
def resolve(alert_id: int) -> ResponseReturnValue:
    """Close it."""
    return _move(alert_id, resolve_alert, "resolved")


@routes.post(f"/alerts/<{ID}:alert_id>/retry")
@require("approver")
def retry(alert_id: int) -> ResponseReturnValue:
    """Send again what failed."""
    with this_site().engine.begin() as connection:
        if load_alert(connection, alert_id) is None:
            abort(404)
        count = retry_deliveries(connection, actor=this_person().name, alert_id=alert_id)
    if not count:
        return _answer(alert_id, "Nothing of this alert has failed.", 409)
    flash("What failed is sent again within seconds.")
    return redirect(url_for("alert.show", alert_id=alert_id))


def alert_page(connection: Connection, alert_id: int, *, problem: str = "") -> AlertPage | None:
    """Fill an alert's page; None when there is no such alert."""
    found = load_alert(connection, alert_id)
    if found is None:
        return None
    evidence, attribution = found.evidence, found.attribution
    unreadable = [one.reason for one in (evidence, attribution) if isinstance(one, Unreadable)]
    return AlertPage(
        alert=found,
        evidence=None if isinstance(evidence, Unreadable) else alert_figures(connection, evidence),
        cause=cause_figures(attribution) if isinstance(attribution, AttributionDocument) else None,
        unreadable=tuple(unreadable),
        notified=(
            *_notices(found.delivered),
            *map(_notice, alert_deliveries(connection, [alert_id])),
        ),
        proposals=tuple(map(proposal_line, proposals(connection, alert_id=alert_id))),
        history=tuple(audit_lines(connection, subject=f"alert/{alert_id}")),
        problem=problem,
    )


def _notices(delivered: Sequence[Mapping[str, Any]]) -> Iterator[Notice]:
    """What a version without an outbox kept."""
    for event in delivered:
        listed = event.get("deliveries")
        for one in listed if isinstance(listed, list) else ():
            if not isinstance(one, Mapping):
                continue
            yield Notice(
                event=str(event.get("type") or ""),
                destination=str(one.get("destination") or ""),
                state="delivered" if one.get("ok") else "failed",
                detail=str(one.get("detail") or ""),
            )


def _notice(line: DeliveryLine) -> Notice:
    return Notice(
        event=line.event,
        destination=line.destination,
        state=line.state,
        detail=line.answer,
        tries=line.tries,
        last_try_at=line.last_try_at,
        next_try_at=line.next_try_at,
    )


class _Move(Protocol):
    def __call__(self, connection: Connection, alert_id: int, *, actor: str) -> object: ...


def _move(alert_id: int, move: _Move, word: str) -> ResponseReturnValue:
    try:
        with this_site().engine.begin() as connection:
            move(connection, alert_id, actor=this_person().name)
    except ConflictError as problem:
        return _answer(alert_id, sentence(problem), 409)
    flash(f"Alert {alert_id} is {word}.")
    return redirect(url_for("alert.show", alert_id=alert_id))


def _answer(alert_id: int, problem: str, status: int) -> ResponseReturnValue:
    with this_site().engine.connect() as connection:
        page = alert_page(connection, alert_id, problem=problem)
    if page is None:
        abort(404)
    return render(page), status
