"""A bounded file that holds captured batches while Postgres is away.

One JSON document a line, appended and read back in order. Draining keeps a cursor beside the
file, so a crash in the middle sends at most one batch twice; batches carry an id and are added
once.
"""

import os
from collections.abc import Iterator
from pathlib import Path


class Spool:
    """Append batches, then drain them in order. Used by one thread of one process.

    Args:
        path: the file; ``path`` + ``.cursor`` remembers how far it was drained.
        max_bytes: appending beyond this is refused.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._path = path
        self._cursor_path = path.with_suffix(path.suffix + ".cursor")
        self._max_bytes = max_bytes

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._path.exists() or self._path.stat().st_size <= self._cursor()

    def append(self, document: bytes) -> bool:
        """Add one batch (JSON without line breaks); False when it would not fit."""
        size = self._path.stat().st_size if self._path.exists() else 0
        if size + len(document) + 1 > self._max_bytes:
            return False
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            if size and not self._ends_with_line_break():
                file.write(b"\n")  # a line cut by a crash stays a line of its own
            file.write(document + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return True

    def drain(self) -> Iterator[bytes]:
        """Yield waiting batches in order; each counts as drained once the next is asked for.

        The file is removed when its end is reached.
        """
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._cursor())
            while line := file.readline():
                if line.strip():
                    yield line.rstrip(b"\n")
                self._cursor_path.write_text(str(file.tell()))
        self._path.unlink(missing_ok=True)
        self._cursor_path.unlink(missing_ok=True)

    def _cursor(self) -> int:
        try:
            return int(self._cursor_path.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def _ends_with_line_break(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
