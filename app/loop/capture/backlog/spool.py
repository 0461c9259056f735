"""A bounded file that holds captured batches while Postgres is away.

One JSON document a line, appended and read back in order. Draining keeps a cursor, and a copy of it
beside the file, so a crash in the middle sends at most one batch twice; batches carry an id and are
added once.
"""

import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

from tierwatch.faults import guard
from tierwatch.loop.capture.backlog.lines import append_lines, size_of

# Part of the name of files in which something was not understood, and that nobody drains.
UNREAD: Final = "unread"


class SpoolFullError(Exception):
    """A spool has reached its limit; noted, never raised."""


class Spool:
    """Append batches, then drain them in order. Drained by one thread of one process.

    Args:
        path: the file; ``path`` + ``.cursor`` remembers how far it was drained.
        max_bytes: appending beyond this is refused.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self.path = path
        self._cursor_path = path.with_suffix(path.suffix + ".cursor")
        self._max_bytes = max_bytes
        # At a stop the main thread appends what the writer's is stuck with.
        self._lock = threading.Lock()
        self._read_to: int | None = None
        self._set_aside = False

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait."""
        return max(0, size_of(self.path) - self._cursor())

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return self.waiting_bytes == 0

    def append(self, document: bytes) -> bool:
        """Add one batch (JSON without line breaks); False when it would not fit.

        Raises:
            OSError: it could not be written, and the file is as it was before; or, when also that
                could not be had, ends in a part of the batch.
        """
        with self._lock:
            if size_of(self.path) + len(document) + 1 > self._max_bytes:
                return False
            append_lines(self.path, document + b"\n")
            return True

    def drain(self) -> Generator[bytes, None, None]:
        """Yield waiting batches in order; each counts as drained once the next is asked for.

        The file is removed when its end is reached.
        """
        for lines in self.drain_together(1):
            yield from lines

    def drain_together(self, group_bytes: int) -> Generator[list[bytes], None, None]:
        """As `drain`, several at a time, which count as drained together.

        Args:
            group_bytes: lines are added to a group until it has more than these.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._cursor())
            while True:
                while read := file.readlines(group_bytes):
                    if lines := [line.rstrip(b"\n") for line in read if line.strip()]:
                        yield lines
                    self._keep_cursor(file.tell())
                with self._lock:
                    if size_of(self.path) > file.tell():
                        continue  # appended to meanwhile
                    self._remove()
                    return

    def set_aside(self) -> None:
        """Rename the file at its end instead of removing it: a line in it was not understood."""
        self._set_aside = True

    def _remove(self) -> None:
        """Remove the drained file; where that fails the cursor says that nothing waits.

        The cursor's copy goes first: left behind, it would hide what the next file begins with.
        """
        with guard("spool: remove"):
            self._cursor_path.unlink(missing_ok=True)
            if self._set_aside:
                self.path.rename(f"{self.path}.{UNREAD}-{time.time_ns()}")
            else:
                self.path.unlink(missing_ok=True)
            self._read_to = 0
            self._set_aside = False

    def _keep_cursor(self, read_to: int) -> None:
        """Remember how far was read; the copy on disk may fail: a batch sent twice counts once."""
        self._read_to = read_to
        with guard("spool: keep the cursor"):
            self._cursor_path.write_text(str(read_to))

    def _cursor(self) -> int:
        if self._read_to is None:
            try:
                self._read_to = int(self._cursor_path.read_text())
            except (FileNotFoundError, ValueError):
                self._read_to = 0
        if self._read_to > size_of(self.path):  # somebody took the file away
            self._read_to = 0
        return self._read_to
