"""Runs over evalsets: which are due, whose they are, which one others are compared with."""

import datetime as dt

from sqlalchemy import ColumnElement, Connection, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.checks import EvalsetRunRow
from tierwatch.store.schema.proposals import AlertRow

# Any number that no other program uses for an advisory lock on this database.
_RUN_LOCK = 7_431_203


def claim_run(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    model: str,
    set_version: str,
    why: str,
    every_s: float | None,
    fresh_after: dt.datetime | None,
    hold_s: float,
) -> int | None:
    """Start a run, or take over one whose worker died; None when there is nothing to do.

    Args:
        connection: inside the caller's transaction.
        kind: ``anchors`` or ``probes``.
        subject: the judge version or the tier.
        model: that answers.
        set_version: of the evalset.
        why: for people: the schedule, or the alert that asked.
        every_s: least seconds since the last run began; None for no such limit.
        fresh_after: a run that began after this is fresh enough; None asks for a new one.
        hold_s: seconds the run is this worker's.
    """
    connection.execute(select(func.pg_advisory_xact_lock(_RUN_LOCK)))
    until = func.clock_timestamp() + dt.timedelta(seconds=hold_s)
    last = connection.execute(
        select(
            EvalsetRunRow.id,
            EvalsetRunRow.ended_at,
            (EvalsetRunRow.until > func.clock_timestamp()).label("held"),
            EvalsetRunRow.started_at,
            func.extract("epoch", func.clock_timestamp() - EvalsetRunRow.started_at).label("age_s"),
        )
        .where(*_same(kind, subject, model, set_version))
        .order_by(EvalsetRunRow.id.desc())
        .limit(1)
    ).one_or_none()
    if last is not None and last.ended_at is None:
        if last.held:
            return None
        connection.execute(
            update(EvalsetRunRow).where(EvalsetRunRow.id == last.id).values(until=until)
        )
        return int(last.id)
    if last is not None and every_s is not None and last.age_s < every_s:
        return None
    if last is not None and fresh_after is not None and last.started_at > fresh_after:
        return None
    added = connection.execute(
        insert(EvalsetRunRow)
        .values(
            kind=kind, subject=subject, model=model, set_version=set_version, why=why, until=until
        )
        .returning(EvalsetRunRow.id)
    )
    return int(added.scalar_one())


def give_back_run(connection: Connection, run_id: int) -> None:
    """Let anybody take over a run that has not ended."""
    connection.execute(
        update(EvalsetRunRow)
        .where(EvalsetRunRow.id == run_id, EvalsetRunRow.ended_at.is_(None))
        .values(until=func.clock_timestamp())
    )


def run_age_s(connection: Connection, run_id: int) -> float:
    """Seconds since a run began; 0 where there is none."""
    age = func.extract("epoch", func.clock_timestamp() - EvalsetRunRow.started_at)
    found = connection.execute(select(age).where(EvalsetRunRow.id == run_id)).scalar_one_or_none()
    return 0.0 if found is None else float(found)


def end_run(connection: Connection, run_id: int) -> bool:
    """Mark a run as ended; False when it had ended already."""
    ended = connection.execute(
        update(EvalsetRunRow)
        .where(EvalsetRunRow.id == run_id, EvalsetRunRow.ended_at.is_(None))
        .values(ended_at=func.clock_timestamp())
        .returning(EvalsetRunRow.id)
    ).one_or_none()
    return ended is not None


def first_run(
    connection: Connection, *, kind: str, subject: str, model: str, set_version: str, cause: str
) -> int | None:
    """The first run that ended since an alert of this cause was last resolved.

    Later runs are compared with it; resolving the alert accepts what had changed.
    """
    resolved = (
        select(func.max(AlertRow.resolved_at)).where(AlertRow.cause == cause).scalar_subquery()
    )
    return connection.execute(
        select(func.min(EvalsetRunRow.id)).where(
            *_same(kind, subject, model, set_version),
            EvalsetRunRow.ended_at.is_not(None),
            or_(resolved.is_(None), EvalsetRunRow.started_at > resolved),
        )
    ).scalar_one()


def last_run(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    model: str,
    set_version: str,
    fresh_after: dt.datetime | None,
) -> int | None:
    """The newest run, if it has ended and began after ``fresh_after`` (whenever, if None)."""
    found = connection.execute(
        select(EvalsetRunRow.id, EvalsetRunRow.ended_at, EvalsetRunRow.started_at)
        .where(*_same(kind, subject, model, set_version))
        .order_by(EvalsetRunRow.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None or found.ended_at is None:
        return None
    if fresh_after is not None and found.started_at <= fresh_after:
        return None
    return int(found.id)


def _same(kind: str, subject: str, model: str, set_version: str) -> tuple[ColumnElement[bool], ...]:
    return (
        EvalsetRunRow.kind == kind,
        EvalsetRunRow.subject == subject,
        EvalsetRunRow.model == model,
        EvalsetRunRow.set_version == set_version,
    )
