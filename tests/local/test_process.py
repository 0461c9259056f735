"""A process of the embedded stack: ports, logs, its end."""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from factories.stacks import (
    SLEEP,
    can_listen,
    make,
)

from tierwatch.errors import StackError
from tierwatch.local import Process, free_port
from tierwatch.local import process as local_process


def test_a_taken_port_is_named_with_its_owner(folder: Path) -> None:
    with closing(socket.socket()) as other, make(folder) as stack:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port}, .* by process {os.getpid()}"):
            stack.start(Process("web", SLEEP, ready=f"http://127.0.0.1:{port}/"))


def test_free_ports_are_not_those_of_outgoing_connections() -> None:
    port = free_port()
    assert port in local_process.PORTS
    assert can_listen(port)
    ours = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if ours.exists():
        assert local_process.PORTS.stop <= int(ours.read_text().split()[0])


def test_a_process_that_is_asked_nothing_is_ready(folder: Path) -> None:
    assert Process("a", SLEEP).is_ready()
    assert not Process("a", SLEEP, ready=folder.exists).is_ready()
    # Nothing listens there; and a name of another host is not ours to check.
    port = free_port()
    assert not Process("a", SLEEP, ready=f"http://127.0.0.1:{port}/").is_ready()
    Process("a", SLEEP, ready="http://example.test:80/").check_port()


def test_an_answer_other_than_200_is_not_ready() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            for reply in (b"HTTP/1.0 503 no\r\n\r\n", b"not HTTP", b"HTTP/1.0 200 OK\r\n\r\n"):
                caller, _ = server.accept()
                with closing(caller):
                    caller.recv(1000)
                    caller.sendall(reply)

        answering = threading.Thread(target=answer)
        answering.start()
        process = Process("a", SLEEP, ready=f"http://127.0.0.1:{port}/readyz")
        assert [process.is_ready() for _ in range(3)] == [False, False, True]
        answering.join()


def test_a_process_gets_its_variables_and_no_input(folder: Path) -> None:
    folder.mkdir()
    show = "import os, sys; print(os.environ['A'], os.environ['B'], repr(sys.stdin.read()))"
    process = Process("a", [sys.executable, "-c", show], env={"B": "own"}, cwd=folder)
    log = folder / "a.log"
    log.write_text("before\n")
    child = local_process.spawn(process, log=log, environ={"A": "stack's", "B": "stack's"})
    assert child.wait(timeout=20) == 0
    # Appended; its own variable wins over the stack's.
    assert log.read_text() == "before\nstack's own ''\n"


def test_a_program_that_is_missing_is_said_with_the_process_s_name(folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(StackError, match="worker cannot be started: "):
        local_process.spawn(
            Process("worker", ["/nowhere/program"]), log=folder / "a.log", environ={}
        )


def test_a_log_is_moved_three_deep_and_an_empty_one_is_left(folder: Path) -> None:
    folder.mkdir()
    log = folder / "a.log"
    local_process.rotate(log)
    assert list(folder.iterdir()) == []
    for number in range(5):
        log.write_text(str(number))
        local_process.rotate(log)
        assert log.read_text() == ""
    local_process.rotate(log)
    kept = {file.name: file.read_text() for file in folder.iterdir()}
    assert kept == {"a.log": "", "a.log.1": "4", "a.log.2": "3", "a.log.3": "2"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "It wrote nothing to {log}."),
        ("one\ntwo\n", "The end of {log}:\n  one\n  two"),
        (
            "bind: Address already in use\n",
            (
                "Its port is taken: stop the program that has it, or choose another.\n"
                "The end of {log}:\n  bind: Address already in use"
            ),
        ),
    ],
)
def test_the_end_of_a_log_is_led_by_what_to_do(folder: Path, text: str, expected: str) -> None:
    folder.mkdir()
    log = folder / "a.log"
    log.write_text(text)
    assert local_process.last_lines(log) == expected.format(log=log)


def test_only_the_end_of_a_long_log_is_read(folder: Path) -> None:
    folder.mkdir()
    log = folder / "a.log"
    assert local_process.last_lines(log) == f"It left no log in {log}."
    log.write_bytes(b"\xff\n" + b"x" * 50_000 + b"\n" + b"".join(b"%d\n" % n for n in range(40)))
    told = local_process.last_lines(log).splitlines()
    assert told[1:] == [f"  {number}" for number in range(25, 40)]
