"""Processes are started, kept, renewed one by one and ended; here they are small programs."""

import os
import signal
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest
from fakes.waiting import until

from tierwatch.command.serve.supervisor import Slot, Supervisor
from tierwatch.errors import StackError, UsageError
from tierwatch.stop_signals import StopSignals

# Serves: it has a file where a gateway has its socket, until it is asked to end.
GOOD = """
    import os, pathlib, signal, sys, time
    own = pathlib.Path(sys.argv[1]) / f"{sys.argv[2]}.{os.getpid()}.sock"
    own.touch()
    def end(*_):
        own.unlink(missing_ok=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    time.sleep(60)
"""
BAD = "import sys; sys.exit(3)"
DEAF = GOOD.replace("signal.signal(signal.SIGTERM, end)", "signal.signal(signal.SIGTERM, print)")


class Run:
    """A supervisor in the main thread, and a test beside it."""

    def __init__(self, folder: Path, *, processes: int = 2, stop_within_s: float = 10) -> None:
        self.folder = folder
        self.program = GOOD
        self.wrong = ""
        self.listened = 0
        self.failed: list[BaseException] = []
        self.supervisor = Supervisor(
            processes,
            listen=self._listen,
            command=self._command,
            check=self._check,
            folder=folder,
            stop_within_s=stop_within_s,
        )

    def _listen(self) -> list[socket.socket]:
        self.listened += 1
        return [socket.create_server(("127.0.0.1", 0))]

    def _command(self, slot: Slot, handed: Sequence[int], alive: int) -> list[str]:
        assert handed
        assert alive > 2
        program = textwrap.dedent(self.program)
        return [sys.executable, "-S", "-c", program, str(self.folder), str(slot.number)]

    def _check(self) -> None:
        if self.wrong:
            raise UsageError(self.wrong)

    def pids(self) -> dict[str, int]:
        """Of the processes that serve, by slot."""
        names = (path.name.split(".") for path in self.folder.glob("*.sock"))
        return {slot: int(pid) for slot, pid, _ in names}

    def until_serving(self, count: int = 2) -> dict[str, int]:
        until(lambda: len(self.pids()) == count, 20)
        time.sleep(0.3)  # for the supervisor to have seen it as well
        return self.pids()

    def beside(self, story: Callable[[], None], how: signal.Signals = signal.SIGTERM) -> None:
        """Run until the story has ended."""

        def tell() -> None:
            try:
                story()
            except BaseException as problem:  # noqa: BLE001 - raised in the thread that waits for it
                self.failed.append(problem)
            finally:
                os.kill(os.getpid(), how)

        teller = threading.Thread(target=tell)
        with StopSignals():  # a run that fails early must not leave the signal to the test run
            teller.start()
            try:
                self.supervisor.run()
            finally:
                teller.join(30)
        if self.failed:
            raise self.failed[0]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_all_are_started_and_ended(tmp_path: Path, how: signal.Signals) -> None:
    run, seen = Run(tmp_path, processes=3), dict[str, int]()
    run.beside(lambda: seen.update(run.until_serving(3)), how)
    assert set(seen) == {"0", "1", "2"}
    assert all(gone(pid) for pid in seen.values())
    assert run.listened == 3


def test_one_that_dies_is_started_again_at_its_socket(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def story() -> None:
        before = run.until_serving()
        os.kill(before["1"], signal.SIGKILL)
        until(lambda: run.pids().get("1", before["1"]) != before["1"], 20)
        assert run.pids()["0"] == before["0"]

    run.beside(story)
    assert run.listened == 2


def test_one_that_keeps_dying_is_given_longer_pauses(tmp_path: Path) -> None:
    run = Run(tmp_path)
    slot = run.supervisor._slots[0]
    slot.listeners = run._listen()
    pauses = []
    for _ in range(9):
        run.supervisor._note_death(slot, -9, 100.0)
        assert slot.due is not None
        pauses.append(slot.due - 100.0)
    assert pauses == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert slot.listeners == []  # the others have its callers meanwhile
    run.supervisor._note_death(slot, -9, 200.0)
    assert slot.due == 200.0


def test_at_hangup_each_is_renewed_and_the_last_one_serves_until_the_next_does(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path)

    def story() -> None:
        before = run.until_serving()
        os.kill(os.getpid(), signal.SIGHUP)
        until(lambda: all(gone(pid) for pid in before.values()), 20)
        after = run.until_serving()
        assert not set(after.values()) & set(before.values())

    run.beside(story)
    assert run.listened == 2  # the sockets stay: nobody who waits in them is turned away


def test_a_file_that_is_not_accepted_changes_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def story() -> None:
        before = run.until_serving()
        run.wrong = "tierwatch.yaml:4: not accepted"
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(0.5)
        assert run.pids() == before

    run.beside(story)


def test_new_processes_that_do_not_come_up_leave_the_old_ones(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def story() -> None:
        before = run.until_serving()
        run.program = BAD
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(1)
        assert run.pids() == before

    run.beside(story)


def test_processes_that_never_come_up_end_it_with_a_sentence(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.program = BAD
    with pytest.raises(StackError, match="did not come up"):
        run.supervisor.run()


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    run, seen = Run(tmp_path, stop_within_s=0.5), dict[str, int]()
    run.program = DEAF
    began = time.monotonic()
    run.beside(lambda: seen.update(run.until_serving()))
    assert all(gone(pid) for pid in seen.values())
    assert time.monotonic() - began < 20
