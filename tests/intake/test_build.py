"""The intake of a process: what it wants, what it starts, and what it leaves behind."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from factories.sources import CONFIG, ENVIRON, body, outcome
from fakes.intake import RunningIntake, now
from sqlalchemy import Engine, create_engine

from tierwatch.config import load_config
from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import SettingsError, UsageError
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.intake.build import Steered, build_intake
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.steering import Steering
from tierwatch.settings import read_settings


def test_without_a_key_nobody_could_send_and_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(CONFIG.partition("intake:")[0])
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    settings = replace(read_settings({}), config=path, data_dir=tmp_path)
    with pytest.raises(UsageError, match=r"intake\.keys and intake\.pulls are empty"):
        build_intake(
            settings,
            load_config(path),
            engine=engine,
            dispatch=KeptDispatch(),
            environ=ENVIRON,
            policies=lambda: None,
        )
    path.write_text(CONFIG)
    with pytest.raises(SettingsError, match="PROXY_KEY"):
        build_intake(
            settings,
            load_config(path),
            engine=engine,
            dispatch=KeptDispatch(),
            environ={},
            policies=lambda: None,
        )
    engine.dispose()


def test_a_pull_is_enough_and_its_key_has_to_be_there(engine: Engine, tmp_path: Path) -> None:
    pull = "{source: chat, kind: openai, base_url: 'http://127.0.0.1:1/v1', key: env:OPENAI_KEY}"
    config = CONFIG.partition("intake:")[0] + f"intake: {{pulls: [{pull}]}}\n"
    with pytest.raises(SettingsError, match="OPENAI_KEY"):
        RunningIntake(engine, tmp_path, config)
    before = threading.active_count()
    with RunningIntake(engine, tmp_path, config, environ={"OPENAI_KEY": "k"}) as intake:
        assert intake.post("/v1/outcomes", body(outcome(started_at=now()))).status == 401
        assert any(one.name == "intake-pull-chat" for one in threading.enumerate())
    assert threading.active_count() <= before


def test_what_was_acknowledged_is_stored_at_the_latest_when_it_ends(
    engine: Engine, tmp_path: Path
) -> None:
    before = threading.active_count()
    with RunningIntake(engine, tmp_path) as intake:
        sent = [outcome(n, started_at=now()) for n in range(20)]
        assert intake.post("/v1/outcomes", body(*sent)).json["calls"] == 20
    assert intake.counts()["app", "calls"] == 20
    assert threading.active_count() <= before


def test_what_a_killed_process_left_is_stored_by_the_next(engine: Engine, tmp_path: Path) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with RunningIntake(nowhere, tmp_path) as intake:
        assert intake.post("/v1/outcomes", body(outcome(started_at=now()))).status == 202
    nowhere.dispose()
    with RunningIntake(engine, tmp_path) as intake:
        intake.stored(1)
        assert intake.counts()["app", "calls"] == 1


def test_numbers_go_on_from_those_in_postgres(engine: Engine) -> None:
    steering = Steering(engine, budget_usd_per_day=None)
    steered = Steered(Draw((), SamplingPlan(1.0)), steering)
    assert [steered.number(), steered.number()] == [1, 2]
    steering.base = 40
    assert steered.number() == 43
    steered.follow(0)
    assert steered.draw.plan == SamplingPlan(1.0)
