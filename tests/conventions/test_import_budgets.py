"""What a process imports and weighs: serving and scheduling need little of what the loop needs.

A module that is banned here came in by an import that serves another process. Put what needs it
in a module of its own, as `store.migration` or `calibration.error_bounds` are, or import it where
it is first used.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine

# What computes, what migrates, what workers, pages and people's terminals need.
FOR_OTHERS = {
    *("numpy", "scipy", "ragas", "tokenizers", "safetensors", "wordllama"),
    *("alembic", "mako", "flask", "waitress", "jinja2", "argon2"),
    *("httpx", "genai_prices", "narwhals", "openai", "anthropic"),
    "sqlalchemy.orm",
}
BANNED = {
    "gateway": FOR_OTHERS | {"celery", "rich", "starlette", "anyio", "aiohttp"},
    "beat": FOR_OTHERS | {"sqlalchemy", "psycopg", "pydantic", "aiohttp", "starlette", "uvicorn"},
}
# Each process's own start, up to where it would begin to serve.
STARTS = {
    "gateway": """
import uvicorn
from tierwatch.command import main
async def shown(*_):
    show()
uvicorn.Server.serve = shown
main(["gateway"], standalone_mode=False)
""",
    "beat": """
import runpy
from celery import Celery
Celery.start = show
sys.argv = ["tierwatch_workers", "beat", "-l", "warning"]
runpy.run_module("tierwatch_workers", run_name="__main__", alter_sys=True)
""",
}
SHOW = """
import json, sys

def show(*_):
    print(json.dumps(sorted(name for name in sys.modules if sys.modules[name])))
"""
CONFIG = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers: {own: {kind: openai, base_url: "http://127.0.0.1:1/v1"}}
"""
# MiB of resident memory once it serves. Measured: 87 and 56.
MOST_MIB = {"gateway": 95, "beat": 70}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that finds neither Postgres nor Redis."""
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    return clean | {
        "TIERWATCH_CONFIG": str(tmp_path / "tierwatch.yaml"),
        "TIERWATCH_DATA_DIR": str(tmp_path / "data"),
        "TIERWATCH_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
        "TIERWATCH_REDIS_URL": "redis://127.0.0.1:1/0",
        "TIERWATCH_LOG_LEVEL": "error",
    }


@pytest.mark.parametrize("process", sorted(STARTS))
def test_a_process_imports_nothing_that_is_for_others(
    process: str, environ: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", SHOW + STARTS[process]],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout.splitlines()[-1]))  # after lines of the log
    assert "tierwatch" in imported
    within = tuple(f"{name}." for name in BANNED[process])
    assert sorted(one for one in imported if f"{one}.".startswith(within)) == []


@contextmanager
def running(environ: dict[str, str], *arguments: str) -> Iterator[psutil.Process]:
    command = [sys.executable, "-P", "-m", *arguments]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as started:
        try:
            yield psutil.Process(started.pid)
        finally:
            started.terminate()


def resident_mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def test_a_gateway_that_is_ready_is_small(
    environ: dict[str, str], engine: Engine, redis_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ |= {
        "TIERWATCH_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "TIERWATCH_REDIS_URL": redis_url,
        "TIERWATCH_GATEWAY_PORT": str(port),
    }
    with running(environ, "tierwatch", "gateway") as process:
        wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        assert resident_mib(process) < MOST_MIB["gateway"]


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own gateway on loopback
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError("not ready within a minute")


def test_a_beat_that_has_sent_its_first_ticks_is_small(
    environ: dict[str, str], redis_url: str
) -> None:
    environ |= {"TIERWATCH_REDIS_URL": redis_url, "TIERWATCH_OBSERVE_EVERY_S": "1"}
    with running(environ, "tierwatch", "beat") as process:
        deadline = time.monotonic() + 60
        while not any(c.status == psutil.CONN_ESTABLISHED for c in process.net_connections()):
            assert process.is_running(), "beat ended"
            assert time.monotonic() < deadline, "beat reached no broker within a minute"
            time.sleep(0.05)
        assert resident_mib(process) < MOST_MIB["beat"]
