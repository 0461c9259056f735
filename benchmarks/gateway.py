"""The gateway's overhead, in one run with its peers: requests/s, median and p99.

    python benchmarks/gateway.py [--before FOLDER] [NAME=URL ...]

Starts our gateway as `tierwatch gateway` does, with the heuristic router and 5 % capture into a
real PostgreSQL, and runs the harness `gateway_overhead.sh` over it and over the peers that are
named; those must be running already, with http://127.0.0.1:9901/v1 as their provider (the harness
says how). With ``--before`` the gateway of an older checkout runs on the next port, as one more
peer. Needs nginx and wrk. Prints JSON: medians over the rounds; ratios of requests/s to each peer
at 32 connections; the median that each adds to the bare stub at 1 connection.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from tierwatch.local import Stack
from tierwatch.store.database import build_engine

ROOT = Path(__file__).parent.parent
STUB = "stub"
OURS = "tierwatch"
BEFORE = "before"
STUB_URL = "http://127.0.0.1:9901/v1"
PATH = "/v1/chat/completions"
# gpt-4o-mini is what the harness asks for; it is routed like `auto`.
CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple:   {model: small, cost: 0.25}
    standard: {model: medium, cost: 3}
    complex:  {model: large, cost: 15}
providers: {stub: {kind: openai, base_url: "PROVIDER"}}
evaluation: {sample_rate: 0.05}
gateway: {auto_models: [gpt-4o-mini]}
"""
LINE = re.compile(
    r"round \d+ (?P<name>\S+)\s+c=(?P<connections>\d+)\s+p50 (?P<p50>\S+)\s+p99 (?P<p99>\S+)"
    r"\s+(?P<rate>[\d.]+) req/s(?P<bad>.*)"
)
MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
START_S = 30
FOLDERS = {
    "app": "tierwatch",
    "workers": "tierwatch_workers",
    "migrations": "tierwatch_migrations",
    "evalsets": "tierwatch_evalsets",
}


def milliseconds(shown: str) -> float:
    """Read wrk's "512.00us", "1.20ms" or "1.10s".

    >>> milliseconds("512.00us"), milliseconds("1.5s")
    (0.512, 1500.0)
    """
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", shown).groups()  # type: ignore[union-attr] - wrk prints nothing else
    return round(float(number) * MS[unit], 6)


def command(checkout: Path, names: Path) -> tuple[list[str], dict[str, str]]:
    """How a checkout's ``tierwatch`` is started with this environment's packages."""
    if checkout == ROOT:
        return [sys.executable, "-P", "-m", "tierwatch"], {}
    # Until the folders were installed under a name of their own, they were imported as they are.
    plain = "tierwatch_workers" not in (checkout / "pyproject.toml").read_text()
    prefix = {name: name for name in FOLDERS} if plain else FOLDERS
    names.mkdir()
    for folder, name in prefix.items():
        (names / name).symlink_to(checkout / folder)
    return [sys.executable, "-P", "-m", prefix["app"]], {"PYTHONPATH": str(names)}


@contextmanager
def running_gateway(
    checkout: Path,
    port: int,
    folder: Path,
    *,
    provider: str = STUB_URL,
    stores_away: bool = False,
    processes: int = 1,
    config: str = CONFIG,
) -> Iterator[tuple[str, Any]]:
    """Run a checkout's gateway with everything it has in production; its URL and database.

    Args:
        checkout: of tierwatch.
        port: to serve on.
        folder: for its files; made here.
        provider: base URL of the only one.
        stores_away: whether it finds neither Postgres nor Redis.
        processes: that serve; 1 is what every checkout knows.
        config: the text of its file, with PROVIDER where the base URL stands.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    folder.mkdir()
    with Stack(folder / "stack", say=lambda _: None, environ=clean) as stack:
        database_url, redis_url = stack.start_postgres(), stack.start_redis()
        engine = build_engine(database_url)
        path_of_config = folder / "tierwatch.yaml"
        path_of_config.write_text(config.replace("PROVIDER", provider))
        tierwatch, path = command(checkout, folder / "names")
        env = clean | path
        env |= {
            "TIERWATCH_CONFIG": str(path_of_config),
            "TIERWATCH_DATABASE_URL": database_url,
            "TIERWATCH_REDIS_URL": redis_url,
            "TIERWATCH_GATEWAY_PORT": str(port),
            "TIERWATCH_DATA_DIR": str(folder / "data"),
            "TIERWATCH_LOG_LEVEL": "warning",
        }
        subprocess.run([*tierwatch, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
        if stores_away:
            env |= {
                "TIERWATCH_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
                "TIERWATCH_REDIS_URL": "redis://127.0.0.1:1/0",
                "TIERWATCH_LOG_LEVEL": "error",
            }
        many = ["--processes", str(processes)] if processes > 1 else []
        process = subprocess.Popen([*tierwatch, "gateway", *many], env=env, stdout=sys.stderr)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(f"{url}/readyz", process)
            yield url, engine
        finally:
            process.terminate()
            process.wait(START_S)
            engine.dispose()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"the gateway ended with {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own gateway on loopback
                return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"the gateway was not ready within {START_S} s")


def measured(harness: Path, targets: dict[str, str], rounds: int, seconds: int) -> str:
    """Run the harness and give what it printed."""
    env = {**os.environ, "ROUNDS": str(rounds), "SECONDS_EACH": str(seconds)}
    pairs = [f"{name}={url}" for name, url in targets.items()]
    command = ["bash", str(harness), *pairs]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def report(printed: str) -> dict[str, Any]:
    """Medians over the rounds, ratios and added medians, from the harness's lines."""
    rows = [match.groupdict() for match in map(LINE.match, printed.splitlines()) if match]
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(row["name"] for row in rows):
        for connections in ("1", "32"):
            mine = [r for r in rows if (r["name"], r["connections"]) == (name, connections)]
            found.setdefault(name, {})[f"c{connections}"] = {
                "requests_per_s": round(median(float(row["rate"]) for row in mine), 1),
                "p50_ms": median(milliseconds(row["p50"]) for row in mine),
                "p99_ms": median(milliseconds(row["p99"]) for row in mine),
                "rounds_with_errors": sum(bool(row["bad"].strip()) for row in mine),
            }
    ours = found[OURS]["c32"]["requests_per_s"]
    bare = found[STUB]["c1"]["p50_ms"]
    others = [name for name in found if name != STUB]
    return {
        "measured": found,
        "times_the_requests_of": {
            name: round(ours / found[name]["c32"]["requests_per_s"], 2)
            for name in others
            if name != OURS
        },
        "added_median_ms": {name: round(found[name]["c1"]["p50_ms"] - bare, 3) for name in others},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("peers", nargs="*", metavar="NAME=URL", help="chat endpoint of a peer")
    parser.add_argument(
        "--bench",
        type=Path,
        default=Path(os.environ.get("BENCH_DIR", ROOT.parent / "shared" / "bench")),
        help="folder of gateway_overhead.sh (default: $BENCH_DIR or ../shared/bench)",
    )
    parser.add_argument("--before", type=Path, help="an older checkout, measured in the same run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="for each measurement")
    parser.add_argument("--port", type=int, default=8520, help="for our gateway")
    options = parser.parse_args()
    harness = options.bench / "gateway_overhead.sh"
    if not harness.exists():
        sys.exit(f"{harness} is not there; name its folder with --bench")
    peers = dict(peer.split("=", 1) for peer in options.peers)
    with ExitStack() as open_until_measured:
        folder = Path(open_until_measured.enter_context(tempfile.TemporaryDirectory()))
        url, engine = open_until_measured.enter_context(
            running_gateway(ROOT, options.port, folder / OURS)
        )
        targets = {OURS: url + PATH}
        if options.before is not None:
            older = running_gateway(options.before.resolve(), options.port + 1, folder / BEFORE)
            targets[BEFORE] = open_until_measured.enter_context(older)[0] + PATH
        printed = measured(harness, targets | peers, options.rounds, options.seconds)
        time.sleep(2)  # the recorder commits every second
        with engine.connect() as connection:
            captured = connection.execute(text("select count(*) from exchanges")).scalar_one()
    print(json.dumps({**report(printed), "captured": captured}, indent=2))


if __name__ == "__main__":
    main()
