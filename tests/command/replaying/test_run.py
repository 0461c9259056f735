"""One replay, without its processes: what is waited for, and how it ends."""

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from factories.reports import report
from sqlalchemy import Engine

from tierwatch.command.replaying import run
from tierwatch.command.replaying.effective_config import DEMO_CONFIG
from tierwatch.command.replaying.options import Replay
from tierwatch.command.replaying.pace import Backlog
from tierwatch.config import load_config
from tierwatch.errors import StackError, UsageError
from tierwatch.settings import read_settings


@pytest.fixture
def one(engine: Engine, tmp_path: Path) -> Any:
    """A replay of an empty recording on a stack that does nothing."""
    traffic = tmp_path / "items.jsonl"
    traffic.touch()
    return run._Run(
        stack=SimpleNamespace(tick=lambda: None),
        options=Replay(traffic=traffic, leave=True, report=tmp_path / "report.json"),
        settings=replace(read_settings({}), data_dir=tmp_path, anchors_every_s=0, probes_every_s=0),
        config=load_config(DEMO_CONFIG),
        engine=engine,
        backlog=Backlog(engine),
    )


def test_a_replay_without_requests_ends_well_and_writes_its_report(
    one: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert one.to_the_end() == 0
    assert (tmp_path / "report.json").exists()
    assert "captured 0: judged 0" in capsys.readouterr().out
    assert one.ended.is_set()


def test_what_went_wrong_is_said_and_is_exit_code_1(
    one: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (one.options.traffic).write_text("no JSON\n")
    assert one.to_the_end() == 1
    assert "line 1 of items.jsonl was skipped: not JSON" in capsys.readouterr().err


def test_a_fault_of_the_sending_thread_ends_the_replay(
    one: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replay_traffic(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(run, "replay_traffic", replay_traffic)
    with pytest.raises(ZeroDivisionError):
        one.to_the_end()
    assert one.ended.is_set()


def test_a_gateway_that_refuses_everything_is_given_up(
    one: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replay_traffic(*_: object, progress: Any, stop: Any, **__: object) -> None:
        while not stop():
            progress.add_refusal("r1: HTTP 503")
            threading.Event().wait(0.001)

    monkeypatch.setattr(run, "replay_traffic", replay_traffic)
    assert one.to_the_end() == 1
    assert one.progress.refused >= 50


def test_exchanges_that_never_end_are_not_waited_for_for_ever(
    one: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_STUCK_AFTER_S", 0.3)
    monkeypatch.setattr(run, "build_report", lambda *_: report(pending=2))
    with pytest.raises(StackError, match="2 sampled exchanges did not move for 0 s; see the logs"):
        one.to_the_end()


def test_first_checks_are_waited_for_where_somebody_is_asked(
    one: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def await_first_checks(_engine: Engine, *, subjects: int, **_: object) -> bool:
        asked.append(subjects)
        return False

    monkeypatch.setattr(run, "await_first_checks", await_first_checks)
    one._await_first_checks()
    for anchors, probes in ((60.0, 0.0), (0.0, 60.0), (60.0, 60.0)):
        one.settings = replace(one.settings, anchors_every_s=anchors, probes_every_s=probes)
        one._await_first_checks()
    # The judge is one subject, each of the three tiers another; off is none.
    assert asked == [1, 3, 4]
    assert "an alert may not say what has changed" in capsys.readouterr().out


def test_one_program_is_not_two_persons(tmp_path: Path) -> None:
    traffic, config = tmp_path / "items.jsonl", tmp_path / "tierwatch.yaml"
    traffic.touch()
    text = DEMO_CONFIG.read_text().replace("retune: {", "retune: {approvals: 2, ")
    config.write_text(text)
    options = Replay(traffic=traffic, config=config, approve=True)
    settings = replace(read_settings({}), data_dir=tmp_path)
    with pytest.raises(UsageError, match="--approve: accepted where one person is enough"):
        run.replay_through(SimpleNamespace(start=lambda _: None), options, settings)
