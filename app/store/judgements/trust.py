"""Whether judges were trusted when they were last weighed; read without a lock, by pages too."""

from sqlalchemy import Connection

from tierwatch.store.judgements.monitors import Monitor
from tierwatch.store.schema.judgements import MonitorRow
from tierwatch.store.schema.values import select_fields


def trust_of(connection: Connection, judge_version: str) -> Monitor | None:
    """What was kept of a judge version's trust, or None."""
    row = connection.execute(
        select_fields(Monitor, MonitorRow).where(
            MonitorRow.stream == f"trust|{judge_version}", MonitorRow.kind == "trust"
        )
    ).one_or_none()
    return None if row is None else Monitor(*row)


def newest_trust(connection: Connection) -> Monitor | None:
    """What was kept of the judge version that was weighed last, or None."""
    row = connection.execute(
        select_fields(Monitor, MonitorRow)
        .where(MonitorRow.kind == "trust")
        .order_by(MonitorRow.updated_at.desc(), MonitorRow.stream)
        .limit(1)
    ).one_or_none()
    return None if row is None else Monitor(*row)
