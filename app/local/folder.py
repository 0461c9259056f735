"""The folder of an embedded stack: one owner at a time, and what is remembered between runs.

::

    postgres/  redis/     the data (postgres may be a link, see tierwatch.local.postgres)
    logs/<name>.log       what each process printed; earlier runs in .log.1 to .log.3
    run/<name>.json       the running processes, for whoever must stop them when we cannot
    credentials.json      random passwords, mode 0600
    ports.json            the ports of the last run, taken again when they are free
    stack.json            how commands beside a running stack reach it, mode 0600; gone when it ends
    lock                  held by the owner, and by its guard until nothing runs any more
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import psutil

from tierwatch.errors import StackError
from tierwatch.local import guard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STACK = "stack.json"

# A process that was sent SIGKILL still counts as running for some milliseconds.
_DYING_S = 0.5
# A killed owner's guard gives PostgreSQL 30 s and other processes 15 s each to end in order.
_GUARD_WITHIN_S = 90.0


class Folder:
    """A stack's folder; usable between `open` and `close`.

    Args:
        path: made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.run = self.path / "run"
        self._lock: IO[str] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def is_open(self) -> bool:
        """Whether we own it."""
        return self._lock is not None

    def open(self, *, say: Callable[[str], None]) -> None:
        """Becomes the owner, and stops what an earlier one left running. Idempotent.

        Raises:
            StackError: another process owns it, or it cannot be written.
        """
        if self.is_open:
            return
        try:
            # Others may pass through it, as PostgreSQL's user must; they may not list it.
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            for directory in (self.run, self.path / "logs"):
                directory.mkdir(mode=0o700, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise StackError(f"{self.path} cannot be used: {error}") from error
        try:
            self._acquire(lock)
            for record in guard.end_recorded(self.run):
                say(f"stopped {record.name} (process {record.pid}), left by an earlier run")
            self._guard = self._start_guard(lock)
        except BaseException:
            lock.close()
            raise
        self._lock = lock

    def keep_guard(self) -> None:
        """Starts the guard again if somebody stopped it."""
        if self._lock is not None and (self._guard is None or self._guard.poll() is not None):
            self._end_guard()
            self._guard = self._start_guard(self._lock)

    def publish(self, environment: Mapping[str, str]) -> None:
        """Writes down how commands beside this stack reach it, until it is given up.

        Raises:
            StackError: it cannot be written.
        """
        own = psutil.Process()
        self.save(
            STACK,
            {
                "pid": own.pid,
                "started": own.create_time(),
                "environment": dict(environment),
            },
        )

    def close(self) -> None:
        """Gives the folder up; whatever still has a record is stopped by the guard."""
        self._end_guard()
        if self._lock is not None:
            with suppress(OSError):  # a stale one is recognised by its process
                (self.path / STACK).unlink(missing_ok=True)
            self._lock.close()
        self._lock = None

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.path / "logs" / f"{name}.log"

    def load(self, name: str) -> dict[str, object]:
        """The JSON object kept in the file ``name``; empty when there is none.

        Raises:
            StackError: the file holds something else.
        """
        file = self.path / name
        try:
            state = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise StackError(f"{file} cannot be read ({error}): repair or delete it") from error
        if not isinstance(state, dict):
            raise StackError(f"{file} is not a JSON object: repair or delete it")
        return state

    def save(self, name: str, state: Mapping[str, object]) -> None:
        """Replaces the file ``name``, mode 0600, whole or not at all.

        Raises:
            StackError: it cannot be written, for example because the disk is full.
        """
        fresh = self.path / f"{name}.new"
        try:
            fresh.unlink(missing_ok=True)
            target = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(target, "w", encoding="utf-8") as file:
                json.dump(state, file, indent=1)
            fresh.replace(self.path / name)
        except OSError as error:
            raise StackError(f"{self.path / name} cannot be written: {error}") from error

    def secret(self, name: str) -> str:
        """A random secret, made when first asked for; 32 characters that need no quoting."""
        kept = self.load("credentials.json")
        if name not in kept:
            kept[name] = secrets.token_urlsafe(24)
            self.save("credentials.json", kept)
        return str(kept[name])

    def _acquire(self, lock: IO[str]) -> None:
        """Waits for the guard of a dead owner, never for a living one."""
        began = time.monotonic()
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            lock.seek(0)
            pid, _, started = lock.read().partition(" ")
            waited = time.monotonic() - began
            owned = bool(started) and lives(int(pid), float(started))
            if waited > (_DYING_S if owned else _GUARD_WITHIN_S):
                raise StackError(
                    f"a stack is already running in {self.path} (process {pid or 'unknown'}): "
                    "stop it, or use another folder"
                )
            time.sleep(0.05)
        lock.truncate(0)
        lock.write(f"{os.getpid()} {psutil.Process().create_time()}")
        lock.flush()

    def _start_guard(self, lock: IO[str]) -> subprocess.Popen[bytes]:
        log = os.open(self.log("guard"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603 - our own program, no shell
                [sys.executable, "-P", guard.__file__, str(self.run)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _end_guard(self) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
        self._guard = None


def lives(pid: int, started: float) -> bool:
    """Whether a process that started then runs, and is not another one of that number."""
    try:
        owner = psutil.Process(pid)
        return (
            owner.status() != psutil.STATUS_ZOMBIE
            and abs(owner.create_time() - started) < guard.CLOCK_SLACK_S
        )
    except psutil.Error:
        return False
