"""Alerts: one open a cause."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, RowMapping, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.evaluation.evidence.alert_evidence import AlertEvidence, read_alert_evidence
from tierwatch.evaluation.evidence.attribution_document import (
    AttributionDocument,
    read_attribution,
)
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.schema.proposals import AlertRow
from tierwatch.store.schema.values import SelectOfFields, select_fields

# What destinations answered, as versions without an outbox wrote it.
Delivery: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """An alert to be opened.

    Attributes:
        cause: one open alert each.
        tier: it is about; empty for none.
        segment: tier and task type, or what it is about.
        summary: one or two sentences for the person on call.
        pairs: it rests on.
        evidence: what it rests on; says of which kind it is.
    """

    cause: str
    tier: str
    segment: str
    summary: str
    pairs: int
    evidence: AlertEvidence


@dataclass(frozen=True, slots=True)
class Alert:
    """A stored alert.

    ``evidence`` and ``attribution`` are `Unreadable` where a newer version of tierwatch wrote them
    or they are broken: a page then says that it "cannot be shown by this version" and gives the
    reason; ``to_json()`` of either is what the API serves in any case. ``resolution`` has ``why``
    it was resolved, with the figures where tierwatch did it, and with a ``reason`` where a person
    chose one. ``delivered`` is what versions without an outbox kept of its notifications.
    ``began_at`` and ``incident`` are as `schema.proposals.AlertRow` explains them; None of alerts
    of earlier versions.
    """

    id: int
    kind: str
    cause: str
    tier: str
    segment: str
    state: str
    summary: str
    pairs: int
    opened_at_request: int
    evidence: AlertEvidence | Unreadable
    attribution: AttributionDocument | Unreadable | None
    attribution_until: dt.datetime | None
    opened_at: dt.datetime
    acknowledged_at: dt.datetime | None
    acknowledged_by: str | None
    resolved_at: dt.datetime | None
    resolved_by: str | None
    resolution: Mapping[str, Any] | None
    delivered: Sequence[Delivery]
    silenced_until: dt.datetime | None = None
    silenced_by: str | None = None
    began_at: dt.datetime | None = None
    incident: int | None = None
    assigned_to: str | None = None
    assigned_by: str | None = None
    assigned_at: dt.datetime | None = None

    @property
    def head(self) -> int:
        """The first alert of its incident; itself where it is that one."""
        return self.id if self.incident is None else self.incident

    @property
    def task_type(self) -> str:
        """Of its segment; ``*`` for all types together, empty for a segment without one."""
        return self.segment.partition("/")[2]


def alert_of(row: RowMapping) -> Alert:
    """An alert from all columns of its row."""
    columns: dict[str, Any] = {**row}
    attribution = columns["attribution"]
    columns["evidence"] = read_alert_evidence(columns["kind"], columns["evidence"])
    columns["attribution"] = None if attribution is None else read_attribution(attribution)
    columns["delivered"] = _deliveries(columns["delivered"])
    if not isinstance(columns["resolution"], Mapping):
        columns["resolution"] = None
    return Alert(**columns)


def _deliveries(stored: object) -> list[Delivery]:
    """The events that were notified; what is no event is passed over.

    One alert whose list is broken would keep all others from being notified.
    """
    events = stored if isinstance(stored, list) else []
    return [event for event in events if isinstance(event, Mapping)]


def alerts_query() -> SelectOfFields:
    """The columns that `alert_of` reads."""
    return select_fields(Alert, AlertRow)


def add_alert(connection: Connection, new: NewAlert, *, opened_at_request: int) -> int | None:
    """Open an alert; None when one of the same cause is open or acknowledged."""
    return connection.execute(
        insert(AlertRow)
        .values(
            kind=new.evidence.kind,
            cause=new.cause,
            tier=new.tier,
            segment=new.segment,
            summary=new.summary,
            pairs=new.pairs,
            evidence=new.evidence.to_json(),
            opened_at_request=opened_at_request,
            state="open",
            delivered=[],
        )
        # The words and not a parameter: from the tenth time on a connection PostgreSQL plans for
        # any parameter, and then finds no index with this condition.
        .on_conflict_do_nothing(
            index_elements=[AlertRow.cause], index_where=text("state <> 'resolved'")
        )
        .returning(AlertRow.id)
    ).scalar_one_or_none()


def load_alert(connection: Connection, alert_id: int, *, lock: bool = False) -> Alert | None:
    """Return an alert or None."""
    query = alerts_query().where(AlertRow.id == alert_id)
    return _one(connection, query.with_for_update() if lock else query)


def unresolved_alert(connection: Connection, cause: str) -> Alert | None:
    """Return the open or acknowledged alert of a cause, or None."""
    return _one(
        connection,
        alerts_query().where(AlertRow.cause == cause, AlertRow.state != "resolved"),
    )


def unresolved_alerts(connection: Connection) -> list[Alert]:
    """Every open or acknowledged alert, oldest first."""
    return _all(
        connection, alerts_query().where(AlertRow.state != "resolved").order_by(AlertRow.id)
    )


def last_of_cause(connection: Connection, cause: str) -> Alert | None:
    """The newest alert of a cause, whatever its state."""
    query = alerts_query().where(AlertRow.cause == cause).order_by(AlertRow.id.desc()).limit(1)
    return _one(connection, query)


def of_same_cause(connection: Connection, alert: Alert) -> tuple[Alert | None, Alert | None]:
    """The alert of the same cause before this one, and the one after it."""
    query = alerts_query().where(AlertRow.cause == alert.cause).limit(1)
    return (
        _one(connection, query.where(AlertRow.id < alert.id).order_by(AlertRow.id.desc())),
        _one(connection, query.where(AlertRow.id > alert.id).order_by(AlertRow.id)),
    )


def put_silence(
    connection: Connection, alert_id: int, *, until: dt.datetime | None, actor: str
) -> None:
    """Do not notify again of an alert before a moment; None ends the silence."""
    connection.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id)
        .values(silenced_until=until, silenced_by=None if until is None else actor)
    )


def set_alert_state(
    connection: Connection,
    alert_id: int,
    state: Literal["acknowledged", "resolved"],
    *,
    actor: str,
    resolution: Mapping[str, object] | None = None,
) -> None:
    """Move an alert on."""
    who = {f"{state}_by": actor, f"{state}_at": func.now(), "resolution": resolution}
    connection.execute(update(AlertRow).where(AlertRow.id == alert_id).values(state=state, **who))


# The event that notifies of a state.
EVENT = {"open": "alert.opened", "acknowledged": "alert.acknowledged", "resolved": "alert.resolved"}


def unnotified_alerts(connection: Connection, *, limit: int = 100) -> list[Alert]:
    """Alerts of a version without an outbox, of whose present state nobody was notified; locked."""
    event = case(EVENT, value=AlertRow.state)
    notified = AlertRow.delivered.contains(
        func.jsonb_build_array(func.jsonb_build_object("type", event))
    )
    return _all(
        connection,
        alerts_query()
        .where(AlertRow.events == 0, ~notified)
        .order_by(AlertRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True),
    )


def alerts_to_repeat(connection: Connection, every_s: float, *, limit: int = 100) -> list[Alert]:
    """Open alerts of which people were last notified ``every_s`` ago or longer; locked."""
    last = func.coalesce(AlertRow.last_event_at, AlertRow.opened_at)
    return _all(
        connection,
        alerts_query()
        .where(
            AlertRow.state == "open",
            last <= func.now() - dt.timedelta(seconds=every_s),
            or_(AlertRow.silenced_until.is_(None), AlertRow.silenced_until <= func.now()),
        )
        .order_by(AlertRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True),
    )


def standing_alerts(
    connection: Connection, *, resolved_within: dt.timedelta, limit: int = 1_000
) -> list[Alert]:
    """Alerts that are not resolved, and those that were a moment ago; the newest, oldest first."""
    newest = (
        alerts_query()
        .where(
            or_(
                AlertRow.state != "resolved",
                AlertRow.resolved_at > func.now() - resolved_within,
            )
        )
        .order_by(AlertRow.id.desc())
        .limit(limit)
    )
    return _all(connection, newest)[::-1]


def claim_attribution(
    connection: Connection, *, hold: dt.timedelta, without: Collection[int] = ()
) -> Alert | None:
    """Claim the oldest unresolved misroute alert that is not attributed.

    None while any is held: an attribution asks a judge and every tier hundreds of questions, and
    the next alert may use what they answered.

    Args:
        connection: in a transaction.
        hold: how long nobody else may claim it.
        without: ids of alerts to leave alone.
    """
    held = select(AlertRow.id).where(
        AlertRow.attribution.is_(None),
        AlertRow.attribution_until > func.now(),
        AlertRow.state != "resolved",
    )
    if connection.execute(held.limit(1)).one_or_none() is not None:
        return None
    found = _one(
        connection,
        alerts_query()
        .where(
            AlertRow.kind == "misroute",
            AlertRow.state != "resolved",
            AlertRow.attribution.is_(None),
            or_(AlertRow.attribution_until.is_(None), AlertRow.attribution_until <= func.now()),
            AlertRow.id.not_in(without),
        )
        .order_by(AlertRow.id)
        .limit(1)
        .with_for_update(skip_locked=True),
    )
    if found is not None:
        hold_attribution(connection, found.id, hold)
    return found


def hold_attribution(connection: Connection, alert_id: int, hold: dt.timedelta) -> None:
    """Say for how long nobody else may attribute an alert; once it is attributed, nothing."""
    connection.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.attribution.is_(None))
        .values(attribution_until=func.now() + hold)
    )


def put_attribution(
    connection: Connection, alert_id: int, attribution: AttributionDocument
) -> None:
    """Write down what an alert is attributed to, once."""
    connection.execute(
        update(AlertRow)
        .where(AlertRow.id == alert_id, AlertRow.attribution.is_(None))
        .values(attribution=attribution.to_json(), attribution_until=func.now())
    )


def misroute_alert(connection: Connection, tier: str, task_type: str) -> Alert | None:
    """The unresolved misroute alert about a segment, or None.

    Of a tier's own threshold with task types it is that of the pooled stream.
    """
    alert = unresolved_alert(connection, f"misroute:{tier}:{task_type}")
    if alert is None and task_type == ALL_TASKS:
        return unresolved_alert(connection, f"misroute:{tier}:*")
    return alert


def _one(connection: Connection, query: SelectOfFields) -> Alert | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else alert_of(row)


def _all(connection: Connection, query: SelectOfFields) -> list[Alert]:
    return [alert_of(row) for row in connection.execute(query).mappings()]
