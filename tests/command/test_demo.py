"""`tierwatch demo`: what it is asked, before anything is started."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tierwatch.command import demo, main
from tierwatch.command.replaying.options import Replay
from tierwatch.evalsets import FOLDER


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Replay]:
    """What the demo would have been run with."""
    seen: list[Replay] = []

    def run_demo(options: Replay, **_: Any) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(demo, "run_demo", run_demo)
    return seen


def test_without_options_it_replays_the_set_that_ships_with_tierwatch(asked: list[Replay]) -> None:
    assert CliRunner().invoke(main, ["demo"]).exit_code == 0
    assert asked == [Replay(traffic=FOLDER / "demo" / "items.jsonl")]


def test_every_option_arrives(asked: list[Replay], tmp_path: Path) -> None:
    traffic = tmp_path / "traffic.jsonl"
    traffic.touch()
    behaviour = json.dumps({"latency_s": 0.5})
    words = f"--traffic {traffic} --config c.yaml --limit 5 --sample-rate 0.5 --approve --exit"
    more = ["--report", "r.json", "--port", "9000", "--recorded", behaviour]
    done = CliRunner().invoke(main, ["demo", *words.split(), *more])
    assert done.exit_code == 0, done.output
    assert asked == [
        Replay(
            traffic=traffic,
            config=Path("c.yaml"),
            limit=5,
            sample_rate=0.5,
            approve=True,
            leave=True,
            report=Path("r.json"),
            port=9000,
            recorded=behaviour,
        )
    ]


def test_the_exit_code_is_that_of_the_work(
    monkeypatch: pytest.MonkeyPatch, asked: list[Replay]
) -> None:
    monkeypatch.setattr(demo, "run_demo", lambda *_, **__: 1)
    assert CliRunner().invoke(main, ["demo"]).exit_code == 1
    assert asked == []


def test_a_recording_that_is_not_there_starts_nothing(asked: list[Replay]) -> None:
    done = CliRunner().invoke(main, ["demo", "--traffic", "nowhere.jsonl"])
    assert done.exit_code == 1
    assert "nowhere.jsonl: no such file" in done.output
    assert asked == []


def test_the_demo_s_own_configuration_samples_as_it_says() -> None:
    from tierwatch.command.replaying.effective_config import DEMO_CONFIG
    from tierwatch.config import load_config

    config = load_config(DEMO_CONFIG)
    assert config.evaluation.judge is not None
    assert config.unpriced == ()
    # Every tier but the top one is watched, or its alert could not come.
    assert set(config.evaluation.tolerance) == {tier.name for tier in config.tiers[:-1]}
    assert 0 < config.evaluation.sample_rate < 1
