"""How the intake is, as one value."""

from collections.abc import Mapping
from typing import NamedTuple


class IntakeState(NamedTuple):
    """How the intake is.

    Attributes:
        alive: whether its threads run.
        away: whether Postgres was away at the last try.
        waiting_bytes: bodies in memory.
        journal_bytes: acknowledged, and on disk.
        stored: calls counted in Postgres.
        repeats: calls that were counted before.
        faults: exceptions that a guard noted, by what was done and their kind.
    """

    alive: bool
    away: bool
    waiting_bytes: int
    journal_bytes: int
    stored: int
    repeats: int
    faults: Mapping[tuple[str, str], int]

    @property
    def trouble(self) -> str:
        """What is wrong; "" where nothing is."""
        if not self.alive:
            return "a thread has ended"
        return "Postgres is away; batches wait on disk" if self.away else ""
