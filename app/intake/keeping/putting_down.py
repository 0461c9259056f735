"""Frames come from the journal and go to Postgres, each once: a thread of the intake.

The frames that wait are stored together: their calls are claimed and counted in one transaction, so
that one which its source sends again days later, or that is read again after a crash, adds nothing.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Engine

from tierwatch.dispatch import Dispatch
from tierwatch.faults import FAULTS, cause_of, guard, is_order
from tierwatch.intake.calls import REPEAT
from tierwatch.intake.keeping.frames import AdmittedCall, Frame, read_frame
from tierwatch.intake.keeping.journal import Journal
from tierwatch.loop.capture.away import is_away
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.backlog.merging import merged
from tierwatch.loop.capture.postgres import add_parts
from tierwatch.store.traffic.rollups import claim_flushes
from tierwatch.store.traffic.sources import (
    CALLS,
    SourceCount,
    add_source_counts,
    claim_calls,
)
from tierwatch.store.watched.seen_thresholds import SEEN, add_seen

_RETRY_S: Final = 1.0
# What a transaction costs does not depend on how many frames it stores, and nobody waits for it.
_GATHER_S: Final = 0.25
_ADOPT_EVERY_S: Final = 60.0
_REFUSED: Final = "refused"  # by Postgres: its letter has it


class PuttingDown:
    """Puts frames down. All but `start`, `stop`, `wake` and the attributes belongs to one thread.

    Args:
        engine: Postgres.
        dispatch: sends workers new exchanges.
        journal: where frames wait.
        letters: take what cannot be stored.
        after: called after each round in which Postgres was there, with how many calls were stored.

    Attributes:
        away: whether the last round found Postgres away.
        stored: calls that were counted.
        repeats: calls that were counted before.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        dispatch: Dispatch,
        journal: Journal,
        letters: DeadLetters,
        after: Callable[[int], None],
    ) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self._journal = journal
        self._letters = letters
        self._after = after
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake-store", daemon=True)
        self.away = False
        self.stored = 0
        self.repeats = 0

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, *, within_s: float) -> None:
        """Store what waits, and end; what Postgres does not take stays in the journal."""
        self._stop.set()
        self._wake.set()
        self._thread.join(within_s)

    def wake(self) -> None:
        """Say that something waits."""
        self._wake.set()

    def _run(self) -> None:
        since_adopted = _ADOPT_EVERY_S
        while True:
            stopping = self._stop.is_set()
            if since_adopted >= _ADOPT_EVERY_S:
                self._journal.adopt()
                since_adopted = 0.0
            self.round()
            if stopping:
                return
            if not self._wake.wait(_RETRY_S):
                since_adopted += _RETRY_S
            else:
                self._stop.wait(_RETRY_S if self.away else _GATHER_S)
            self._wake.clear()

    def round(self) -> None:
        """Store all that waits, until Postgres is away. Never raises."""
        with guard("intake: store") as tried:
            self.away = not self._journal.drain(self._take)
            if not self.away:
                self._after(self.stored)
        if tried.cause:
            self.away = True

    def _take(self, lines: list[bytes]) -> bool:
        """Whether lines are done with."""
        frames = [frame for line in lines if (frame := self._frame(line)) is not None]
        try:
            self._store(frames)
        except BaseException as error:
            if is_order(error):
                raise
            FAULTS.note("intake: store", error)
            return not is_away(error) and all(self._taken_alone(frame) for frame in frames)
        return True

    def _frame(self, line: bytes) -> Frame | None:
        """The frame of a line; one that cannot be read is a letter."""
        try:
            return read_frame(line)
        except ValueError as problem:
            FAULTS.note("intake: read the journal", problem)
            self._letters.keep(Letter("line", str(problem), line=line.decode("utf-8", "replace")))
            return None

    def _taken_alone(self, frame: Frame) -> bool:
        """Whether one of several frames is done with, that Postgres refuses together."""
        try:
            self._store([frame])
        except BaseException as error:
            if is_order(error):
                raise
            return not is_away(error) and self._apart(frame)
        return True

    def _apart(self, frame: Frame) -> bool:
        """Store a frame that Postgres refuses call by call; what it refuses alone is a letter.

        What was passed over comes last, with the frame's id: until that is there the frame is not
        done with, and calls that are stored are claimed.
        """
        counted = Frame((), frame.counted, frame.day, frame.flush_id)
        for part in (*(Frame((one,), {}, frame.day) for one in frame.calls), counted):
            try:
                self._store([part])
            except BaseException as error:
                if is_order(error):
                    raise
                if is_away(error):
                    return False
                document = part.calls[0].document if part.calls else None
                self._letters.keep(Letter("batch", cause_of(error), document))
                with guard("intake: count what was refused"):
                    kinds = {one.source: {_REFUSED: 1} for one in part.calls}
                    self._store([Frame((), kinds, frame.day)])
        return True

    def _store(self, frames: Sequence[Frame]) -> None:
        """Store frames in one transaction, without those of which the commit was not heard of."""
        with self._engine.begin() as connection:
            claimed = claim_flushes(connection, [frame.flush_id for frame in frames])
            by_id = {frame.flush_id: frame for frame in frames}
            new = [frame for flush_id, frame in by_id.items() if flush_id in claimed]
            calls = [one for frame in new for one in frame.calls]
            unseen = claim_calls(connection, {one.key for one in calls})
            fresh = [_taken_from(unseen, frame) for frame in new]
            added = [one for of_a_frame in fresh for one in of_a_frame]
            documents = [one.document for one in added if one.document is not None]
            sent = add_parts(connection, merged(documents)) if documents else []
            add_source_counts(
                connection,
                [row for pair in zip(new, fresh, strict=True) for row in _counts(*pair)],
            )
            add_seen(connection, _seen(added))
        self.stored += len(added)
        self.repeats += len(calls) - len(added)
        if sent:
            with guard("intake: dispatch"):
                self._dispatch.shadow_exchanges(sent)


def _taken_from(unseen: set[uuid.UUID], frame: Frame) -> list[AdmittedCall]:
    """The calls of a frame that are among the unseen ones, which they are no longer then."""
    taken = []
    for one in frame.calls:
        if one.key in unseen:
            unseen.remove(one.key)
            taken.append(one)
    return taken


def _seen(fresh: Sequence[AdmittedCall]) -> Counter[tuple[str, str]]:
    """Calls by their source and the thresholds that their router decided by."""
    return Counter(
        (one.source, what.removeprefix(SEEN))
        for one in fresh
        for what in one.whats
        if what.startswith(SEEN)
    )


def _counts(frame: Frame, fresh: Sequence[AdmittedCall]) -> list[SourceCount]:
    found: Counter[tuple[str, str]] = Counter()
    for source, kinds in frame.counted.items():
        for what, calls in kinds.items():
            found[source, what] += calls
    for one in frame.calls:
        found[one.source, REPEAT] += 1
    for one in fresh:
        found[one.source, REPEAT] -= 1
        found[one.source, CALLS] += 1
        for what in one.whats:
            if not what.startswith(SEEN):
                found[one.source, what] += 1
    return [
        SourceCount(frame.day, source, what, calls)
        for (source, what), calls in found.items()
        if calls
    ]
