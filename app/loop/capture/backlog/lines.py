"""Appending lines to a file, all of them or none, whatever the disk does."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def append_lines(path: Path, lines: bytes) -> None:
    """Add lines and have them on disk.

    Args:
        path: the file; made where it is missing, with its folder.
        lines: each ends in a line break.

    Raises:
        OSError: they could not be written. The file is as it was before; or, when also that could
            not be had, ends in a part of them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a buffer: closing the file would write what is left in one, after the cut.
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        # A line cut by a crash stays a line of its own.
        broken = b"\n" if size and not _ends_with_line_break(path) else b""
        try:
            rest = memoryview(broken + lines)
            while rest:  # a disk that fills up takes a part first, and says so at the next try
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), size)
            raise


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file without their breaks; empty ones are passed over."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield line.rstrip(b"\n")


def size_of(path: Path) -> int:
    """Bytes in a file; 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _ends_with_line_break(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
