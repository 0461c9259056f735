"""What was acknowledged and is not in Postgres yet: lines on disk, oldest first, with a bound.

It is made of the spools of capture, in a folder of its own: each file has a lock that dies with its
process, and another process adopts what a dead one left. A file that has grown is followed by the
next one, so that what is drained is given back to the disk while more comes.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from tierwatch.faults import guard
from tierwatch.loop.capture.backlog.folder import SpoolFolder, spool_name

_FOLDER: Final = "intake"
_SEGMENT_BYTES: Final = 32_000_000
# Lines that are handed over together.
_GROUP_BYTES: Final = 1_000_000


class Journal:
    """Appended to by one thread, drained by another.

    Args:
        spool_dir: its folder stands in this one.
        port: of this process.
        max_bytes: appending beyond this is refused.
        segment_bytes: a file that has grown to this is followed by the next one.
        group_bytes: lines are handed over together as soon as they have more than these.
    """

    def __init__(
        self,
        spool_dir: Path,
        *,
        port: int,
        max_bytes: int,
        segment_bytes: int = _SEGMENT_BYTES,
        group_bytes: int = _GROUP_BYTES,
    ) -> None:
        self._folder = spool_dir / _FOLDER
        self._port = port
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._group_bytes = group_bytes
        self._lock = threading.Lock()
        self._parts = deque([self._part()])

    def _part(self) -> SpoolFolder:
        return SpoolFolder(self._folder, name=spool_name(self._port), max_bytes=self._max_bytes)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait."""
        with self._lock:
            return sum(part.waiting_bytes for part in self._parts)

    def append(self, line: bytes) -> bool:
        """Add a line and have it on disk; False when there is no room for it.

        Raises:
            OSError: it could not be written.
        """
        if self.waiting_bytes + len(line) + 1 > self._max_bytes:
            return False
        with self._lock:
            if self._parts[-1].own.waiting_bytes >= self._segment_bytes:
                self._parts.append(self._part())
            part = self._parts[-1]
        return part.append(line)

    def drain(self, take: Callable[[list[bytes]], bool]) -> bool:
        """Hand lines to ``take`` in their order, several at a time, until some have to wait.

        Args:
            take: gives True when it is done with the lines; else all of them stay.

        Returns:
            Whether none had to wait.
        """
        with self._lock:
            parts = list(self._parts)
        for part in parts:
            for spool in part.waiting():
                with closing(spool.drain_together(self._group_bytes)) as groups:
                    for lines in groups:
                        if not take(lines):
                            return False
        self._let_go()
        return True

    def _let_go(self) -> None:
        with self._lock:
            while len(self._parts) > 1 and not self._parts[0].waiting():
                self._parts.popleft().close()

    def adopt(self) -> None:
        """Take over what processes left that live no longer."""
        with guard("intake: adopt"), self._lock:
            self._parts[0].adopt()

    def close(self) -> None:
        """Give the locks back, so that another process may adopt what is left."""
        with guard("intake: unlock"), self._lock:
            for part in self._parts:
                part.close()
