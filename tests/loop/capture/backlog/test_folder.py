"""A spool belongs to the process that lives; those of the dead are adopted, each by one."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tierwatch.faults import FAULTS
from tierwatch.loop.capture.backlog.folder import SpoolFolder, spool_files, spool_name

ANOTHER_PROCESS = """
import sys, time
from pathlib import Path
from tierwatch.loop.capture.backlog.folder import SpoolFolder
spools = SpoolFolder(Path(sys.argv[1]), name="of-another", max_bytes=1000)
spools.append(b'"theirs"')
print("there", flush=True)
time.sleep(60)
"""


def folder_of(path: Path, name: str, **more: int) -> SpoolFolder:
    return SpoolFolder(path, name=name, max_bytes=1_000, **more)


def drained(spools: SpoolFolder) -> list[bytes]:
    return [line for spool in spools.waiting() for line in spool.drain()]


def test_names_differ_also_within_a_process_and_fit_a_file_system() -> None:
    names = {spool_name(8420) for _ in range(100)}
    assert len(names) == 100
    assert all(f"-8420-{os.getpid()}-" in name for name in names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
               for name in names)  # fmt: skip


def test_nothing_is_made_before_something_waits(tmp_path: Path) -> None:
    spools = folder_of(tmp_path / "spool", "me")
    spools.adopt()
    assert spools.waiting() == []
    assert spools.waiting_bytes == 0
    assert not (tmp_path / "spool").exists()


def test_a_killed_process_leaves_its_spool_to_another(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", ANOTHER_PROCESS, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"there\n"
        mine = folder_of(tmp_path, "me")
        mine.adopt()
        assert mine.waiting() == []  # it lives
        other.send_signal(signal.SIGKILL)
        other.wait()
    mine.append(b'"mine"')
    mine.adopt()
    assert mine.waiting_bytes == len(b'"theirs"\n"mine"\n')
    assert drained(mine) == [b'"theirs"', b'"mine"']
    assert mine.waiting() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["capture-me.lock"]
    mine.close()
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_start_at_once_one_adopts(tmp_path: Path) -> None:
    for number in range(20):
        dead = folder_of(tmp_path, f"dead{number}")
        dead.append(b"%d" % number)
        dead.close()
    living = [folder_of(tmp_path, f"living{number}") for number in range(4)]
    go = threading.Barrier(4)
    found: list[bytes] = []

    def adopt(spools: SpoolFolder) -> None:
        go.wait()
        spools.adopt()
        found.extend(drained(spools))
        assert spools.waiting() == []

    threads = [threading.Thread(target=adopt, args=(spools,)) for spools in living]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(b"%d" % number for number in range(20))
    assert list(tmp_path.iterdir()) == []


def test_a_spool_without_a_lock_of_a_process_that_lives_is_adopted_by_nobody_else(
    tmp_path: Path,
) -> None:
    """Two containers with one volume: host, port and process id may be the same."""
    one, other = (
        folder_of(tmp_path, "same-8420-1-100-aaaaaa"),
        folder_of(tmp_path, "same-8420-1-100-bbbbbb"),
    )
    one.append(b"1")
    other.append(b"2")
    one.adopt()
    other.adopt()
    assert (drained(one), drained(other)) == ([b"1"], [b"2"])


def test_what_is_adopted_and_not_drained_goes_on_to_the_next(tmp_path: Path) -> None:
    dead = folder_of(tmp_path, "dead")
    dead.append(b"1")
    dead.append(b"2")
    dead.close()
    second = folder_of(tmp_path, "second")
    second.adopt()
    drain = second.waiting()[0].drain()
    assert [next(drain), next(drain)] == [b"1", b"2"]  # the second is in hand
    drain.close()
    second.close()
    third = folder_of(tmp_path, "third")
    third.adopt()
    assert drained(third) == [b"2"]


def test_the_file_of_an_older_version_on_this_port_is_adopted_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "capture-8420.jsonl").write_bytes(b"1\n")
    (tmp_path / "capture-8420.jsonl.cursor").write_bytes(b"0")
    (tmp_path / "capture-9000.jsonl").write_bytes(b"2\n")
    mine = folder_of(tmp_path, "me", port=8420)
    mine.adopt()
    assert drained(mine) == [b"1"]
    assert [path.name for path in spool_files(tmp_path)] == ["capture-9000.jsonl"]


def test_without_locks_a_process_spools_all_the_same_and_adopts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = folder_of(tmp_path, "dead")
    dead.append(b"1")
    dead.close()

    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", unsupported)
    mine = folder_of(tmp_path, "me")
    mine.append(b"2")
    mine.adopt()
    assert drained(mine) == [b"2"]
    assert FAULTS.counts()["spool: adopt", f"OSError {errno.errorcode[95]}"] >= 1
