"""When each scheduled step last ran to its end: what is silent is found by this."""

import datetime as dt

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.outbox import StepRunRow


def mark_run(connection: Connection, step: str) -> None:
    """Write down that a step has run to its end now."""
    new = insert(StepRunRow).values(step=step, ran_at=func.now())
    connection.execute(
        new.on_conflict_do_update(
            index_elements=[StepRunRow.step], set_={"ran_at": new.excluded.ran_at}
        )
    )


def mark_if_older(connection: Connection, step: str, age_s: float) -> bool:
    """Write down that a step runs now, unless it ran less than ``age_s`` ago; whether it is due.

    One statement, so that of two workers one is told so.
    """
    new = insert(StepRunRow).values(step=step, ran_at=func.now())
    due = connection.execute(
        new.on_conflict_do_update(
            index_elements=[StepRunRow.step],
            set_={"ran_at": new.excluded.ran_at},
            where=StepRunRow.ran_at <= func.now() - dt.timedelta(seconds=age_s),
        ).returning(StepRunRow.step)
    ).one_or_none()
    return due is not None


def last_runs(connection: Connection) -> dict[str, dt.datetime]:
    """When each step last ran to its end; one that never did is not in it."""
    found = connection.execute(select(StepRunRow.step, StepRunRow.ran_at).order_by(StepRunRow.step))
    return {row.step: row.ran_at for row in found}
