"""`tierwatch replay`: the servers of the settings, and nothing of theirs removed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tierwatch.command import main, replay
from tierwatch.command.replaying import run
from tierwatch.command.replaying.options import Replay
from tierwatch.settings import Settings, read_settings


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    file = tmp_path / "traffic.jsonl"
    file.touch()
    return file


def test_the_file_and_the_options_arrive(traffic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Replay] = []
    monkeypatch.setattr(replay, "run_replay", lambda options, **_: seen.append(options) or 3)
    done = CliRunner().invoke(main, ["replay", str(traffic), "--limit", "7", "--exit"])
    assert done.exit_code == 3
    assert seen == [Replay(traffic=traffic, limit=7, leave=True)]


def test_it_runs_on_the_servers_of_the_settings_in_a_folder_of_its_own(
    traffic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Settings] = []

    def replay_through(_stack: Any, _options: Replay, settings: Settings) -> int:
        used.append(settings)
        return 0

    monkeypatch.setattr(run, "replay_through", replay_through)
    given = replace(read_settings({}), data_dir=tmp_path / "data", redis_url="redis://there/3")
    for secret in ("", "x" * 40):
        settings = replace(given, secret_key=secret)
        assert replay.run_replay(Replay(traffic=traffic), settings=settings, environ={}) == 0
    made, kept = used
    assert made.data_dir == tmp_path / "data" / "replay"
    assert (made.database_url, made.redis_url) == (given.database_url, "redis://there/3")
    # A session secret is made where there is none, and the loop runs at a recording's pace.
    assert len(made.secret_key) >= 32
    assert kept.secret_key == "x" * 40
    assert made.observe_every_s == 1.0
