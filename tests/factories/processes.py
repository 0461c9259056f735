"""Real processes of ours, each with an environment of its own."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fakes.waiting import until
from sqlalchemy import Engine

from tierwatch.command.launch.processes import process_environment
from tierwatch.settings import Settings

START_S = 60.0


@contextmanager
def process(
    *arguments: str, settings: Settings, log: Path, module: str = "tierwatch"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of our commands; killed at the end if it still runs."""
    environ: Mapping[str, str] = {
        **process_environment(settings),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "PROVIDER_KEY": "sk-test",
    }
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as running,
    ):
        try:
            yield running
        finally:
            running.kill()


def answers(url: str) -> bool:
    """Whether a page is there."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own page
            return bool(reply.status == 200)
    except OSError:
        return False


def until_ready(running: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait for a page, or say why it does not come."""
    until(lambda: running.poll() is not None or answers(url), START_S)
    assert running.poll() is None, log.read_text()


def url_of(engine: Engine) -> str:
    """The database's address, with its password."""
    return engine.url.render_as_string(hide_password=False)


def seconds_until_ended(running: subprocess.Popen[bytes], *, within_s: float) -> float:
    """Wait for the end of a process and say how long it took."""
    began = time.monotonic()
    running.wait(within_s)
    return time.monotonic() - began
