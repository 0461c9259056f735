"""Embedded stacks on a folder, and what a test asks of their processes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

from tierwatch.local import Stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PYTHON = sys.executable
SLEEP = [PYTHON, "-c", "import time; time.sleep(600)"]


def make(folder: Path, said: list[str] | None = None) -> Stack:
    return Stack(folder, say=(said if said is not None else []).append, environ=os.environ)


def write_running(folder: Path, **settings: str) -> None:
    """As a stack that runs there wrote it down; this process stands for its parent."""
    own = psutil.Process()
    environment = {f"TIERWATCH_{name.upper()}": value for name, value in settings.items()}
    facts = {"pid": own.pid, "started": own.create_time(), "environment": environment}
    folder.mkdir(exist_ok=True)
    (folder / "stack.json").write_text(json.dumps(facts))


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def eventually(holds: Callable[[], object], within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def has_written(log: Path, word: str = "") -> bool:
    text = log.read_text()
    return bool(text) and word in text


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def can_listen(port: int) -> bool:
    with closing(socket.socket()) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def running_below(folder: Path) -> list[str]:
    """Command lines of processes whose working directory or arguments lie in the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            words = [process.cwd(), *process.cmdline()]
        except psutil.Error:
            continue
        if any(word.startswith(str(folder)) for word in words):
            found.append(" ".join(words))
    return found


PARENT = """
    import json, os, sys, time
    from pathlib import Path
    from tierwatch.local import Process, Stack, run_until_signal
    told = {}
    class Telling(Stack):
        def tick(self):  # called first when the signal handlers are in place
            if told:
                print(json.dumps(told), flush=True)
                told.clear()
            super().tick()
    stack = Telling(Path(sys.argv[1]), say=print, environ=os.environ)
    with stack:
        if sys.argv[2] == "all":
            told["urls"] = stack.start_postgres(), stack.start_redis()
        # As a worker does, it becomes another program after it was recorded.
        become = "import os; os.execv('/bin/sleep', ['sleep', '600'])"
        stack.start(Process("sleep", [sys.executable, "-c", become]))
        told["pids"] = [stack.pid(name) for name in list(stack._children)]
        told["guard"] = stack._folder._guard.pid
        print(run_until_signal(stack).name, flush=True)
"""


def start_parent(folder: Path, what: str = "all") -> tuple[subprocess.Popen[str], dict[str, Any]]:
    parent = subprocess.Popen(
        [PYTHON, "-c", textwrap.dedent(PARENT), str(folder), what],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    line = parent.stdout.readline()
    while line and not line.startswith("{"):
        line = parent.stdout.readline()
    return parent, json.loads(line)
