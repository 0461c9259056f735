"""A bounded file of what could not be written, alone and for the second time.

A letter holds a batch document of its own with what it is about, so that putting it back is one
transaction, and putting it back twice adds it once. An exchange in here is counted as dropped, and
its letter takes that back together with the row. What could not be redacted is never in here: of
such an exchange the figures stay.

Several processes may share the file. Whoever adds to it, or takes it away to go through it, holds
the lock beside it meanwhile.
"""

import contextlib
import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tierwatch.faults import guard
from tierwatch.loop.capture.backlog.lines import append_lines, size_of, whole_lines
from tierwatch.loop.capture.document import BatchDocument
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_bytes import read_json, write_json

_FILE: Final = "dead-letters.jsonl"
_TAKEN: Final = "dead-letters.taken-*.jsonl"
# Who holds the lock is writing a few kilobytes.
_LOCK_WITHIN_S: Final = 1.0
_LOCK_EVERY_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Letter:
    """What could not be written.

    Attributes:
        what: ``exchange | direct | count | boundary | weight | outside | attempt | batch | line |
            redaction``.
        cause: the kind of exception, or what is wrong with a line; never its text.
        document: what putting it back adds; None where nothing can be put back as it is.
        line: a line of a spool that could not be read, as it stood there.
        about: figures of an exchange that could not be redacted.
        at: epoch seconds.
    """

    what: str
    cause: str
    document: BatchDocument | None = None
    line: str = ""
    about: Json | None = None
    at: float = 0.0

    @property
    def exchange_ids(self) -> list[str]:
        """Ids of the exchanges in it."""
        if self.about is not None:
            return [str(self.about.get("id"))]
        rows = [] if self.document is None else self.document["exchanges"]
        return [str(row.get("id")) for row in rows if isinstance(row, dict)]


@dataclass(frozen=True, slots=True)
class Summary:
    """The letters of a folder: how many, how old, of what; ``unread`` lines are none of ours."""

    count: int
    oldest_at: float | None
    causes: Counter[tuple[str, str]]
    unread: int


class DeadLetters:
    """The file of a folder. Used by one thread of each process.

    Args:
        folder: made when the first letter comes.
        max_bytes: a letter beyond this is refused.

    Attributes:
        kept: letters added by this process.
        refused: letters that found no room, or that could not be written.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._path = folder / _FILE
        self._max_bytes = max_bytes
        self.kept = 0
        self.refused = 0

    def keep(self, letter: Letter) -> bool:
        """Add a letter; False, and counted, when there is no way. Never raises."""
        with guard("dead letters: keep"):
            line = write_json(
                {
                    "version": 1,
                    "at": letter.at or time.time(),
                    "what": letter.what,
                    "cause": letter.cause,
                    "document": letter.document,
                    "line": letter.line,
                    "about": letter.about,
                }
            )
            with self._locked():
                if size_of(self._path) + len(line) + 1 <= self._max_bytes:
                    append_lines(self._path, line + b"\n")
                    self.kept += 1
                    return True
        self.refused += 1
        return False

    def letters(self) -> Iterator[Letter | None]:
        """Every letter, also those that a broken-off `put_back` took; None for another's line."""
        for path in [*sorted(self._folder.glob(_TAKEN)), self._path]:
            for line in whole_lines(path):
                yield _letter(line)

    def summary(self) -> Summary:
        """How many there are, of what, and since when."""
        causes: Counter[tuple[str, str]] = Counter()
        oldest: float | None = None
        unread = 0
        for letter in self.letters():
            if letter is None:
                unread += 1
                continue
            causes[letter.what, letter.cause] += 1
            oldest = letter.at if oldest is None else min(oldest, letter.at)
        return Summary(causes.total(), oldest, causes, unread)

    def put_back(self, write: Callable[[Letter], None]) -> tuple[int, int]:
        """Try every letter again; those for which ``write`` raises are kept.

        The file is taken away first, so that a gateway may add to a new one meanwhile.

        Returns:
            How many were put back, and how many are left.

        Raises:
            OSError: the folder cannot be written; nothing is lost.
        """
        with self._locked():
            if self._path.exists():
                self._path.rename(self._folder / _TAKEN.replace("*", str(time.time_ns())))
        done = left = 0
        for path in sorted(self._folder.glob(_TAKEN)):
            lines = list(whole_lines(path))
            keep = []
            for line in lines:
                letter = _letter(line)
                with guard("dead letters: put back") as tried:
                    if letter is None:
                        raise ValueError("not a letter of this version")
                    write(letter)
                if tried.cause:
                    keep.append(line + b"\n")
            done += len(lines) - len(keep)
            left += len(keep)
            with self._locked():
                if keep:
                    append_lines(self._path, b"".join(keep))
                path.unlink()
        return done, left

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._folder / "dead-letters.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            until = time.monotonic() + _LOCK_WITHIN_S
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(_LOCK_EVERY_S)
            yield
        finally:
            os.close(lock)


def _letter(line: bytes) -> Letter | None:
    """The letter, or None for what no version that is known wrote."""
    try:
        read = read_json(line)
        if read["version"] != 1:
            return None
        return Letter(
            what=str(read["what"]),
            cause=str(read["cause"]),
            document=_with_all_parts(read["document"]),
            line=str(read["line"]),
            about=read["about"],
            at=float(read["at"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _with_all_parts(document: object) -> BatchDocument | None:
    """The document of a letter; those of an older version have fewer parts."""
    if not isinstance(document, dict):
        return None
    whole: JsonValue = {"outside": [], "weights": [], "direct": [], **document}
    taken: BatchDocument = whole
    return taken
