"""A real Alertmanager on this machine, where it is installed (Debian: prometheus-alertmanager)."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
AMTOOL = shutil.which("amtool")

# Notifies at once, and never again of the same.
_CONFIG = """
route: {{receiver: here, group_by: [tierwatch_alert], group_wait: 0s, group_interval: 1s}}
receivers:
  - name: here
    webhook_configs: [{{url: "{receiver}", send_resolved: true}}]
"""


@dataclass(frozen=True)
class Alertmanager:
    url: str

    def alerts(self) -> list[dict[str, Any]]:
        """What it holds, firing or not, of which it would notify."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:  # noqa: S310 - on loopback
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def by_amtool(self) -> list[dict[str, Any]]:
        """The same as its own tool prints it."""
        assert AMTOOL is not None
        told = [AMTOOL, "alert", "query", f"--alertmanager.url={self.url}", "-o", "json"]
        done = subprocess.run(told, capture_output=True, check=True, timeout=30)
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@contextmanager
def alertmanager(folder: Path, *, receiver: str, port: int | None = None) -> Iterator[Alertmanager]:
    """One that notifies a receiver; what it has notified of is kept in the folder."""
    assert PROGRAM is not None
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    config = folder / "alertmanager.yml"
    config.write_text(_CONFIG.format(receiver=receiver))
    command = [
        PROGRAM,
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as started:
        try:
            yield Alertmanager(_ready(f"http://127.0.0.1:{port}"))
        finally:
            started.terminate()


def _ready(url: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):  # noqa: S310 - on loopback
                return url
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError("not ready within a minute")
