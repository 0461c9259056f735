"""Worker and scheduler become Celery, with the working directory off the path."""

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwatch.command import main
from tierwatch.evalsets import FOLDER


@pytest.fixture
def heaps() -> list[str]:
    """How many heaps the allocator of each of those programs would have kept."""
    return []


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch, heaps: list[str]) -> list[list[str]]:
    """The programs that this process would have become."""
    seen: list[list[str]] = []

    def execve(program: str, argv: list[str], env: dict[str, str]) -> None:
        assert program == argv[0] == sys.executable
        assert env["OF_SOMEBODY"] == "kept"
        seen.append(argv[1:])
        heaps.append(env["MALLOC_ARENA_MAX"])

    monkeypatch.setenv("OF_SOMEBODY", "kept")
    monkeypatch.setattr(os, "execve", execve)
    return seen


def test_a_worker_waits_with_as_many_threads_as_are_set(
    became: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERWATCH_CONFIG", str(FOLDER / "demo" / "tierwatch.yaml"))
    monkeypatch.setenv("TIERWATCH_WORKER_THREADS", "7")
    CliRunner().invoke(main, ["worker"])
    (argv,) = became
    assert argv[:4] == ["-P", "-m", "tierwatch_workers", "worker"]
    assert " ".join(argv[4:]) == "-P threads -c 7 --without-gossip --without-mingle -l warning"


def test_the_scheduler_takes_nothing(became: list[list[str]]) -> None:
    CliRunner().invoke(main, ["beat"])
    assert became == [["-P", "-m", "tierwatch_workers", "beat", "-l", "warning"]]


def test_the_allocator_keeps_two_heaps_where_nobody_says_otherwise(
    became: list[list[str]], heaps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    CliRunner().invoke(main, ["beat"])
    monkeypatch.setenv("MALLOC_ARENA_MAX", "5")
    CliRunner().invoke(main, ["beat"])
    assert heaps == ["2", "5"]
    assert len(became) == 2


def test_a_setting_that_is_wrong_starts_nothing(
    became: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERWATCH_WORKER_THREADS", "none")
    done = CliRunner().invoke(main, ["worker"])
    assert done.exit_code == 2
    assert "TIERWATCH_WORKER_THREADS" in done.output
    assert became == []


def test_a_worker_without_its_configuration_says_so_before_it_waits_for_a_broker(
    became: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIERWATCH_CONFIG", str(tmp_path / "none.yaml"))
    done = CliRunner().invoke(main, ["worker"])
    assert done.exit_code == 2
    assert "none.yaml" in done.output
    assert "accepted a YAML file" in done.output
    assert became == []
