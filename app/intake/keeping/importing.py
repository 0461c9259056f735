"""Calls come from a file and go to the journal and to Postgres: the intake's way, in one thread.

Nobody waits for an answer here, so a group is stored before the next one is read. What the journal
has is kept: whoever drains it next, intake or import, stores what Postgres did not take.
"""

import datetime as dt
import time
from collections import Counter
from typing import Final, Self

from tierwatch.errors import DatabaseError
from tierwatch.faults import FAULTS, guard
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.intake.calls import Readings
from tierwatch.intake.keeping.admitting import Admitting
from tierwatch.intake.keeping.frames import AdmittedCall, Frame, add_counts
from tierwatch.intake.keeping.journal import Journal
from tierwatch.intake.keeping.putting_down import PuttingDown
from tierwatch.intake.keeping.receiving import UNADMITTED

# Calls of a transaction: a frame with the texts of all of them stands in memory.
GROUP: Final = 500


class Importing:
    """Stores what was read of a file. Used by one thread, as a context.

    Args:
        source: what the calls are counted under.
        current: the router, asked for its policies once, at the begin.
        admitting: makes of a call what is stored.
        journal: where groups wait for Postgres.
        putting_down: empties the journal; its thread is not started.

    Attributes:
        counted: what was passed over, by kind.
    """

    def __init__(
        self,
        source: str,
        *,
        current: CurrentRouter,
        admitting: Admitting,
        journal: Journal,
        putting_down: PuttingDown,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._source = source
        self._current = current
        self._admitting = admitting
        self._journal = journal
        self._putting_down = putting_down
        self._calls: list[AdmittedCall] = []
        self._unsaid: Counter[str] = Counter()

    def __enter__(self) -> Self:
        """Store what others left, and sample as Postgres says.

        Raises:
            DatabaseError: Postgres is away.
        """
        self._current.refresh()
        self._journal.adopt()
        try:
            self._store()
        except DatabaseError:
            self._journal.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._journal.close()

    @property
    def stored(self) -> int:
        """Calls that were counted."""
        return self._putting_down.stored

    @property
    def repeats(self) -> int:
        """Calls that were counted before."""
        return self._putting_down.repeats

    @property
    def full(self) -> bool:
        """Whether a group is to be written."""
        return len(self._calls) >= GROUP

    def add(self, readings: Readings) -> None:
        """Take what was read into the group; a call that cannot be admitted is counted."""
        self._unsaid.update(readings.counted)
        now = time.time()
        for call in readings.calls:
            with guard("import: admit") as tried:
                self._calls.append(self._admitting.admit(call, self._source, now))
            self._unsaid[UNADMITTED] += bool(tried.cause)

    def write(self) -> None:
        """Put the group on disk and into Postgres. What was added before is then kept for good.

        Raises:
            DatabaseError: Postgres is away; the group waits on disk. Or there is no room for it.
        """
        counted: dict[str, Counter[str]] = {}
        add_counts(counted, self._source, +self._unsaid)
        if not self._calls and not counted[self._source]:
            return
        day = dt.datetime.fromtimestamp(time.time(), dt.UTC).date()
        try:
            kept = self._journal.append(Frame(self._calls, counted, day).line)
        except OSError as problem:
            raise DatabaseError(f"the journal cannot be written: {problem}") from problem
        if not kept:
            raise DatabaseError(
                "the journal is full (TIERWATCH_SPOOL_MAX_MB); start Postgres, which empties it"
            )
        self.counted += self._unsaid
        self._calls, self._unsaid = [], Counter()
        self._store()

    def _store(self) -> None:
        self._putting_down.round()
        if self._putting_down.away:
            causes = [cause for done, cause in FAULTS.counts() if done == "intake: store"]
            why = f" ({causes[-1]})" if causes else ""
            raise DatabaseError(
                f"Postgres cannot be used{why}; what was read waits on disk, and whoever runs next,"
                " the intake or this command, stores it"
            )
