"""One alert: its evidence, what caused it, and the forms to acknowledge and resolve it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, reason, sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.alerts.alert_figures import (
    AlertFigures,
    CauseFigures,
    alert_figures,
    cause_figures,
)
from tierwatch.dashboard.pages.alerts.runbook import Runbook, runbook_of
from tierwatch.dashboard.pages.proposals.proposal_line import ProposalLine, proposal_line
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.loop.notify.again import retry_deliveries
from tierwatch.loop.report.alert_impact import Impact, alert_impact
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_by_hand
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.alerts import Alert, load_alert, of_same_cause
from tierwatch.store.drains import Drain, drains_of_alert
from tierwatch.store.pages.earlier_policy import earlier_policy
from tierwatch.store.pages.lists import AuditLine, audit_lines, proposals
from tierwatch.store.pages.notifications import DeliveryLine, alert_deliveries
from tierwatch.store.policies import active_policies

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
        why: the reason that was given then.
        runbook: what to do about its kind.
        impact: whom it hits and whether it goes on; None for kinds without a rate.
        drains: of the tier, begun for it.
        may_drain: whether its tier can be sent up.
        back_to: the policy to roll back to, where an earlier one decides otherwise at its tier.
        before: the alert of the same cause before it.
        after: the one after it.
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
    why: str
    runbook: Runbook
    impact: Impact | None
    drains: tuple[Drain, ...]
    may_drain: bool
    back_to: int | None
    before: Alert | None
    after: Alert | None

    @property
    def silenced(self) -> bool:
        """Whether nobody is notified again for now."""
        until = self.alert.silenced_until
        return until is not None and until > this_moment()

    @property
    def task_type(self) -> str:
        """The task type that it is about; empty for all of them."""
        return "" if self.alert.task_type in {ALL_TASKS, "*"} else self.alert.task_type


@routes.get(f"/alerts/<{ID}:alert_id>")
def show(alert_id: int) -> ResponseReturnValue:
    """One alert with its evidence."""
    return answer_alert(alert_id, "", 200)


@routes.post(f"/alerts/<{ID}:alert_id>/acknowledge")
@require("reviewer")
def acknowledge(alert_id: int) -> ResponseReturnValue:
    """Say that somebody is working on it."""
    return _move(alert_id, acknowledge_alert, "acknowledged")


@routes.post(f"/alerts/<{ID}:alert_id>/resolve")
@require("reviewer")
def resolve(alert_id: int) -> ResponseReturnValue:
    """Close it, with a reason."""
    why = reason()

    def move(connection: Connection, alert_id: int, *, actor: str) -> None:
        resolve_by_hand(connection, alert_id, actor=actor, why=why)

    return _move(alert_id, move, "resolved")


@routes.post(f"/alerts/<{ID}:alert_id>/retry")
@require("approver")
def retry(alert_id: int) -> ResponseReturnValue:
    """Send again what failed."""
    with this_site().engine.begin() as connection:
        if load_alert(connection, alert_id) is None:
            abort(404)
        count = retry_deliveries(connection, actor=this_person().name, alert_id=alert_id)
    if not count:
        return answer_alert(alert_id, "Nothing of this alert has failed.", 409)
    flash("What failed is sent again within seconds.")
    return redirect(url_for("alert.show", alert_id=alert_id))


def alert_page(
    connection: Connection, alert_id: int, *, problem: str = "", why: str = ""
) -> AlertPage | None:
    """Fill an alert's page; None when there is no such alert."""
    found = load_alert(connection, alert_id)
    if found is None:
        return None
    evidence, attribution = found.evidence, found.attribution
    before, after = of_same_cause(connection, found)
    active = active_policies(connection)
    below_top = active is not None and found.tier in active.stable.thresholds
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
        why=why,
        runbook=runbook_of(found.kind),
        impact=alert_impact(connection, found),
        drains=tuple(drains_of_alert(connection, alert_id)),
        may_drain=below_top,
        back_to=earlier_policy(connection, found.tier) if below_top else None,
        before=before,
        after=after,
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
        return answer_alert(alert_id, sentence(problem), 409)
    except UsageError as problem:
        return answer_alert(alert_id, sentence(problem), 400)
    flash(f"Alert {alert_id} is {word}.")
    return redirect(url_for("alert.show", alert_id=alert_id))


def answer_alert(alert_id: int, problem: str, status: int, *, why: str = "") -> ResponseReturnValue:
    """The alert's page, with why the last action was refused and the reason that was given."""
    with this_site().engine.connect() as connection:
        page = alert_page(connection, alert_id, problem=problem, why=why)
    if page is None:
        abort(404)
    return render(page), status
