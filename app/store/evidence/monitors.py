"""State of the monitors, by stream: written by whoever watches, read by the report."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.evidence import MonitorRow


def load_monitor(connection: Connection, stream: str) -> Any:
    """Return a stream's row, locked, or None."""
    return connection.execute(
        select(*MonitorRow.__table__.columns).where(MonitorRow.stream == stream).with_for_update()
    ).one_or_none()


def put_monitor(connection: Connection, **columns: Any) -> None:
    """Write a stream's state."""
    new = insert(MonitorRow).values(**columns, updated_at=func.now())
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[MonitorRow.stream],
            set_={
                name: new.excluded[name]
                for name in ("state", "pairs", "losses", "newest_request_no", "alarmed", "estimate")
            }
            | {"updated_at": func.now()},
        )
    )


def forget_monitors(
    connection: Connection, kind: str, *, tier: str | None = None, task_type: str | None = None
) -> None:
    """Start streams of a kind anew, as after an alert was resolved; of one segment if named."""
    gone = delete(MonitorRow).where(MonitorRow.kind == kind)
    if tier is not None:
        gone = gone.where(MonitorRow.tier == tier)
    if task_type is not None:
        gone = gone.where(MonitorRow.task_type == task_type)
    connection.execute(gone)


def streams_in_force(
    connection: Connection, tier: str, *, model: str, judge_version: str
) -> Sequence[Any]:
    """A tier's misroute streams of now: under a policy in force, of this model and judge."""
    return connection.execute(
        text(
            "select m.* from monitors m join active_policy a"
            " on m.policy_version in (a.stable_version, a.candidate_version)"
            " where m.kind = 'misroute' and m.tier = :tier and m.estimate is not null"
            " and m.judge_version = :judge and split_part(m.stream, '|', 4) in (:model, '')"
        ),
        {"tier": tier, "model": model, "judge": judge_version},
    ).all()
