"""Remedy: what a person does about an alert's segment, for some hours."""

import datetime as dt

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.evaluation.sampling.burst import EVERY_TYPE
from tierwatch.loop.decide.approve import require_reason
from tierwatch.loop.decide.drain import drain_tier
from tierwatch.loop.decide.pin import Pinned, pin_model
from tierwatch.loop.watch.bursts import BurstRules, ask_burst
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.alerts import Alert
from tierwatch.store.judgements.bursts import SampledBurst

_EVERY = (EVERY_TYPE, ALL_TASKS, "")


def send_alert_up(
    connection: Connection,
    alert: Alert,
    *,
    now: dt.datetime,
    until: dt.datetime,
    actor: str,
    why: str,
) -> int:
    """Send the requests of an alert's segment up until a moment; the drain's id.

    Raises:
        UsageError: no reason given.
        ConflictError: the alert is resolved, or is about no tier below the top one.
    """
    _require_unresolved(alert)
    task_type = ALL_TASKS if alert.task_type in _EVERY else alert.task_type
    return drain_tier(
        connection,
        alert.tier,
        task_type=task_type,
        now=now,
        until=until,
        actor=actor,
        why=why,
        alert_id=alert.id,
    )


def pin_alerts_model(connection: Connection, alert: Alert, *, actor: str, why: str) -> Pinned:
    """Let the model serve an alert's tier again that served it before the last replacement.

    Raises:
        UsageError: no reason given.
        ConflictError: the alert is resolved, is about no tier, or there is no model to pin.
    """
    _require_unresolved(alert)
    if not alert.tier:
        raise ConflictError(f"alert {alert.id} is about no tier")
    return pin_model(connection, alert.tier, actor=actor, why=why)


def sample_alert(
    connection: Connection,
    alert: Alert,
    *,
    rules: BurstRules,
    until: dt.datetime,
    now: dt.datetime,
    actor: str,
    why: str,
) -> SampledBurst:
    """Sample an alert's segment more densely until a moment, as the budget allows.

    Raises:
        UsageError: no reason given.
        ConflictError: the alert is resolved, is about no tier, or nothing may be sampled more.
    """
    require_reason(why)
    _require_unresolved(alert)
    if not alert.tier:
        raise ConflictError(f"alert {alert.id} is about no tier")
    task_type = EVERY_TYPE if alert.task_type in _EVERY else alert.task_type
    return ask_burst(
        connection,
        (alert.tier, task_type),
        rules=rules,
        until=until,
        now=now,
        actor=actor,
        why=why.strip(),
    )


def _require_unresolved(alert: Alert) -> None:
    if alert.state == "resolved":
        raise ConflictError(f"alert {alert.id} is resolved already, by {alert.resolved_by}")
