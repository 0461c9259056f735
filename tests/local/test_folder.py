"""The folder of a stack: one owner, secrets, state that can be read."""

import os
import re
from pathlib import Path

import psutil
import pytest
import redis
from factories.stacks import (
    SLEEP,
    make,
)

from tierwatch.errors import StackError
from tierwatch.local import Process
from tierwatch.local.folder import Folder


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


def test_a_folder_is_opened_once_and_given_up(folder: Path) -> None:
    said: list[str] = []
    kept = Folder(folder)
    assert not kept.is_open
    kept.open(say=said.append)
    kept.open(say=said.append)
    assert kept.is_open
    # Others may pass through it and not list it.
    assert folder.stat().st_mode & 0o777 == 0o711
    assert (folder / "run").stat().st_mode & 0o777 == 0o700
    kept.close()
    kept.close()
    assert (kept.is_open, said) == (False, [])


def test_what_is_kept_is_replaced_whole_and_read_back(folder: Path) -> None:
    folder.mkdir()
    kept = Folder(folder)
    assert kept.load("ports.json") == {}
    kept.save("ports.json", {"redis": 1})
    (folder / "ports.json.new").write_text("what a killed process left")
    kept.save("ports.json", {"redis": 2})
    assert kept.load("ports.json") == {"redis": 2}
    assert (folder / "ports.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(StackError, match=r"nowhere/ports\.json cannot be written"):
        Folder(folder / "nowhere").save("ports.json", {})


def test_a_secret_is_made_once_and_needs_no_quoting(folder: Path) -> None:
    folder.mkdir()
    kept = Folder(folder)
    first, other = kept.secret("redis"), kept.secret("postgres")
    assert re.fullmatch(r"[\w-]{32}", first)
    assert first != other
    assert Folder(folder).secret("redis") == first


def test_a_lock_of_a_process_whose_number_was_given_away_is_taken(folder: Path) -> None:
    folder.mkdir()
    # This process runs, and did not start in 1970: the lock's writer is gone.
    (folder / "lock").write_text(f"{os.getpid()} 0.0")
    kept = Folder(folder)
    kept.open(say=lambda _: None)
    assert (folder / "lock").read_text().startswith(f"{os.getpid()} ")
    kept.close()
