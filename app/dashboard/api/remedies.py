"""What a program can do about an alert: send its tier up and back, sample more, be quiet."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Reason, Route, reason, sent, there
from tierwatch.dashboard.arguments import ID
from tierwatch.dashboard.site import this_moment, this_person, this_site
from tierwatch.loop.decide.drain import drain_tier, end_drain, lasting
from tierwatch.loop.decide.foreign.hand_over import require_ours
from tierwatch.loop.decide.pin import Pinned
from tierwatch.loop.watch.alert import silence_alert
from tierwatch.loop.watch.remedy import pin_alerts_model, sample_alert, send_alert_up
from tierwatch.runtime.rules import burst_rules
from tierwatch.store.alerts import load_alert
from tierwatch.store.drains import Drain, drains_going_on, load_drain


@dataclass(frozen=True, slots=True)
class ForSomeTime:
    """Why it is done, and for how long, as ``4h``; the audit keeps both."""

    why: str
    lasting: str


@dataclass(frozen=True, slots=True)
class NewDrain:
    """A tier to send up; ``task_type`` is ``all`` for all of its requests."""

    tier: str
    task_type: str
    why: str
    lasting: str


@dataclass(frozen=True, slots=True)
class Drains:
    """Tiers that are sent up now."""

    drains: list[Drain]


@dataclass(frozen=True, slots=True)
class Burst:
    """How many times as densely a segment is sampled now, and until when at least."""

    tier: str
    task_type: str
    density: float
    asked: float
    asked_until: dt.datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """Until when nobody is notified again that an alert is open."""

    alert: int
    silenced_until: dt.datetime
    silenced_by: str


def _drains(connection: Connection) -> Drains:
    return Drains(drains_going_on(connection))


def _begin(connection: Connection) -> Drain:
    require_ours(this_site().config.foreign)
    asked, now = sent(NewDrain), this_moment()
    drain = drain_tier(
        connection,
        asked.tier,
        task_type=asked.task_type,
        now=now,
        until=now + lasting(asked.lasting),
        actor=this_person().name,
        why=asked.why,
    )
    return there(load_drain(connection, drain))


def _end(connection: Connection, drain_id: int) -> Drain:
    there(load_drain(connection, drain_id))
    end_drain(connection, drain_id, actor=this_person().name, why=reason())
    return there(load_drain(connection, drain_id))


def _send_up(connection: Connection, alert_id: int) -> Drain:
    alert = there(load_alert(connection, alert_id))
    asked, now = sent(ForSomeTime), this_moment()
    until, actor = now + lasting(asked.lasting), this_person().name
    require_ours(this_site().config.foreign)
    drain = send_alert_up(connection, alert, now=now, until=until, actor=actor, why=asked.why)
    return there(load_drain(connection, drain))


def _sample(connection: Connection, alert_id: int) -> Burst:
    alert = there(load_alert(connection, alert_id))
    asked, now = sent(ForSomeTime), this_moment()
    until = now + lasting(asked.lasting)
    row = sample_alert(
        connection,
        alert,
        rules=burst_rules(this_site().config),
        until=until,
        now=now,
        actor=this_person().name,
        why=asked.why,
    )
    return Burst(row.tier, row.task_type, row.density, row.asked, until)


def _silence(connection: Connection, alert_id: int) -> Silence:
    alert = there(load_alert(connection, alert_id))
    asked, actor = sent(ForSomeTime), this_person().name
    until = this_moment() + lasting(asked.lasting)
    silence_alert(connection, alert.id, until=until, actor=actor, why=asked.why)
    return Silence(alert.id, until, actor)


def _pin(connection: Connection, alert_id: int) -> Pinned:
    alert = there(load_alert(connection, alert_id))
    require_ours(this_site().config.foreign)
    return pin_alerts_model(connection, alert, actor=this_person().name, why=reason())


ROUTES = (
    Route("GET", "/drains", "Tiers whose requests are sent up now.", Drains, _drains),
    Route(
        "POST",
        "/drains",
        "Send a tier's requests up for some time; it ends by itself.",
        Drain,
        _begin,
        role="approver",
        body=NewDrain,
    ),
    Route(
        "POST",
        f"/drains/<{ID}:drain_id>/end",
        "Let a tier keep its requests again.",
        Drain,
        _end,
        role="approver",
        body=Reason,
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/send-up",
        "Send the requests of an alert's tier (or task type) up for some time.",
        Drain,
        _send_up,
        role="approver",
        body=ForSomeTime,
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/pin-model",
        "Let the model serve an alert's tier again that served it before the last replacement.",
        Pinned,
        _pin,
        role="approver",
        body=Reason,
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/sample",
        "Sample an alert's segment more densely for some time, as the budget allows.",
        Burst,
        _sample,
        role="approver",
        body=ForSomeTime,
    ),
    Route(
        "POST",
        f"/alerts/<{ID}:alert_id>/silence",
        "Notify nobody again that an alert is open, for some time.",
        Silence,
        _silence,
        role="reviewer",
        body=ForSomeTime,
    ),
)
