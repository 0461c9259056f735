"""What is left when a parent is killed is stopped, and nothing else is."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from factories.stacks import (
    PYTHON,
    SLEEP,
    is_gone,
    make,
    query,
    running_below,
    start_parent,
)

from tierwatch.local import Process, guard


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


def record(pid: int, **changes: Any) -> guard.Record:
    columns = {
        "name": "a", "order": 1, "pid": pid, "started": psutil.Process(pid).create_time(),
        "program": "python", "stop_signal": signal.SIGTERM, "stop_within_s": 5.0, "home": None,
    }  # fmt: skip
    return guard.Record(**(columns | changes))


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a session, as a stack starts them."""
    with subprocess.Popen(SLEEP, start_new_session=True) as child:
        yield child
        child.kill()


def test_records_are_read_in_the_order_in_which_they_are_stopped(
    folder: Path, leader: subprocess.Popen[bytes]
) -> None:
    folder.mkdir()
    for order, name in enumerate(("postgres", "redis", "gateway")):
        record(leader.pid, name=name, order=order).save(folder)
    # Cut, of another version, and no object: none names a process we may touch.
    for name, text in {
        "cut": '{"name": ',
        "newer": '{"name": "x", "colour": 1}',
        "list": "[]",
    }.items():
        (folder / f"{name}.json").write_text(text)
    assert [one.name for one in guard.load_records(folder)] == ["gateway", "redis", "postgres"]


def test_a_process_is_found_by_its_start_and_its_session(leader: subprocess.Popen[bytes]) -> None:
    mine = record(leader.pid)
    assert guard.find(mine) is not None
    # The clock may be corrected by less than a second; another start is another process.
    assert guard.find(replace(mine, started=mine.started + 0.5)) is not None
    assert guard.find(replace(mine, started=mine.started + 2)) is None
    # This test's own process did not open its session for a stack.
    assert guard.find(record(os.getpid(), started=0.0)) is None


def test_ending_asks_first_and_kills_what_does_not_obey(leader: subprocess.Popen[bytes]) -> None:
    assert guard.end(record(leader.pid)) == []
    assert leader.wait(timeout=10) == -signal.SIGTERM
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " print('up', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [PYTHON, "-c", deaf], start_new_session=True, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert guard.end(record(child.pid, stop_within_s=0.2)) == []
        assert child.wait(timeout=10) == -signal.SIGKILL


def test_what_works_in_a_server_s_home_is_ended_with_it(
    folder: Path, leader: subprocess.Popen[bytes]
) -> None:
    folder.mkdir()
    # A backend has left its server's session; only its working directory gives it away.
    with subprocess.Popen(SLEEP, cwd=folder, start_new_session=True) as backend:
        program = psutil.Process(backend.pid).name()
        assert [one.pid for one in guard.in_home(program, str(folder))] == [backend.pid]
        assert guard.end(record(leader.pid, program=program, home=str(folder))) == []
        assert backend.wait(timeout=10) == -signal.SIGKILL


def test_recorded_processes_are_ended_and_their_records_removed(
    folder: Path, leader: subprocess.Popen[bytes]
) -> None:
    folder.mkdir()
    record(leader.pid, name="runs").save(folder)
    record(leader.pid, name="ended", started=1.0).save(folder)
    assert [one.name for one in guard.end_recorded(folder)] == ["runs"]
    assert list(folder.iterdir()) == []
    assert leader.wait(timeout=10) == -signal.SIGTERM
    assert guard.end_recorded(folder) == []
