"""Alerts as their list shows them: by filter, under the first of their incident, or by traffic."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, FromClause, or_, select, text

from tierwatch.evaluation.evidence.alert_evidence import ALERT_KINDS
from tierwatch.store.alerts import Alert, alert_of, alerts_query
from tierwatch.store.pages.affected import EVERY
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.schema.proposals import AlertRow

STATES: Final = ("unresolved", "open", "acknowledged", "resolved")
KINDS: Final = tuple(ALERT_KINDS)
# Nobody is called so: no name has a blank.
NOBODY: Final = "nobody at all"
# Whoever waits is served first: by what its segment got in this time.
LATELY: Final = dt.timedelta(hours=24)
_MOST_COMPARED: Final = 200


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are wanted; None, or empty, is no condition.

    Attributes:
        state: one of `STATES`.
        kind: one of `KINDS`.
        tier: that it is about.
        assigned_to: a user's name, or `NOBODY`.
        since: opened then or later.
        until: opened before.
    """

    state: str = ""
    kind: str = ""
    tier: str = ""
    assigned_to: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def conditions(self, alerts: FromClause) -> list[ColumnElement[bool]]:
        """As conditions on the table of alerts, or on an alias of it."""
        row, found = alerts.c, list[ColumnElement[bool]]()
        if self.state == "unresolved":
            found.append(row.state != "resolved")
        elif self.state:
            found.append(row.state == self.state)
        if self.kind:
            found.append(row.kind == self.kind)
        if self.tier:
            found.append(row.tier == self.tier)
        if self.assigned_to:
            nobody = self.assigned_to == NOBODY
            found.append(
                row.assigned_to.is_(None) if nobody else row.assigned_to == self.assigned_to
            )
        if self.since is not None:
            found.append(row.opened_at >= self.since)
        if self.until is not None:
            found.append(row.opened_at < self.until)
        return found


def filtered_alerts(
    connection: Connection, wanted: AlertFilter, *, before: int | None = None
) -> list[Alert]:
    """A page of alerts, newest first."""
    query = alerts_query().where(*wanted.conditions(AlertRow.__table__))
    if before is not None:
        query = query.where(AlertRow.id < before)
    found = connection.execute(query.order_by(AlertRow.id.desc()).limit(PAGE))
    return [alert_of(row) for row in found.mappings()]


def incident_heads(
    connection: Connection, wanted: AlertFilter, *, before: int | None = None
) -> list[Alert]:
    """A page of the first alerts of incidents, newest first, of which any alert is wanted."""
    member = AlertRow.__table__.alias()
    query = alerts_query().where(AlertRow.incident.is_(None))
    if conditions := wanted.conditions(member):
        of_it = or_(member.c.id == AlertRow.id, member.c.incident == AlertRow.id)
        query = query.where(select(member.c.id).where(of_it, *conditions).exists())
    if before is not None:
        query = query.where(AlertRow.id < before)
    found = connection.execute(query.order_by(AlertRow.id.desc()).limit(PAGE))
    return [alert_of(row) for row in found.mappings()]


def most_affected(
    connection: Connection, wanted: AlertFilter, *, now: dt.datetime
) -> list[tuple[Alert, int]]:
    """Unresolved alerts with the requests of their segments since the change, most first.

    Requests of the last 24 hours count, of at most 200 alerts, the newest; a page of them is given.
    """
    unresolved = alerts_query().where(
        AlertRow.state != "resolved", AlertRow.tier != "", *wanted.conditions(AlertRow.__table__)
    )
    found = connection.execute(unresolved.order_by(AlertRow.id.desc()).limit(_MOST_COMPARED))
    alerts = {alert.id: alert for alert in (alert_of(row) for row in found.mappings())}
    counted = requests_of(connection, list(alerts), now=now)
    lines = [(alert, counted.get(alert.id, 0)) for alert in alerts.values()]
    return sorted(lines, key=lambda line: (-line[1], -line[0].id))[:PAGE]


def requests_of(
    connection: Connection, alert_ids: Sequence[int], *, now: dt.datetime
) -> Mapping[int, int]:
    """Requests of alerts' segments since their change, of the last 24 hours; by alert."""
    found = connection.execute(
        text(
            """
            select a.id, sum(r.requests)::bigint as requests
            from alerts a join rollups r on r.tier = a.tier
             and r.minute >= greatest(coalesce(a.began_at, a.opened_at), :since)
             and (split_part(a.segment, '/', 2) = any(:every)
                  or r.task_type = split_part(a.segment, '/', 2))
            where a.id = any(:ids) group by a.id
            """
        ),
        {"ids": list(alert_ids), "since": now - LATELY, "every": list(EVERY)},
    )
    return {row.id: row.requests for row in found}


def tiers_of_alerts(connection: Connection) -> Sequence[str]:
    """Tiers that alerts were about, in alphabetical order: those of older files too."""
    found = connection.execute(select(AlertRow.tier).where(AlertRow.tier != "").distinct())
    return tuple(sorted(found.scalars()))
