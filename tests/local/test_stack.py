from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis

from tierwatch.errors import StackError
from tierwatch.local import Process, Stack, free_port
from tierwatch.local import postgres as local_postgres
from tierwatch.local import process as local_process
from tierwatch.local import redis as local_redis
from tierwatch.local import stack as local_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PYTHON = sys.executable
SLEEP = [PYTHON, "-c", "import time; time.sleep(600)"]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="speaks of running as root")


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: pytest keeps that in a 0700 directory, a case that has its own test here.
    place = Path(tempfile.mkdtemp(prefix="stack "))
    place.chmod(0o711)
    yield place / "state"
    shutil.rmtree(place)


def make(folder: Path, said: list[str] | None = None) -> Stack:
    return Stack(folder, say=(said if said is not None else []).append, environ=os.environ)


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


# Servers


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


def test_postgres_is_durable_sorts_by_code_point_and_gives_the_role_no_power(folder: Path) -> None:
    with make(folder) as stack:
        url = stack.start_postgres()
        settings = dict(query(url, "SELECT name, setting FROM pg_settings"))
        assert settings["server_version"].startswith("18")
        assert settings["fsync"] == settings["synchronous_commit"] == "on"
        assert settings["data_checksums"] == "on"
        assert settings["server_encoding"] == "UTF8"
        assert settings["max_connections"] == "200"
        assert settings["listen_addresses"] == "127.0.0.1"
        # No Unix socket is left in any directory; the setting itself is for superusers to see.
        pid = stack.pid("postgres")
        assert [c.family for c in psutil.Process(pid).net_connections("unix")] == []
        assert query(url, "SELECT 'Z' < 'a', upper('é')") == [(True, "É")]
        assert query(
            url, "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ) == [(False, False)]
        for wrong in (
            url.replace("tierwatch:", "postgres:", 1),
            url.replace(stack.secret("postgres"), "guess"),
        ):
            with pytest.raises(psycopg.OperationalError):
                query(wrong, "SELECT 1")


def test_secrets_are_for_the_owner_only_and_on_no_command_line(folder: Path) -> None:
    with make(folder) as stack:
        stack.start_postgres()
        url = stack.start_redis()
        password = stack.secret("redis")
        assert password in url
        assert (folder / "credentials.json").stat().st_mode & 0o777 == 0o600
        assert (folder / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600
        assert (folder / "postgres").resolve().stat().st_mode & 0o777 == 0o700
        for name in ("redis", "postgres"):
            pid = stack.pid(name)
            assert pid
            assert stack.secret(name) not in " ".join(psutil.Process(pid).cmdline())
        with (
            pytest.raises(redis.AuthenticationError),
            redis.Redis.from_url(url.replace(password, "guess")) as client,
        ):
            client.ping()


def test_new_passwords_are_given_when_the_file_with_them_is_lost(folder: Path) -> None:
    with make(folder) as stack:
        before = stack.start_postgres()
        query(before, "CREATE TABLE kept ()")
    (folder / "credentials.json").unlink()
    with make(folder) as stack:
        after = stack.start_postgres()
        assert after != before
        assert query(after, "SELECT count(*) FROM kept") == [(0,)]


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


def test_a_pid_file_of_a_dead_server_is_no_obstacle(folder: Path) -> None:
    with make(folder) as stack:
        stack.start_postgres()
    data = (folder / "postgres").resolve()
    owner = data.stat()
    # The number has been given to another program of the same user: left alone, it is refused.
    with subprocess.Popen(
        ["/bin/sleep", "600"],
        user=owner.st_uid if os.geteuid() == 0 else None,
        start_new_session=True,
    ) as bystander:
        stale = f"{bystander.pid}\n{data}\n1700000000\n5432\n\n\n\n"
        (data / "postmaster.pid").write_text(stale)
        try:
            with make(folder) as stack:
                assert query(stack.start_postgres(), "SELECT 1") == [(1,)]
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_another_major_version_is_refused(folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with make(folder) as stack, pytest.raises(StackError, match="was made by PostgreSQL 16"):
        stack.start_postgres()


@pytest.mark.parametrize("name", ["with 'quotes' and spaces", "long/" + "x" * 60 + "/" + "y" * 60])
def test_any_path_will_do(folder: Path, name: str) -> None:
    deep = folder / name
    deep.mkdir(parents=True)
    with make(deep) as stack:
        assert query(stack.start_postgres(), "SELECT 1") == [(1,)]
        with redis.Redis.from_url(stack.start_redis()) as client:
            assert client.ping()
    assert running_below(deep) == []


@as_root
def test_root_keeps_the_cluster_where_its_user_can_reach_it(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    said: list[str] = []
    with make(folder, said) as stack:
        url = stack.start_postgres()
        query(url, "CREATE TABLE kept ()")
        data = (folder / "postgres").resolve()
        assert data.parent.parent == Path(tempfile.gettempdir()).resolve()
        assert [str(folder) in line and str(data) in line for line in said] == [True]
        assert folder.stat().st_mode & 0o777 == 0o700
        assert psutil.Process(stack.pid("postgres")).uids().real != 0
    said.clear()
    with make(folder, said) as stack:
        assert query(stack.start_postgres(), "SELECT count(*) FROM kept") == [(0,)]
        assert said == []

        # The folder was deleted and made anew: its old data may not come back.
        stack.stop()
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        with pytest.raises(psycopg.errors.UndefinedTable):
            query(stack.start_postgres(), "SELECT count(*) FROM kept")
        stack.discard()
    assert not data.parent.exists()
    assert not folder.exists()


@as_root
def test_root_copies_programs_that_the_servers_user_cannot_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.parent / "site"
    install = local_postgres._installed_programs().parent
    shutil.copytree(install, site / install.parent.name / install.name)
    for libraries in install.parent.parent.glob(f"{install.parent.name}.libs"):
        shutil.copytree(libraries, site / libraries.name)
    site.chmod(0o700)
    programs = site / install.parent.name / install.name / "bin"
    monkeypatch.setattr(local_postgres, "_installed_programs", lambda: programs)
    with make(folder) as stack:
        assert query(stack.start_postgres(), "SELECT 1") == [(1,)]
        pid = stack.pid("postgres")
        assert pid
        program = Path(psutil.Process(pid).exe())
        assert not program.is_relative_to(site)
    shutil.rmtree(program.parents[4])


@as_root
def test_a_directory_that_somebody_else_put_in_our_place_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    shelter = local_postgres._shelter_of(folder)
    shelter.mkdir()
    os.chown(shelter, 65534, 65534)
    try:
        with make(folder) as stack, pytest.raises(StackError, match="was not made by us"):
            stack.start_postgres()
    finally:
        shelter.rmdir()


@pytest.mark.parametrize("server", ["postgres", "redis"])
def test_a_missing_server_says_what_to_install(
    folder: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = {"postgres": local_postgres, "redis": local_redis}[server]
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    with (
        Stack(folder, say=print, environ={"PATH": "/nowhere"}) as stack,
        pytest.raises(StackError, match=r"pip install 'tierwatch\[embedded\]'"),
    ):
        stack.start_postgres() if server == "postgres" else stack.start_redis()


def test_the_newer_redis_is_taken(folder: Path) -> None:
    folder.mkdir()
    for version in ("5.0.1", "99.1.2"):
        program = folder / "redis-server"
        program.write_text(f"#!/bin/sh\necho Redis server v={version} sha=0\n")
        program.chmod(0o755)
        chosen = local_redis._newest_server({"PATH": str(folder)})
        assert (chosen == program) == (version == "99.1.2")


# Processes


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
    monkeypatch.setattr(local_stack, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(local_stack, "LONGEST_PAUSE_S", 0.01)
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


def test_a_taken_port_is_told_with_its_owner(folder: Path) -> None:
    with closing(socket.socket()) as other, make(folder) as stack:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port}, .* by process {os.getpid()}"):
            stack.start(Process("web", SLEEP, ready=f"http://127.0.0.1:{port}/"))


def test_a_remembered_port_that_is_taken_is_replaced(folder: Path) -> None:
    with closing(socket.socket()) as other, make(folder) as stack:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (folder / "ports.json").write_text(json.dumps({"redis": other.getsockname()[1]}))
        assert urlsplit(stack.start_redis()).port != other.getsockname()[1]


def test_free_ports_are_not_those_of_outgoing_connections() -> None:
    port = free_port()
    assert port in local_process.PORTS
    assert can_listen(port)
    ours = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if ours.exists():
        assert local_process.PORTS.stop <= int(ours.read_text().split()[0])


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
    monkeypatch.setattr(local_stack, "LOG_BYTES", 1000)
    chatter = "import time\nwhile True: print('x' * 99, flush=True); time.sleep(.001)"
    with make(folder) as stack:
        log = folder / "logs/a.log"
        argv = [PYTHON, "-c", chatter]
        stack.start(Process("a", argv, ready=lambda: log.stat().st_size > 1000))
        stack.tick()
        assert (folder / "logs/a.log.1").stat().st_size > 1000
        eventually(lambda: log.stat().st_size > 0)
        assert not log.read_bytes().startswith(b"\0")  # appended at the new end, not the old one


# The folder and its owner

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


def test_after_kill_9_of_the_parent_nothing_is_left_and_the_next_start_works(folder: Path) -> None:
    parent, told = start_parent(folder)
    query(told["urls"][0], "CREATE TABLE kept ()")
    parent.kill()
    with make(folder) as stack:  # at once: it waits for the dead parent's guard
        assert all(is_gone(pid) for pid in told["pids"])
        url = stack.start_postgres()
        assert url == told["urls"][0]
        assert query(url, "SELECT count(*) FROM kept") == [(0,)]
        assert "database system was shut down at" in (folder / "logs/postgres.log").read_text()
    parent.communicate()
    assert running_below(folder) == []


def test_kill_9_of_parent_and_guard_leaves_records_for_the_next_start(folder: Path) -> None:
    parent, told = start_parent(folder)
    os.kill(told["guard"], signal.SIGKILL)
    parent.kill()
    parent.communicate()
    assert not any(is_gone(pid) for pid in told["pids"])
    said: list[str] = []
    with make(folder, said) as stack:
        assert all(is_gone(pid) for pid in told["pids"])
        assert said == [
            f"stopped {name} (process {pid}), left by an earlier run"
            for name, pid in zip(
                ("sleep", "redis", "postgres"), reversed(told["pids"]), strict=True
            )
        ]
        assert query(stack.start_postgres(), "SELECT 1") == [(1,)]
    assert running_below(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(folder: Path, number: signal.Signals) -> None:
    parent, told = start_parent(folder, "all" if number == signal.SIGINT else "a process")
    parent.send_signal(number)
    out, _ = parent.communicate(timeout=30)
    assert out.strip() == number.name
    assert parent.returncode == 0
    assert all(is_gone(pid) for pid in told["pids"])
    assert running_below(folder) == []


def test_the_guard_is_started_again_when_it_was_killed(folder: Path) -> None:
    with make(folder) as stack:
        stack.start(Process("a", SLEEP))
        guard = stack._folder._guard
        assert guard
        guard.kill()
        guard.wait()
        stack.tick()
        assert stack._folder._guard
        assert stack._folder._guard.poll() is None


def test_a_recycled_pid_is_never_killed(folder: Path) -> None:
    bystander = subprocess.Popen(SLEEP, start_new_session=True)
    follower = subprocess.Popen(SLEEP)  # leads no session, so it was not started by a stack
    try:
        with make(folder) as stack:
            stack.start(Process("a", SLEEP))
            record = json.loads((folder / "run/a.json").read_text())
        seen = psutil.Process(bystander.pid)
        for name, change in {
            "older": {"pid": bystander.pid, "started": seen.create_time() - 5},
            "follower": {"pid": follower.pid, "started": seen.create_time()},
        }.items():
            (folder / f"run/{name}.json").write_text(json.dumps(record | change))
        (folder / "run/cut.json").write_text('{"name": "cut", "pid": ')
        said: list[str] = []
        with make(folder, said):
            assert said == []
            assert bystander.poll() is None
            assert follower.poll() is None
            assert list((folder / "run").iterdir()) == []
    finally:
        for process in (bystander, follower):
            process.kill()
            process.wait()


def test_a_second_parent_is_refused_by_one_sentence(folder: Path) -> None:
    with make(folder) as stack:
        url = stack.start_redis()
        sentence = rf"already running in .* \(process {os.getpid()}\): stop it"
        with pytest.raises(StackError, match=sentence):
            make(folder).start_redis()
        with redis.Redis.from_url(url) as client:
            assert client.ping()
    with make(folder):
        pass  # and free again


@pytest.mark.parametrize("content", ["{", "[1]", "\udcff"])
def test_a_damaged_state_file_is_named(folder: Path, content: str) -> None:
    folder.mkdir()
    (folder / "credentials.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with make(folder) as stack, pytest.raises(StackError, match=r"credentials\.json"):
        stack.start_redis()


def test_a_folder_that_is_a_file_is_refused(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(StackError, match="cannot be used"):
        make(folder).start_redis()
