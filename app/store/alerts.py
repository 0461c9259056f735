"""Alerts: one open a cause."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.schema.proposals import AlertRow


def add_alert(connection: Connection, **columns: Any) -> int | None:
    """Open an alert; None when one of the same cause is open or acknowledged."""
    return connection.execute(
        insert(AlertRow)
        .values(state="open", delivered=[], **columns)
        .on_conflict_do_nothing(
            index_elements=[AlertRow.cause], index_where=AlertRow.state != "resolved"
        )
        .returning(AlertRow.id)
    ).scalar_one_or_none()


def load_alert(connection: Connection, alert_id: int, *, lock: bool = False) -> Any:
    """Return an alert or None."""
    query = select(*AlertRow.__table__.columns).where(AlertRow.id == alert_id)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def unresolved_alert(connection: Connection, cause: str) -> Any:
    """Return the open or acknowledged alert of a cause, or None."""
    return connection.execute(
        select(*AlertRow.__table__.columns).where(
            AlertRow.cause == cause, AlertRow.state != "resolved"
        )
    ).one_or_none()


def set_alert_state(connection: Connection, alert_id: int, state: str, *, actor: str) -> None:
    """Move an alert on: ``acknowledged`` or ``resolved``."""
    who = {f"{state}_by": actor, f"{state}_at": func.now()}
    connection.execute(update(AlertRow).where(AlertRow.id == alert_id).values(state=state, **who))


# The event that tells of a state.
EVENT = {"open": "alert.opened", "acknowledged": "alert.acknowledged", "resolved": "alert.resolved"}


def untold_alerts(connection: Connection, *, limit: int = 20) -> Sequence[Any]:
    """Alerts whose present state no destination has been told of, locked, oldest first."""
    event = case(EVENT, value=AlertRow.state)
    told = AlertRow.delivered.contains(
        func.jsonb_build_array(func.jsonb_build_object("type", event))
    )
    return connection.execute(
        select(*AlertRow.__table__.columns)
        .where(~told)
        .order_by(AlertRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def set_delivered(connection: Connection, alert_id: int, deliveries: list[Any]) -> None:
    """Write down which events were told, and what became of each delivery."""
    connection.execute(update(AlertRow).where(AlertRow.id == alert_id).values(delivered=deliveries))


def claim_attribution(connection: Connection, *, hold: dt.timedelta) -> Any:
    """Claim the oldest unresolved misroute alert that is not attributed.

    None while any is held: an attribution asks a judge and every tier hundreds of questions, and
    the next alert may use what they answered.
    """
    held = select(AlertRow.id).where(
        AlertRow.attribution.is_(None),
        AlertRow.attribution_until > func.now(),
        AlertRow.state != "resolved",
    )
    if connection.execute(held.limit(1)).one_or_none() is not None:
        return None
    found = connection.execute(
        select(*AlertRow.__table__.columns)
        .where(
            AlertRow.kind == "misroute",
            AlertRow.state != "resolved",
            AlertRow.attribution.is_(None),
            AlertRow.evidence.has_key("first_outcome"),
            or_(AlertRow.attribution_until.is_(None), AlertRow.attribution_until <= func.now()),
        )
        .order_by(AlertRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if found is not None:
        put_attribution(connection, found.id, None, until=hold)
    return found


def put_attribution(
    connection: Connection,
    alert_id: int,
    attribution: dict[str, Any] | None,
    *,
    until: dt.timedelta = dt.timedelta(0),
) -> None:
    """Write down what an alert is attributed to, or for how long its attribution is held; once."""
    connection.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.attribution.is_(None))
        .values(attribution=attribution, attribution_until=func.now() + until)
    )


def misroute_alert(connection: Connection, tier: str, task_type: str) -> Any:
    """The unresolved misroute alert about a segment, or None.

    Of a tier's own threshold with task types it is that of the pooled stream.
    """
    alert = unresolved_alert(connection, f"misroute:{tier}:{task_type}")
    if alert is None and task_type == ALL_TASKS:
        return unresolved_alert(connection, f"misroute:{tier}:*")
    return alert
