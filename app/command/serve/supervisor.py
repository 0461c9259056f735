"""One gateway in several processes: start them, keep them, renew them one by one, end them.

Each process has a socket of its own on the gateway's port (SO_REUSEPORT), made here and handed on:
it outlives the process, so that what the kernel accepts while one process ends and the next one
begins waits for the next one and is not reset.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from tierwatch.errors import StackError, TierwatchError
from tierwatch.stop_signals import StopSignals

# For imports and Postgres's first answer, on a busy machine.
_READY_S = 60.0
_TICK_S = 0.1
# Before a process that died is started again: at once for the first within a minute, then growing.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_MINUTE_S = 60.0
# Beyond this pause callers do not wait: the socket is closed, and the others get its share.
_PATIENCE_S = 1.0

_log = structlog.get_logger(__name__)

Listen = Callable[[], list[socket.socket]]
# Is given a slot, its listening sockets and a read end that is closed when this process is gone.
Command = Callable[["Slot", Sequence[int], int], list[str]]


@dataclass(slots=True)
class Slot:
    """The place of one process.

    Attributes:
        number: names it in metrics.
        listeners: its sockets, also while no process has them.
        running: its process, if it has one.
        due: when to start another, seconds of the monotonic clock.
        deaths: times of the last unexpected ends.
    """

    number: int
    listeners: list[socket.socket] = field(default_factory=list)
    running: subprocess.Popen[bytes] | None = None
    due: float | None = None
    deaths: deque[float] = field(default_factory=deque)


class Supervisor:
    """Runs the processes of one gateway. Use it in the main thread.

    Args:
        processes: how many.
        listen: makes sockets on the gateway's port, shared with its others.
        command: what a process is started as.
        check: raises what is wrong with the file, before it is given to new processes.
        folder: of the processes' Unix sockets; one that serves has its own there.
        stop_within_s: a process ends in this time, or is killed.
    """

    def __init__(
        self,
        processes: int,
        *,
        listen: Listen,
        command: Command,
        check: Callable[[], object],
        folder: Path,
        stop_within_s: float,
    ) -> None:
        self._listen = listen
        self._command = command
        self._check = check
        self._folder = folder
        self._stop_within_s = stop_within_s
        self._slots = [Slot(number) for number in range(processes)]
        self._leaving: list[tuple[subprocess.Popen[bytes], float]] = []
        self._alive, self._held = os.pipe()
        self._renew = False

    def run(self) -> None:
        """Serve until a signal.

        Raises:
            StackError: the port is taken, or the first processes do not come up.
        """
        hangup = signal.signal(signal.SIGHUP, self._note_hangup)
        try:
            with StopSignals(numbers=(signal.SIGINT, signal.SIGTERM)) as signals:
                try:
                    self._begin(signals)
                    while not signals.asked:
                        self._tick(signals)
                        signals.wait(_TICK_S)
                finally:
                    self._end(signals)
        finally:
            signal.signal(signal.SIGHUP, hangup)

    def _note_hangup(self, *_: object) -> None:
        self._renew = True

    def _begin(self, signals: StopSignals) -> None:
        for slot in self._slots:
            slot.listeners = self._listen()
            slot.running = self._spawn(slot)
        for slot in self._slots:
            if not self._comes_up(slot, slot.running, signals) and not signals.asked:
                raise StackError("a gateway process did not come up; its log above says why")
        _log.info("gateway processes serve", processes=len(self._slots))

    def _tick(self, signals: StopSignals) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.running is not None and slot.running.poll() is not None:
                self._note_death(slot, slot.running.returncode, now)
            if slot.running is None and slot.due is not None and slot.due <= now:
                slot.listeners = slot.listeners or self._listen()
                slot.running, slot.due = self._spawn(slot), None
        self._reap(now)
        if self._renew:
            self._renew = False
            self._roll(signals)

    def _note_death(self, slot: Slot, code: int, now: float) -> None:
        while slot.deaths and slot.deaths[0] < now - _MINUTE_S:
            slot.deaths.popleft()
        pause_s = 0.0
        if slot.deaths:
            pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (len(slot.deaths) - 1))
        slot.deaths.append(now)
        if pause_s >= _PATIENCE_S:
            _close(slot)
        self._socket(slot).unlink(missing_ok=True)  # one that was killed leaves it
        slot.running, slot.due = None, now + pause_s
        _log.error(
            "a gateway process ended; it is started again",
            process=slot.number,
            exit_code=code,
            in_s=pause_s,
        )

    def _roll(self, signals: StopSignals) -> None:
        """Renew every process, one after another: the next one serves before the last one ends."""
        try:
            self._check()
        except TierwatchError as problem:
            _log.error("the file is not accepted; the processes go on", problem=str(problem))
            return
        for slot in self._slots:
            before = slot.running
            slot.listeners = slot.listeners or self._listen()
            fresh = self._spawn(slot)
            if not self._comes_up(slot, fresh, signals):
                fresh.kill()
                fresh.wait()
                if not signals.asked:
                    _log.error("a new process did not come up; the others go on as they are")
                return
            slot.running, slot.due = fresh, None
            if before is not None and before.poll() is None:
                before.terminate()
                self._leaving.append((before, time.monotonic() + self._stop_within_s))
        _log.info("gateway processes are renewed", processes=len(self._slots))

    def _comes_up(
        self, slot: Slot, process: subprocess.Popen[bytes] | None, signals: StopSignals
    ) -> bool:
        """Whether a process serves in time."""
        deadline = time.monotonic() + _READY_S
        while process is not None and process.poll() is None and not signals.asked:
            if self._socket(slot, process).exists():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_TICK_S / 4)
        return False

    def _spawn(self, slot: Slot) -> subprocess.Popen[bytes]:
        handed = [listener.fileno() for listener in slot.listeners]
        # A session of its own: a terminal's Ctrl-C is ours to pass on, once.
        return subprocess.Popen(  # noqa: S603 - our own interpreter, our own arguments
            self._command(slot, handed, self._alive),
            pass_fds=[*handed, self._alive],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )

    def _socket(self, slot: Slot, process: subprocess.Popen[bytes] | None = None) -> Path:
        running = process or slot.running
        return self._folder / f"{slot.number}.{0 if running is None else running.pid}.sock"

    def _reap(self, now: float) -> None:
        for process, deadline in list(self._leaving):
            if process.poll() is not None:
                self._leaving.remove((process, deadline))
            elif now > deadline:
                _log.error("a leaving process does not end and is killed", pid=process.pid)
                process.kill()

    def _end(self, signals: StopSignals) -> None:
        """End all processes; the kernel refuses new connections as the last one stops listening."""
        for slot in self._slots:
            _close(slot)
        running = [slot.running for slot in self._slots if slot.running is not None]
        for process in running:
            process.terminate()
        running += [process for process, _ in self._leaving]
        deadline = time.monotonic() + self._stop_within_s
        hurried = False
        while any(process.poll() is None for process in running):
            if signals.hurried and not hurried:
                hurried = True
                for process in running:
                    process.terminate()
            if time.monotonic() > deadline:
                for process in running:
                    process.kill()
            signals.wait(_TICK_S)
        for end in (self._alive, self._held):
            with contextlib.suppress(OSError):
                os.close(end)


def _close(slot: Slot) -> None:
    for listener in slot.listeners:
        listener.close()
    slot.listeners = []
