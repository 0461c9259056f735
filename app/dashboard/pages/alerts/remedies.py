"""What a person can do about an alert: send its tier up, sample more, label, silence it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.dashboard.access.admission import require
from tierwatch.dashboard.arguments import ID, reason, sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.alerts.alert import Typed, answer_alert
from tierwatch.dashboard.site import stored_text, this_moment, this_person, this_site
from tierwatch.errors import ConflictError, UsageError
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence
from tierwatch.loop.decide.drain import end_drain, lasting
from tierwatch.loop.decide.foreign.hand_over import require_ours
from tierwatch.loop.watch.alert import silence_alert
from tierwatch.loop.watch.incidents.assign import assign_alert
from tierwatch.loop.watch.remedy import pin_alerts_model, sample_alert, send_alert_up
from tierwatch.runtime.rules import burst_rules
from tierwatch.store.alerts import Alert, load_alert
from tierwatch.store.pages.affected import PairToLabel, moment_of, pairs_to_label

routes = Blueprint("remedies", __name__)

# Enough to halve a first interval, and half an hour of a person's time.
LABELS: Final = 20
_BACK: Final = "taken back by hand"
_LONGEST_CHOICE: Final = 100


@dataclass(frozen=True, slots=True)
class LabelsPage:
    """Pairs of an alert to be labelled, a plain random sample of those since the change."""

    template: ClassVar[str] = "alert_labels.html"

    alert: Alert
    pairs: tuple[PairToLabel, ...]

    @property
    def left(self) -> tuple[PairToLabel, ...]:
        """Those that this person has not labelled."""
        return tuple(pair for pair in self.pairs if not pair.mine)


@routes.post(f"/alerts/<{ID}:alert_id>/send-up")
@require("approver")
def send_up(alert_id: int) -> ResponseReturnValue:
    """Send the requests of the alert's segment up for some hours."""

    def act(connection: Connection, alert: Alert) -> str:
        require_ours(this_site().config.foreign)
        now, actor = this_moment(), this_person().name
        until = now + lasting(request.form.get("lasting", ""))
        send_alert_up(connection, alert, now=now, until=until, actor=actor, why=reason())
        return f"{alert.tier} is sent up. Gateways follow within 5 seconds, and it ends by itself."

    return _act(alert_id, act, "send-up")


@routes.post(f"/alerts/<{ID}:alert_id>/sample")
@require("approver")
def sample(alert_id: int) -> ResponseReturnValue:
    """Sample the alert's segment more densely for some hours."""

    def act(connection: Connection, alert: Alert) -> str:
        now = this_moment()
        until = now + lasting(request.form.get("lasting", ""))
        rules, actor = burst_rules(this_site().config), this_person().name
        row = sample_alert(
            connection, alert, rules=rules, until=until, now=now, actor=actor, why=reason()
        )
        return f"{alert.tier} is sampled {row.density:.1f} times as densely, as the budget allows."

    return _act(alert_id, act, "sample")


@routes.post(f"/alerts/<{ID}:alert_id>/silence")
@require("reviewer")
def silence(alert_id: int) -> ResponseReturnValue:
    """Notify nobody again that it is open, for some hours."""

    def act(connection: Connection, alert: Alert) -> str:
        until = this_moment() + lasting(request.form.get("lasting", ""))
        silence_alert(connection, alert.id, until=until, actor=this_person().name, why=reason())
        return f"Nobody is notified again of alert {alert.id} before that."

    return _act(alert_id, act, "silence")


@routes.post(f"/alerts/<{ID}:alert_id>/pin-model")
@require("approver")
def pin(alert_id: int) -> ResponseReturnValue:
    """Let the model serve the alert's tier again that served it before."""

    def act(connection: Connection, alert: Alert) -> str:
        require_ours(this_site().config.foreign)
        pinned = pin_alerts_model(connection, alert, actor=this_person().name, why=reason())
        name = pinned.model or "the model of tierwatch.yaml"
        return (
            f"{alert.tier} is served by {name} again, by policy {pinned.policy_version}. Gateways"
            " follow within 5 seconds."
        )

    return _act(alert_id, act, "pin-model")


@routes.post(f"/alerts/<{ID}:alert_id>/assign")
@require("reviewer")
def assign(alert_id: int) -> ResponseReturnValue:
    """Say whose it is; nobody's where nobody is chosen."""

    def act(connection: Connection, alert: Alert) -> str:
        to = _chosen("to")
        assign_alert(connection, alert.id, to=to, actor=this_person().name)
        return f"Alert {alert.id} is {to}'s." if to else f"Alert {alert.id} is nobody's."

    return _act(alert_id, act, "assign")


@routes.post(f"/drains/<{ID}:drain_id>/end")
@require("approver")
def end(drain_id: int) -> ResponseReturnValue:
    """Let a tier keep its requests again."""
    why = reason() or _BACK
    try:
        with this_site().engine.begin() as connection:
            drain = end_drain(connection, drain_id, actor=this_person().name, why=why)
    except ConflictError as problem:
        abort(409, sentence(problem))
    flash(f"{drain.tier} keeps its requests again. Gateways follow within 5 seconds.")
    if drain.alert_id is None:
        return redirect(url_for("policies.show"))
    return redirect(url_for("alert.show", alert_id=drain.alert_id))


@routes.get(f"/alerts/<{ID}:alert_id>/label")
@require("reviewer")
def label(alert_id: int) -> ResponseReturnValue:
    """Pairs of the alert to label."""
    with this_site().engine.connect() as connection:
        page = labels_page(connection, alert_id, this_person().name)
    if page is None:
        abort(404)
    return render(page)


def labels_page(connection: Connection, alert_id: int, reviewer: str) -> LabelsPage | None:
    """Fill the page of an alert's pairs to label; None when there is no such alert."""
    alert = load_alert(connection, alert_id)
    if alert is None:
        return None
    evidence, since = alert.evidence, alert.opened_at
    if isinstance(evidence, MisrouteEvidence):
        since = moment_of(evidence.first_pair) or since
    found = pairs_to_label(
        connection, alert.tier, alert.task_type, since, reviewer=reviewer, limit=LABELS
    )
    return LabelsPage(alert, tuple(found))


def _act(alert_id: int, act: Callable[[Connection, Alert], str], form: str) -> ResponseReturnValue:
    """Do something about an alert; where that is refused, its page says why and keeps the form."""
    typed = Typed(form, reason(), _chosen("lasting") or _chosen("to"))
    try:
        with this_site().engine.begin() as connection:
            alert = load_alert(connection, alert_id)
            if alert is None:
                abort(404)
            done = act(connection, alert)
    except ConflictError as problem:
        return answer_alert(alert_id, sentence(problem), 409, typed)
    except UsageError as problem:
        return answer_alert(alert_id, sentence(problem), 400, typed)
    flash(done)
    return redirect(url_for("alert.show", alert_id=alert_id))


def _chosen(name: str) -> str:
    return stored_text(request.form.get(name, ""))[:_LONGEST_CHOICE]
