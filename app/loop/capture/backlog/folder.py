"""The folder of spools: each process has a file of its own, and adopts those of dead ones.

A process holds a lock beside its file for as long as it lives, and the system takes the lock away
when it ends, however it ends. So a lock that is to be had belongs to nobody who lives: containers
that share a volume have the same process ids, which tell nothing.
"""

import contextlib
import fcntl
import os
import re
import secrets
import socket
import time
from pathlib import Path
from typing import Final

import structlog

from tierwatch.faults import guard
from tierwatch.loop.capture.backlog.spool import UNREAD, Spool

_log = structlog.get_logger(__name__)

_PREFIX: Final = "capture-"
_SUFFIX: Final = ".jsonl"
# Spools of older versions were named by the port alone, and nobody locked them.
_OF_OLDER: Final = re.compile(r"capture-\d+\.jsonl")
_LONGEST_HOST: Final = 60


def spool_name(port: int) -> str:
    """A name that no other process has: by host, port, process id and start, with chance added."""
    host = re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:_LONGEST_HOST]
    return f"{host}-{port}-{os.getpid()}-{int(time.time())}-{secrets.token_hex(3)}"


class SpoolFolder:
    """The spools that this process drains. Used by one thread.

    Args:
        folder: made when the first batch has to wait.
        name: of this process alone, see `spool_name`.
        max_bytes: of this process's own file.
        port: where this process listens; a file that an older version left there is adopted.

    Attributes:
        own: the file of this process.
    """

    def __init__(self, folder: Path, *, name: str, max_bytes: int, port: int | None = None) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._name = name
        self._port = port
        self.own = Spool(folder / f"{_PREFIX}{name}{_SUFFIX}", max_bytes=max_bytes)
        self._own_lock: int | None = None
        self._adopted: dict[Path, tuple[Spool, int]] = {}

    def append(self, document: bytes) -> bool:
        """Add one batch to the own file; False when it would not fit.

        Raises:
            OSError: it could not be written.
        """
        if self._own_lock is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            with guard("spool: lock"):  # without one nobody adopts it; it is written all the same
                self._own_lock = _locked(self.own.path)
        return self.own.append(document)

    def adopt(self) -> None:
        """Take over the files of processes that live no longer."""
        if not self.folder.is_dir():
            return
        self._rename_older()
        for path in sorted(self.folder.glob(f"{_PREFIX}*{_SUFFIX}")):
            if path == self.own.path or path in self._adopted or _OF_OLDER.fullmatch(path.name):
                continue
            with guard("spool: adopt"):
                self._adopt(path)

    def waiting(self) -> list[Spool]:
        """The files in which something waits, those of dead processes first; the rest is let go."""
        for path, (spool, lock) in list(self._adopted.items()):
            if spool.empty:
                self._let_go(path, lock)
        spools = [*(spool for spool, _ in self._adopted.values()), self.own]
        return [spool for spool in spools if not spool.empty]

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait, the adopted ones included."""
        adopted = list(self._adopted.values())
        return self.own.waiting_bytes + sum(spool.waiting_bytes for spool, _ in adopted)

    def close(self) -> None:
        """Give the locks back, so that another process may adopt what is left."""
        for _, lock in self._adopted.values():
            os.close(lock)
        self._adopted.clear()
        if self._own_lock is not None:
            if self.own.empty:
                with contextlib.suppress(OSError):
                    _lock_path(self.own.path).unlink(missing_ok=True)
            os.close(self._own_lock)
            self._own_lock = None

    def _adopt(self, path: Path) -> None:
        lock = _locked(path)
        if lock is None:
            return
        spool = Spool(path, max_bytes=self._max_bytes)
        if spool.empty:  # drained by another between the listing and the lock
            self._let_go(path, lock)
            return
        self._adopted[path] = (spool, lock)
        _log.warning("a spool was adopted", file=path.name, bytes=spool.waiting_bytes)

    def _let_go(self, path: Path, lock: int) -> None:
        self._adopted.pop(path, None)
        with contextlib.suppress(OSError):
            # While it is held: who waits for the lock finds no spool behind it.
            _lock_path(path).unlink(missing_ok=True)
        os.close(lock)

    def _rename_older(self) -> None:
        """Give an older version's file on this port a name of its own.

        Should that gateway still live, it opens the file anew for each batch and goes on with
        another one; what both of them send counts once.
        """
        if self._port is None:
            return
        path = self.folder / f"{_PREFIX}{self._port}{_SUFFIX}"
        if path.exists():
            with guard("spool: adopt"):
                path.rename(path.with_name(f"{_PREFIX}of-{self._name}{_SUFFIX}"))


def spool_files(folder: Path) -> list[Path]:
    """Every spool in a folder, whoever it belongs to."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))


def unread_files(folder: Path) -> list[Path]:
    """Spools that were set aside, since a line in them was not understood."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}.{UNREAD}-*"))


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _locked(path: Path) -> int | None:
    """The lock of a spool, as an open file; None when a living process holds it.

    Raises:
        OSError: the file system knows no locks, or is full.
    """
    beside = _lock_path(path)
    lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another may have unlinked it in between: then this one locks out nobody.
        if os.fstat(lock).st_ino == beside.stat().st_ino:
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(lock)
        raise
    os.close(lock)
    return None
