"""Worker and scheduler become Celery, with the working directory off the path."""

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwatch.command import main
from tierwatch.evalsets import FOLDER


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that this process would have become."""
    seen: list[list[str]] = []

    def execv(program: str, argv: list[str]) -> None:
        assert program == argv[0] == sys.executable
        seen.append(argv[1:])

    monkeypatch.setattr(os, "execv", execv)
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
