"""One process of the embedded stack: how it starts, when it is ready, what it logged."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from tierwatch.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# Below the ranges from which Linux (32768) and macOS (49152) take ports for outgoing connections:
# a client that keeps knocking on a killed server's port there may be given that very port.
PORTS = range(20_000, 32_000)
LOGS_KEPT = 3

_WHAT_TO_DO = {
    "No space left on device": "The disk is full: free some space and start again.",
    "Address already in use": "Its port is taken: stop the program that has it, or choose another.",
}


@dataclass(frozen=True, slots=True)
class Account:
    """The user a process runs as when the stack runs as root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Process:
    """What to run and how to tell that it works.

    Attributes:
        name: names its log and its record; unique within a stack.
        argv: the program and its arguments.
        env: variables added to the stack's environment.
        ready: a function that says whether it can serve, or a URL that answers 200 when it can, or
            None when started is enough. The port of a loopback URL must be free before the start.
        ready_within_s: seconds until a process that is not ready counts as failed.
        stop_signal: asks it to end.
        stop_within_s: seconds until SIGKILL follows.
        cwd: working directory; the stack's own when None.
        account: the user to run as; the stack's own when None.
        home: directory in which no other program may run; whatever runs there is ended with it.
        elsewhere: how it is given another port, as an order to a person.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | str | None = None
    ready_within_s: float = 60
    stop_signal: int = signal.SIGTERM
    stop_within_s: float = 15
    cwd: Path | None = None
    account: Account | None = None
    home: Path | None = None
    elsewhere: str = ""

    def is_ready(self) -> bool:
        """Whether it can serve now."""
        if self.ready is None:
            return True
        return _answers(self.ready) if isinstance(self.ready, str) else self.ready()

    def check_port(self) -> None:
        """Refuses to start where another program already answers in this one's place.

        Raises:
            StackError: the port of the loopback URL in ``ready`` is taken.
        """
        if not isinstance(self.ready, str):
            return
        url = urlsplit(self.ready)
        if url.port is not None and url.hostname == "127.0.0.1" and not is_free(url.port):
            raise StackError(
                f"port {url.port}, which {self.name} needs, is taken{owner_words(url.port)}; "
                f"stop that program, or {self.elsewhere or f'give {self.name} another port'}"
            )


def spawn(process: Process, *, log: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts the process in a session of its own, so that a terminal's Ctrl-C reaches only us.

    Raises:
        StackError: the program is missing or may not be run, or its log cannot be written.
    """
    account = process.account
    try:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        raise StackError(f"{process.name} cannot be started: its log: {error}") from error
    try:
        return subprocess.Popen(  # noqa: S603 - the argv of our own processes, no shell
            list(process.argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environ, **process.env},
            cwd=process.cwd,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except OSError as error:
        raise StackError(f"{process.name} cannot be started: {error}") from error
    finally:
        os.close(output)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on.

    Raises:
        StackError: none was found.
    """
    for _ in range(200):
        port = PORTS[secrets.randbelow(len(PORTS))]
        if is_free(port):
            return port
    raise StackError(f"no free port between {PORTS.start} and {PORTS.stop} on 127.0.0.1")


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of the last run that are still closing are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def rotate(log: Path) -> None:
    """Moves a log's content to ``<log>.1``, older ones up to ``<log>.3``; the file stays open.

    Copied and truncated rather than renamed: the process that writes it appends to the same file.
    """
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        with contextlib.suppress(FileNotFoundError):
            log.with_name(f"{log.name}.{number}").replace(f"{log}.{number + 1}")
    shutil.copy(log, f"{log}.1")
    os.truncate(log, 0)


def last_lines(log: Path, *, lines: int = 15) -> str:
    """The end of a log for an error message, led by what to do where the cause is known."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return f"It left no log in {log}."
    advice = [advice + "\n" for sign, advice in _WHAT_TO_DO.items() if sign in text]
    tail = "\n".join("  " + line for line in text.splitlines()[-lines:])
    return f"{''.join(advice)}The end of {log}:\n{tail}" if tail else f"It wrote nothing to {log}."


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as response:
            return bool(response.status == http.HTTPStatus.OK)
    except (OSError, http.client.HTTPException):  # URLError and HTTPError are OSErrors
        return False


def owner_words(port: int) -> str:
    """`` by process 12 (name)``, or nothing where the system does not tell."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listening = connection.status == psutil.CONN_LISTEN and connection.pid is not None
            if listening and connection.laddr and connection.laddr.port == port:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return ""
