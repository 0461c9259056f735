"""The clients that docs/sources prints are run as they stand there, against an intake."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.intake import RunningIntake, Served, served
from fakes.litellm_proxy import litellm_program
from sqlalchemy import Engine

SOURCES = Path(__file__).parents[2] / "docs" / "sources"
ADDRESS = "http://127.0.0.1:8422"
REQUEST = '{"model": "auto", "messages": [{"role": "user", "content": "Say hello."}]}'
RESPONSE = (
    '{"id": "chatcmpl-9", "model": "gpt-5-mini-2026", "choices": [{"index": 0, "finish_reason":'
    ' "stop", "message": {"role": "assistant", "content": "Hello there."}}], "usage":'
    ' {"prompt_tokens": 11, "completion_tokens": 7}}'
)
# What LiteLLM gives a logger to inherit from; tests/clients has the real one.
BASE_CLASS = "class CustomLogger:\n    def __init__(self):\n        self.begun = True\n"
LITELLM = """\
import time
from factories.sources import litellm_record
from tierwatch_logger import tierwatch

assert tierwatch.begun
for number in range(3):
    kwargs = {"standard_logging_object": litellm_record(startTime=time.time() - 5)}
    if number == 2:
        kwargs["standard_logging_object"] |= {"status": "failure", "error_str": "Bad gateway"}
        tierwatch.log_failure_event(kwargs, None, None, None)
    else:
        tierwatch.log_success_event(kwargs, None, None, None)
tierwatch.log_success_event({}, None, None, None)  # a call that LiteLLM says nothing of
"""
WAITS = LITELLM + "while tierwatch.waiting:\n    time.sleep(0.05)\n"


# Both of LiteLLM's ways to call a model; its logging goes on behind the answer.
REAL = """\
import asyncio, time
import litellm
from tierwatch_logger import tierwatch

litellm.callbacks = [tierwatch]
asked = {"model": "openai/gpt-5-mini", "messages": [{"role": "user", "content": "Say hello."}]}
litellm.completion(**asked, mock_response="Hello there.")


async def ask():
    await litellm.acompletion(**asked, mock_response="Hello again.")
    await asyncio.sleep(2)


asyncio.run(ask())
"""


def program(page: str, language: str) -> str:
    """The one program of a language on a page, pointed at nothing yet."""
    text = (SOURCES / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(found)


@pytest.fixture
def intake(engine: Engine, tmp_path: Path) -> Iterator[tuple[RunningIntake, Served]]:
    with RunningIntake(engine, tmp_path / "intake") as running, served(running) as address:
        yield running, address


def run(command: list[str], folder: Path, **environ: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "NO_PROXY": "127.0.0.1", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def check_the_outcome(intake: RunningIntake) -> None:
    intake.stored(1)
    assert intake.counts() == {("app", "calls"): 1, ("app", "sampled"): 1}
    (row,) = intake.rows("select tier, finished, prompt_tokens, completion_tokens from rollups")
    assert tuple(row) == ("simple", 1, 11, 7)


def test_the_python_client_reports_an_outcome(
    intake: tuple[RunningIntake, Served], tmp_path: Path
) -> None:
    pytest.importorskip("requests", reason="the client in the docs uses requests")
    running, address = intake
    source = program("outcomes.md", "python")
    assert source.count(ADDRESS) == 1
    assert source.count("\n") <= 25
    (tmp_path / "client.py").write_text(source.replace(ADDRESS, address.url))
    ask = f"import time, client; client.report({REQUEST}, {RESPONSE}, time.time() - 1, 'fast')"
    run([sys.executable, "-c", ask], tmp_path, APP_INTAKE_KEY="sk-app-1")
    check_the_outcome(running)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_the_node_client_reports_an_outcome(
    intake: tuple[RunningIntake, Served], tmp_path: Path
) -> None:
    running, address = intake
    source = program("outcomes.md", "javascript")
    assert source.count(ADDRESS) == 1
    (tmp_path / "client.mjs").write_text(source.replace(ADDRESS, address.url))
    (tmp_path / "ask.mjs").write_text(
        'import { report } from "./client.mjs";\n'
        f'await report({REQUEST}, {RESPONSE}, Date.now() - 1000, "fast");\n'
    )
    run(["node", "ask.mjs"], tmp_path, APP_INTAKE_KEY="sk-app-1")
    check_the_outcome(running)


@pytest.fixture
def logging(intake: tuple[RunningIntake, Served], tmp_path: Path) -> Callable[..., None]:
    """Runs a program that has the logger of the docs."""
    folder = tmp_path / "litellm" / "integrations"
    folder.mkdir(parents=True)
    (folder / "custom_logger.py").write_text(BASE_CLASS)
    (tmp_path / "tierwatch_logger.py").write_text(program("litellm.md", "python"))

    def logged(source: str) -> None:
        (tmp_path / "ask.py").write_text(source)
        run(
            [sys.executable, "ask.py"],
            tmp_path,
            LITELLM_INTAKE_KEY="sk-proxy-1",
            TIERWATCH_INTAKE=intake[1].url,
            PYTHONPATH=str(Path(__file__).parents[1]),
        )

    return logged


@pytest.mark.parametrize("status", [401, 429, 500])
def test_litellms_logger_sends_again_what_was_not_taken(
    intake: tuple[RunningIntake, Served], logging: Callable[..., None], status: int
) -> None:
    running, address = intake
    address.first = [status]
    logging(WAITS)
    running.stored(3)
    assert running.counts()["proxy", "calls"] == 3
    assert running.counts()["proxy", "outside:error"] == 1
    assert address.statuses == [status, 202]


def test_litellms_logger_sends_what_is_left_as_its_program_ends(
    intake: tuple[RunningIntake, Served], logging: Callable[..., None]
) -> None:
    running, address = intake
    logging(LITELLM)
    running.stored(3)
    assert address.statuses == [202]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_real_litellm_calls_the_logger(
    intake: tuple[RunningIntake, Served], tmp_path: Path
) -> None:
    running, address = intake
    python = Path(litellm_program(tmp_path)).with_name("python")
    (tmp_path / "tierwatch_logger.py").write_text(program("litellm.md", "python"))
    (tmp_path / "ask.py").write_text(REAL)
    run(
        [str(python), "ask.py"],
        tmp_path,
        LITELLM_INTAKE_KEY="sk-proxy-1",
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        TIERWATCH_INTAKE=address.url,
    )
    running.stored(2)
    assert running.counts()["proxy", "calls"] == 2
    assert ("proxy", "bad_line") not in running.counts()
