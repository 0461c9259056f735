"""One alert: its evidence, what caused it, and the forms to acknowledge and resolve it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, reason, sentence
from tierwatch.dashboard.charts.chart import Chart
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.alerts.alert_figures import (
    AlertFigures,
    CauseFigures,
    alert_figures,
    cause_figures,
)
from tierwatch.dashboard.pages.alerts.model_back import ModelBack, model_back
from tierwatch.dashboard.pages.alerts.path_chart import path_chart
from tierwatch.dashboard.pages.alerts.probe_figures import ProbeFigures, probe_figures
from tierwatch.dashboard.pages.alerts.runbook import Runbook, runbook_of
from tierwatch.dashboard.pages.alerts.said import (
    how_sure,
    record_in_words,
    segment_in_words,
    what_happened,
)
from tierwatch.dashboard.pages.proposals.proposal_line import ProposalLine, proposal_line
from tierwatch.dashboard.site import stored_text, this_moment, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.alarms.incident_rule import why_together
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.loop.notify.again import retry_deliveries
from tierwatch.loop.report.alert_impact import Impact, alert_impact
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_by_hand
from tierwatch.loop.watch.incidents.join import began_of, sign_of
from tierwatch.loop.watch.incidents.reasons import REASONS
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.alerts import Alert, load_alert, of_same_cause
from tierwatch.store.drains import Drain, drains_of_alert
from tierwatch.store.incidents.assignments import assignable
from tierwatch.store.incidents.changes import Change, changes_near
from tierwatch.store.incidents.following import Following, following
from tierwatch.store.incidents.incidents import of_incident
from tierwatch.store.incidents.record import record_of
from tierwatch.store.pages.earlier_policy import earlier_policy
from tierwatch.store.pages.lists import AuditLine, audit_lines, proposals
from tierwatch.store.pages.notifications import DeliveryLine, alert_deliveries
from tierwatch.store.policies import active_policies

_LONGEST_CHOICE: Final = 100

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
class Typed:
    """What was typed into a form of the page that was refused, to be shown again.

    Attributes:
        form: the action, as ``silence``.
        why: the reason.
        choice: what was chosen beside it; empty for a form without a choice.
    """

    form: str
    why: str = ""
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """Another alert of the same incident, and why it is taken to be."""

    alert: Alert
    why: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A tier that was sent up for an alert, and how far gateways follow."""

    drain: Drain
    following: Following


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
        runbook: what to do about its kind.
        happened: what happened, in a sentence.
        sure: how sure that is; empty where nothing bounds it.
        began_at: when the change began, by estimate.
        changes: what changed about that time.
        path: of the monitor up to the alarm; None where the evidence has none.
        model_back: the way back to the tier's earlier model; None where it is not about that.
        probes: those that its tier fails; None where that is not what it is about.
        incident: the other alerts of its incident, each with why it is among them.
        record: how the last alerts of its kind ended, in a sentence.
        people: who can be given it.
        reasons: of resolving, the word and what it says.
        typed: the form that was refused last; None without one.
        impact: whom it hits and whether it goes on; None for kinds without a rate.
        drains: of the tier, begun for it, each with how far gateways follow it.
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
    runbook: Runbook
    happened: str
    sure: str
    began_at: dt.datetime
    changes: tuple[Change, ...]
    path: Chart | None
    model_back: ModelBack | None
    probes: ProbeFigures | None
    incident: tuple[Related, ...]
    record: str
    people: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]
    typed: Typed | None
    impact: Impact | None
    drains: tuple[Sent, ...]
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
    def title(self) -> str:
        """Kind and segment."""
        kind, segment = self.alert.kind.replace("_", " "), segment_in_words(self.alert)
        return f"{kind} of {segment}" if segment else kind

    def typed_in(self, form: str) -> Typed:
        """What was typed into this form, if it is the one that was refused."""
        if self.typed is None or self.typed.form != form:
            return Typed("")
        return self.typed

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
    chosen = stored_text(request.form.get("reason", ""))[:_LONGEST_CHOICE]
    typed = Typed("resolve", reason(), chosen)

    def move(connection: Connection, alert_id: int, *, actor: str) -> None:
        if not typed.choice:
            raise UsageError(f"reason: choose one of the list ({', '.join(REASONS)})")
        resolve_by_hand(connection, alert_id, actor=actor, why=typed.why, reason=typed.choice)

    return _move(alert_id, move, "resolved", typed)


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
    connection: Connection,
    alert_id: int,
    now: dt.datetime,
    *,
    problem: str = "",
    typed: Typed | None = None,
) -> AlertPage | None:
    """Fill an alert's page; None when there is no such alert."""
    found = load_alert(connection, alert_id)
    if found is None:
        return None
    evidence, attribution = found.evidence, found.attribution
    before, after = of_same_cause(connection, found)
    active = active_policies(connection)
    below_top = active is not None and found.tier in active.stable.thresholds
    began_at = began_of(found)
    changes = changes_near(connection, found.tier, began_at=began_at, until=found.opened_at)
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
        runbook=runbook_of(found.kind),
        happened=what_happened(found),
        sure=how_sure(found),
        began_at=began_at,
        changes=tuple(changes),
        path=path_chart(found, changes, began_at.timestamp()),
        model_back=model_back(connection, found, changes),
        probes=probe_figures(connection, found, now=now),
        incident=tuple(_related(connection, found)),
        record=record_in_words(found.kind, record_of(connection, found.kind, without=found.id)),
        people=tuple(assignable(connection)),
        reasons=tuple(REASONS.items()),
        typed=typed,
        impact=alert_impact(connection, found, now=now),
        drains=tuple(_sent(connection, alert_id)),
        may_drain=below_top,
        back_to=earlier_policy(connection, found.tier) if below_top else None,
        before=before,
        after=after,
    )


def _sent(connection: Connection, alert_id: int) -> Iterator[Sent]:
    """The drains that were begun for an alert."""
    drains = drains_of_alert(connection, alert_id)
    followed = following(connection, [drain.id for drain in drains])
    for drain in drains:
        yield Sent(drain, followed[drain.id])


def _related(connection: Connection, alert: Alert) -> Iterator[Related]:
    """The other alerts of an incident; one that is joined by a third says so."""
    head = None if alert.incident is None else load_alert(connection, alert.incident)
    members = of_incident(connection, [alert.head])
    own = sign_of(alert, began_of(alert))
    for other in (*([] if head is None else [head]), *members):
        if other.id != alert.id:
            why = why_together(own, sign_of(other, began_of(other)))
            yield Related(other, why or "by another alert of the incident")


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


def _move(alert_id: int, move: _Move, word: str, typed: Typed | None = None) -> ResponseReturnValue:
    try:
        with this_site().engine.begin() as connection:
            move(connection, alert_id, actor=this_person().name)
    except ConflictError as problem:
        return answer_alert(alert_id, sentence(problem), 409, typed)
    except UsageError as problem:
        return answer_alert(alert_id, sentence(problem), 400, typed)
    flash(f"Alert {alert_id} is {word}.")
    return redirect(url_for("alert.show", alert_id=alert_id))


def answer_alert(
    alert_id: int, problem: str, status: int, typed: Typed | None = None
) -> ResponseReturnValue:
    """The alert's page, with why the last action was refused and what was typed for it."""
    with this_site().engine.connect() as connection:
        page = alert_page(connection, alert_id, this_moment(), problem=problem, typed=typed)
    if page is None:
        abort(404)
    return render(page), status
