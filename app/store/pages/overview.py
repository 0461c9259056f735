"""What the overview adds up: failures, and what waits for a person."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.store.proposals import UNDECIDED
from tierwatch.store.reading.one_row import Part, read_part
from tierwatch.store.sums.hour_details import failure_sums

# What `failure_counts` shows of them.
MOST_FAILURES: Final = 50


def failure_counts(connection: Connection) -> dict[str, int]:
    """Exchanges that could not be shadowed or judged: ``step: reason`` -> count, most first.

    Twins apart: each belongs to an exchange that is counted.
    """
    return failure_sums(connection, most=MOST_FAILURES)


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


_LISTED = ", ".join(f"'{state}'" for state in UNDECIDED)
WAITING: Final = Part(
    (
        "(select count(*) from alerts where state <> 'resolved')",
        "(select count(*) from proposals where state = 'open')",
        f"(select count(*) from proposals where state in ({_LISTED}) and state <> 'open')",  # noqa: S608 - ours
    ),
    Waiting,
)


def open_counts(connection: Connection) -> Waiting:
    """How much waits for a person."""
    return read_part(connection, WAITING)
