"""A dashboard as it runs, under strangers who half-send requests and guess passwords."""

import itertools
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest
from fakes.waiting import until
from sqlalchemy import Engine

from tierwatch.store.people.users import add_user

CONFIG = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
"""
PASSWORD = "correct horse battery"
HALF = b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nname="
ATTACK_S = 8.0
GUESSERS = 16


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def dashboard(engine: Engine, folder: Path, **settings: str) -> Iterator[tuple[int, int]]:
    """A process, and the port it listens at."""
    port = free_port()
    (folder / "tierwatch.yaml").write_text(CONFIG)
    own = {
        "TIERWATCH_CONFIG": str(folder / "tierwatch.yaml"),
        "TIERWATCH_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "TIERWATCH_SECRET_KEY": "k" * 32,
        "TIERWATCH_DASHBOARD_PORT": str(port),
        **settings,
    }
    kept = {name: value for name, value in os.environ.items() if "TIERWATCH" not in name}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tierwatch", "dashboard"], env=kept | own
    )
    try:
        until(lambda: healthz(port) is not None, 60)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(20)


def healthz(port: int) -> float | None:
    """Seconds that ``/healthz`` took; None without an answer."""
    began = time.monotonic()
    try:
        said = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=20, trust_env=False)
    except httpx.HTTPError:
        return None
    return time.monotonic() - began if said.status_code == 200 else None


def guess(port: int, names: Iterator[int], over: threading.Event, seen: list[int]) -> None:
    """Guess passwords of ever-new names, each guess from an address of its own by its own word."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
        form = client.get("/login").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        assert token is not None
        while not over.is_set():
            number = next(names)
            body = {"csrf_token": token[1], "name": f"name-{number}", "password": "wrong"}
            address = f"203.0.{number // 250 % 250}.{number % 250}"
            with suppress(httpx.HTTPError):
                said = client.post("/login", data=body, headers={"X-Forwarded-For": address})
                seen.append(said.status_code)


def attacked(pid: int, port: int, report: Callable[[str], None]) -> tuple[float, float]:
    """The slowest ``/healthz`` and the growth of memory, in MB, during an attack."""
    process, over = psutil.Process(pid), threading.Event()
    before, most, slowest = process.memory_info().rss, 0, 0.0
    half = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for one in half:
        one.sendall(HALF)
    names, seen = itertools.count(), list[int]()
    guessers = [
        threading.Thread(target=guess, args=(port, names, over, seen)) for _ in range(GUESSERS)
    ]
    for guesser in guessers:
        guesser.start()
    began, checks = time.monotonic(), 0
    while time.monotonic() - began < ATTACK_S:
        took = healthz(port)
        assert took is not None, "no answer"
        slowest, checks = max(slowest, took), checks + 1
        most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    over.set()
    for guesser in guessers:
        guesser.join()
    for one in half:
        one.close()
    grown = (most - before) / 1e6
    counts = {status: seen.count(status) for status in sorted(set(seen))}
    report(
        f"healthz {checks} times, slowest {slowest:.3f} s; RSS {before / 1e6:.0f} MB,"
        f" grown by {grown:.0f} MB; guesses by status {counts}"
    )
    return slowest, grown


@pytest.mark.slow
@pytest.mark.parametrize("proxies", ["", "127.0.0.0/8"], ids=["one address", "many addresses"])
def test_200_half_requests_and_16_guessers_keep_nobody_out(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], proxies: str
) -> None:
    with engine.begin() as connection:
        add_user(connection, "ada", PASSWORD, "viewer")
    lines: list[str] = []
    with dashboard(engine, tmp_path, TIERWATCH_TRUSTED_PROXIES=proxies) as (pid, port):
        usual = max(healthz(port) or 99.0 for _ in range(20))
        slowest, grown = attacked(pid, port, lines.append)
        with capsys.disabled():
            sys.stdout.write(f"\n{lines[0]}; before, at most {usual:.3f} s\n")
        # A machine that is busy with other things shares what there is.
        assert slowest <= max(1.0, 20 * usual)
        assert grown <= 100.0
        # Whoever half-sent a request was hung up on, or will be; and afterwards all is as before.
        assert (healthz(port) or 99.0) <= max(1.0, 20 * usual)
