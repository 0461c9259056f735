"""Batches on their way to Postgres: in memory for a second, on disk while it is away.

A batch keeps its flush id wherever it waits and whatever is taken out of it, since it may have been
committed without our hearing of it: of two copies one is added. Only what certainly never reached
Postgres or the disk is merged with others.
"""

from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from tierwatch.faults import FAULTS, guard
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.backlog.folder import SpoolFolder
from tierwatch.loop.capture.backlog.merging import merged
from tierwatch.loop.capture.backlog.spool import Spool, SpoolFullError
from tierwatch.loop.capture.document import BatchDocument, read_document, without_exchanges
from tierwatch.wire.json_bytes import write_json

# Held in memory while the disk takes nothing; as objects it is some ten times that.
_MOST_HELD_BYTES: Final = 16_000_000


@dataclass(slots=True)
class _Held:
    """A batch in memory; ``tried`` once it may be in Postgres or on disk as well."""

    document: BatchDocument
    tried: bool = False
    on_disk: bool = False
    size: int = 0

    @property
    def mergeable(self) -> bool:
        return not self.tried and not self.document["exchanges"]


class Waiting:
    """Batches that wait, oldest first. Used by one thread.

    Args:
        spools: where they wait while Postgres is away.
        letters: take lines that cannot be read.

    Attributes:
        dropped: exchanges that found no place.
    """

    def __init__(self, spools: SpoolFolder, letters: DeadLetters) -> None:
        self._spools = spools
        self._letters = letters
        self._held: deque[_Held] = deque()
        self.dropped = 0

    def put(self, document: BatchDocument) -> None:
        """Add a batch, in memory."""
        self._held.append(_Held(document))

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._held and not self._on_disk()

    @property
    def only_fresh(self) -> bool:
        """Whether nothing waits but the batch that was put last."""
        return len(self._held) <= 1 and not self._on_disk()

    def drain(self, commit: Callable[[BatchDocument], bool]) -> bool:
        """Hand batch after batch to ``commit``, until one has to wait. A file that fails is passed.

        Args:
            commit: gives True when it is done with the batch; else it stays.

        Returns:
            Whether none had to wait.
        """
        for spool in self._on_disk():
            with guard("capture: drain the spool"), closing(spool.drain()) as lines:
                for line in lines:
                    document = self._read(line, spool)
                    if document is not None and not commit(document):
                        return False
        while self._held:
            held = self._held[0]
            held.tried = True
            if not commit(held.document):
                return False
            if self._held and self._held[0] is held:  # a stop may have moved it to disk
                self._held.popleft()
        return True

    def _on_disk(self) -> list[Spool]:
        with guard("capture: see the spools"):
            return self._spools.waiting()
        return []

    def settle(self) -> None:
        """Move what is in memory to disk; what finds no place is counted as dropped."""
        held, self._held = self._held, deque()
        takes = True
        while held:
            one = held.popleft()
            takes = takes and self._offer(one)
            if not one.on_disk:
                self._held.append(one)
        self._bound()

    def _read(self, line: bytes, spool: Spool) -> BatchDocument | None:
        """The document of a line; one that cannot be read is set aside as it stands."""
        try:
            return read_document(line)
        except ValueError as problem:
            FAULTS.note("capture: read the spool", problem)
            text = line.decode("utf-8", "surrogateescape")
            if not self._letters.keep(Letter("line", str(problem), line=text)):
                spool.set_aside()
            return None

    def _offer(self, held: _Held) -> bool:
        """Offer a batch to the disk, with its exchanges or without; False when it takes nothing."""
        with guard("capture: spool") as offered:
            line = write_json(held.document)
            held.size = len(line)
            before, held.tried = held.tried, True
            held.on_disk = self._spools.append(line)
            if not held.on_disk:
                held.tried = before
                # Its limit is reached. Counts are small, but would fill it in the end as well.
                self._drop(held)
        return not offered.cause

    def _bound(self) -> None:
        """Drop the newest exchanges beyond what memory may hold, and merge what has only counts."""
        size = 0
        for held in self._held:
            if not held.size and held.document["exchanges"]:
                with guard("capture: measure"):
                    held.size = len(write_json(held.document))
            size += held.size
            if size > _MOST_HELD_BYTES:
                self._drop(held)
        bare = [one.document for one in self._held if one.mergeable]
        if len(bare) > 1:
            counted = _Held(merged(bare))
            self._held = deque(one for one in self._held if not one.mergeable)
            self._held.append(counted)

    def _drop(self, held: _Held) -> None:
        dropped = len(held.document["exchanges"])
        if dropped:
            held.document = without_exchanges(held.document)
            held.size = 0
            self.dropped += dropped
            FAULTS.note("capture: spool", SpoolFullError())
