"""Repeat: post what stands again where a destination forgets it, as an Alertmanager does."""

import datetime as dt
import uuid
from typing import Final

import structlog
from sqlalchemy import Engine

from tierwatch.loop.watch.alert import event_of
from tierwatch.notify.answer import Answer, Repeating
from tierwatch.store.alerts import standing_alerts
from tierwatch.store.outbox.deliveries import end_lease, take_lease
from tierwatch.store.step_runs import mark_if_older

# Alerts that were resolved this long ago are posted as resolved: a worker that stood still between
# reading them as open and posting them is put right by the next one.
_RESOLVED_WITHIN: Final = dt.timedelta(minutes=15)

_log = structlog.get_logger(__name__)


def repeat_standing(
    engine: Engine, destination: Repeating, *, site: str, lease: uuid.UUID, lease_s: float
) -> Answer | None:
    """Post what stands, if it is time.

    Under the destination's lease, which is still held when this returns: what is read here as open
    is posted before anybody can post that it was resolved since.

    Args:
        engine: Postgres.
        destination: where to.
        site: the dashboard's address, for links.
        lease: this worker's.
        lease_s: how long it lasts.

    Returns:
        What the destination answered; None where it was not time, another worker is at it, the
        destination is paused, or nothing stands. The lease is then not held.
    """
    name = destination.name
    with engine.begin() as connection:
        if not take_lease(connection, name, kind=destination.kind, lease=lease, lease_s=lease_s):
            return None
        due = mark_if_older(connection, f"repeat {name}", destination.repeat_s)
        standing = standing_alerts(connection, resolved_within=_RESOLVED_WITHIN) if due else []
        if not standing:
            end_lease(connection, name, lease)
            return None
    events = [event_of(one) | {"permalink": f"{site}/alerts/{one.id}"} for one in standing]
    try:
        return destination.send_all(events)
    except Exception as problem:  # noqa: BLE001 - a fault of ours in one channel holds no other
        _log.exception("a destination raised", destination=name)
        return Answer("later", f"not sent: {type(problem).__name__} in tierwatch; see its log")
