"""What the overview adds up: failures, and what waits for a person."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.store.proposals import UNDECIDED
from tierwatch.store.sums.hour_details import failure_sums


def failure_counts(connection: Connection) -> dict[str, int]:
    """Exchanges that could not be shadowed or judged: ``step: reason`` -> count, most first.

    Twins apart: each belongs to an exchange that is counted.
    """
    return failure_sums(connection, most=50)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a person, counted and not listed: lists are pages.

    Attributes:
        alerts: not resolved.
        proposals: to be decided.
        moving: proposals that are approved or being rolled out.
    """

    alerts: int = 0
    proposals: int = 0
    moving: int = 0


def open_counts(connection: Connection) -> Waiting:
    """How much waits for a person."""
    row = connection.execute(
        text(
            "select (select count(*) from alerts where state <> 'resolved') as alerts,"
            " count(*) filter (where state = 'open') as proposals,"
            " count(*) filter (where state <> 'open') as moving"
            " from proposals where state = any(:undecided)"
        ),
        {"undecided": list(UNDECIDED)},
    ).one()
    return Waiting(row.alerts, row.proposals, row.moving)
