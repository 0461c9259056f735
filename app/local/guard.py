"""Stops what a stack left running: run as a program beside each stack, and by the next start.

The stack holds the other end of this program's standard input. When the stack's process ends,
however it ends (kill -9 included), the operating system closes that end, the read below returns,
and every process with a record is stopped, newest first, with its own stop signal. Unlike Linux's
PR_SET_PDEATHSIG this works on every POSIX system, does not depend on which thread started a child,
and lets PostgreSQL shut down cleanly. The program also inherits the stack's lock, so that the next
start waits until it has finished.

This file imports nothing of ours: it is started by path and must be up in milliseconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# Linux derives a process's start from the boot time, which follows clock corrections.
CLOCK_SLACK_S = 1.0
KILL_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One running process, as remembered in ``run/<name>.json``.

    Attributes:
        order: position in the stack; the highest is stopped first.
        started: epoch seconds; tells the process from a later one of that pid.
        program: file name of what was started.
        home: working directory that belongs to ``program`` alone, or None.
    """

    name: str
    order: int
    pid: int
    started: float
    program: str
    stop_signal: int
    stop_within_s: float
    home: str | None

    def save(self, run: Path) -> None:
        """Writes the record into the folder ``run``, whole or not at all."""
        fresh = run / f"{self.name}.new"
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(run / f"{self.name}.json")


def load_records(run: Path) -> list[Record]:
    """The records in the folder ``run``, in the order in which they must be stopped."""
    records = []
    for file in run.glob("*.json"):
        # A record that another version wrote, or that was cut, names no process we may touch.
        with contextlib.suppress(ValueError, TypeError):
            records.append(Record(**json.loads(file.read_text(encoding="utf-8"))))
    return sorted(records, key=lambda record: record.order, reverse=True)


def find(record: Record) -> psutil.Process | None:
    """The running process that the record speaks of, or None when it ended or the pid is reused.

    The command line does not tell: a worker becomes Celery by exec, others rename themselves. What
    a process cannot change is when it started, and that it leads the session it was started in.
    """
    try:
        process = psutil.Process(record.pid)
        same = (
            abs(process.create_time() - record.started) < CLOCK_SLACK_S
            and os.getsid(record.pid) == record.pid
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, OSError):
        return None
    return process if same else None


def in_home(program: str, home: str) -> list[psutil.Process]:
    """Running processes called ``program`` whose working directory is ``home``.

    A PostgreSQL backend leaves its server's session, and outlives a killed server until its query
    ends; its working directory, the cluster, still gives it away.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # ended meanwhile, or another user's
            if (
                process.name() == program
                and process.status() != psutil.STATUS_ZOMBIE
                and process.cwd() == home
            ):
                found.append(process)
    return found


def _in_session(record: Record) -> list[psutil.Process]:
    """Running processes of the session that the recorded process opened, itself included."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):  # ended meanwhile
            if (
                os.getsid(process.pid) == record.pid
                and process.create_time() > record.started - CLOCK_SLACK_S
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
    return found


def kill(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Sends SIGKILL and waits; returns those that are still there after `KILL_WITHIN_S`."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    deadline = time.monotonic() + KILL_WITHIN_S
    while (
        left := [p for p in processes if p.is_running() and not _is_gone(p.pid)]
    ) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def end(record: Record, *, ours: bool = False) -> list[psutil.Process]:
    """Stops the recorded process: its stop signal, its time to obey, then SIGKILL for all of it.

    Args:
        record: the process.
        ours: it is our own child and we have not asked for its exit code yet, so that its pid
            cannot have been given to another process.

    Returns:
        What could not be killed; empty in every ordinary case.
    """
    known = ours or find(record) is not None
    if known and not _is_gone(record.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, record.stop_signal)
        deadline = time.monotonic() + record.stop_within_s
        while (ours or find(record)) and not _is_gone(record.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
    rest = []
    if known or _is_gone(record.pid):  # else the session of that number is somebody else's by now
        rest += _in_session(record)
    if record.home is not None:
        rest += in_home(record.program, record.home)
    return kill(rest)


def end_recorded(run: Path) -> list[Record]:
    """Stops every process with a record in the folder ``run`` and removes the records.

    Returns:
        The records whose process was still running.
    """
    ended = []
    for record in load_records(run):
        if find(record) is not None:
            ended.append(record)
        end(record)
    for file in run.glob("*.json"):
        file.unlink(missing_ok=True)
    return ended


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def main(run: Path) -> None:
    """Waits for the end of the stack's process, then stops what it left behind."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_recorded(run)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
