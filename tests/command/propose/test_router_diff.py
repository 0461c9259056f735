"""`tierwatch router-diff`: the diff for `patch`, and what was made of it."""

import json
import shutil
import subprocess
from pathlib import Path

import factories.rows as put
import pytest
from click.testing import CliRunner, Result
from factories.watched import JSON, WATCHED
from fakes.collaborators import scalar
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.foreign.hand_over import Watched
from tierwatch.loop.decide.rollout_by_hand import abort_rollout

PATCH = shutil.which("patch")
CONFIG = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: "http://127.0.0.1:9"}}
"""
ROUTER = "watch: {router: {kind: json, file: router.json}}\n"


@pytest.fixture
def tierwatch(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG + ROUTER)
    (tmp_path / "router.json").write_text(JSON.text)
    monkeypatch.setenv("TIERWATCH_CONFIG", str(tmp_path / "tierwatch.yaml"))
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return CliRunner()


@pytest.fixture
def made(engine: Engine) -> int:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        return put.add_proposal(connection)


def run(runner: CliRunner, *given: object) -> Result:
    return runner.invoke(main, ["router-diff", *map(str, given)])


@pytest.mark.skipif(PATCH is None, reason="patch is not installed")
def test_patch_takes_what_it_prints_and_the_way_back(
    tierwatch: CliRunner, made: int, engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        watched = Watched(JSON)
        approve_proposal(connection, made, actor="ada", why="good", watched=watched)
    file = tmp_path / "router.json"
    for given, wanted in (((), JSON.text.replace("0.7", "0.8", 1)), (("--undo",), JSON.text)):
        diff = run(tierwatch, made, *given)
        assert diff.exit_code == 0, diff.output
        subprocess.run(
            [str(PATCH), "-p1", "-s"], input=diff.output, text=True, cwd=tmp_path, check=True
        )
        assert file.read_text() == wanted


def test_it_says_what_was_applied_and_undone(
    tierwatch: CliRunner, made: int, engine: Engine
) -> None:
    with engine.begin() as connection:
        approve_proposal(connection, made, actor="ada", why="good", watched=WATCHED)
    done = run(tierwatch, made, "--applied")
    assert f"proposal {made} is applied; policy 2 stands for what runs now" in done.output
    with engine.begin() as connection:
        abort_rollout(connection, 2, actor="ada", why="worse")
    assert "is undone; policy 3" in run(tierwatch, made, "--undone").output
    assert scalar(engine, "select state from router_changes") == "undone"
    assert run(tierwatch, made, "--undone").exit_code == 1


def test_json_has_all_of_it(tierwatch: CliRunner, made: int) -> None:
    found = json.loads(run(tierwatch, made, "--json").output)
    assert (found["state"], found["file"]) == ("proposed", "router.json")
    assert '+{"simple": 0.8' in found["diff"]


def test_what_there_is_no_diff_of_is_said(
    tierwatch: CliRunner, made: int, engine: Engine, tmp_path: Path
) -> None:
    assert "there is no proposal 99" in run(tierwatch, 99).output
    with engine.begin() as connection:
        typed = put.add_proposal(connection, task_type="code")
    refused = run(tierwatch, typed)
    assert (refused.exit_code, "There is no diff" in refused.output) == (1, True)
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    refused = run(tierwatch, made)
    assert (refused.exit_code, "changes no watched router" in refused.output) == (1, True)
