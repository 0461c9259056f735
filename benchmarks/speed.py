"""Speed beside peers in one run: whole answers, streams, a start, and all of it without stores.

    python benchmarks/speed.py [--before FOLDER] [--peers FOLDER] [--tls] [--starts N] ...

Starts our gateway as `tierwatch gateway` does (heuristic router, 5 % capture into a real
PostgreSQL, a real Redis), a second one whose Postgres and Redis are away, the gateway of an older
checkout, a bare relay (uvicorn + aiohttp), and with ``--peers`` Portkey and LiteLLM, which are
installed into that folder where they are not there yet. Then, in turn and in each round: wrk with
32 connections and with one; and callers that read one stream each. Two processes of one commit,
side by side, can differ by a fifth for as long as they live: two commits are compared over several
``--starts``. Prints a line a measurement on standard error and, at the end, JSON: medians over all
rounds, and ours as ratios to each. Needs nginx, wrk and openssl; for Portkey npm.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from gateway import BEFORE, OURS, ROOT, milliseconds, running_gateway
from stand_ins import PATH, make_certificate, nginx_config
from stream_callers import BODY

HERE = Path(__file__).parent
WHOLE, STREAMED = 9911, 9912
BARE, AWAY, PORTKEY, LITELLM = "bare", "stores_away", "portkey", "litellm"
START_S = 120
# LiteLLM starts without a strong key only where it is told that this is no deployment.
LOCAL = {"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
_WRK = re.compile(
    r"Distribution.*?\s50%\s+(?P<p50>\S+).*?99%\s+(?P<p99>\S+).*?Requests/sec:\s+(?P<rate>\S+)",
    re.DOTALL,
)


def wrk_script(provider: str) -> str:
    """The request of the runs with whole answers; Portkey is told its provider by headers."""
    body = json.loads(BODY)
    plain = json.dumps({key: body[key] for key in ("model", "messages")})
    return f"""
wrk.method = "POST"
wrk.body = '{plain}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-1234"
wrk.headers["x-portkey-provider"] = "openai"
wrk.headers["x-portkey-custom-host"] = "{provider}/v1"
"""


@contextmanager
def process(command: list[str], port: int, **more: Any) -> Iterator[None]:
    """A program that serves on a port, from when it accepts connections until it is ended."""
    with subprocess.Popen(command, **more) as started:
        try:
            deadline = time.monotonic() + START_S
            while not listeners(port):
                if started.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"{command[:4]} does not serve on port {port}")
                time.sleep(0.1)
            yield
        finally:
            started.terminate()


def listeners(port: int) -> set[psutil.Process]:
    """Who serves on a port, with their children."""
    pids = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid
    }
    owners = [psutil.Process(pid) for pid in pids]
    return {*owners, *(child for owner in owners for child in owner.children(recursive=True))}


def cpu_s(port: int) -> float:
    """CPU seconds that the servers on a port have used so far."""
    return sum(sum(one.cpu_times()[:2]) for one in listeners(port))


def whole_answers(url: str, script: Path, connections: int, seconds: int) -> dict[str, float]:
    """Requests/s, p50, p99 and CPU a request with so many connections."""
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    before = cpu_s(port)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    done = subprocess.run([*command, url], check=True, capture_output=True, text=True)
    found = _WRK.search(done.stdout)
    if found is None:
        sys.exit(f"wrk printed:\n{done.stdout}{done.stderr}")
    rate = float(found["rate"])
    return {
        "requests_per_s": rate,
        "p50_ms": milliseconds(found["p50"]),
        "p99_ms": milliseconds(found["p99"]),
        "cpu_us": round((cpu_s(port) - before) / max(1.0, rate * seconds) * 1e6, 1),
        "errors": float("Non-2xx" in done.stdout),
    }


def streams(url: str, callers: int) -> dict[str, float]:
    """What the callers of so many streams at once saw, and CPU an event."""
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    before = cpu_s(port)
    command = [sys.executable, str(HERE / "stream_callers.py"), url, str(callers)]
    seen = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    seen["cpu_us"] = round((cpu_s(port) - before) / max(1, seen["events"]) * 1e6, 1)
    return dict(seen)


@contextmanager
def providers(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Both providers, that of whole answers and that of streams; their addresses."""
    scheme, certificate = "http", None
    if options.tls:
        scheme, certificate = "https", make_certificate(folder / "tls")[1]
    for name in ("body", "proxy", "fcgi", "uwsgi", "scgi"):
        (folder / name).mkdir()
    (folder / "nginx.conf").write_text(nginx_config(WHOLE, certificate))
    paced = [str(STREAMED), str(options.events), str(options.pause)]
    stub = [sys.executable, str(HERE / "stand_ins.py"), "stream", *paced]
    stub += map(str, certificate or ())
    nginx = ["nginx", "-p", str(folder), "-c", "nginx.conf"]
    with process(nginx, WHOLE, stderr=subprocess.DEVNULL), process(stub, STREAMED):
        yield f"{scheme}://127.0.0.1:{WHOLE}", f"{scheme}://127.0.0.1:{STREAMED}"


def portkey(folder: Path, port: int, _provider: str) -> list[str]:
    """Portkey's gateway; each request names its provider."""
    place = folder / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not place.exists():
        install = ["npm", "install", "--prefix", str(folder), "@portkey-ai/gateway"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    return ["node", str(place), "--headless", f"--port={port}"]


def litellm(folder: Path, port: int, provider: str) -> list[str]:
    """LiteLLM's proxy, in a venv of its own, with one worker."""
    venv = folder / "litellm"
    if not (venv / "bin" / "litellm").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin" / "pip"), "install", "--quiet", "litellm[proxy]"]
        subprocess.run(pip, check=True)
    model = {"model": "openai/gpt-4o-mini", "api_base": f"{provider}/v1", "api_key": "sk-1"}
    config = folder / f"litellm-{port}.json"  # JSON is YAML
    entry = {"model_name": "gpt-4o-mini", "litellm_params": model}
    config.write_text(json.dumps({"model_list": [entry]}))
    return [str(venv / "bin" / "litellm"), "--config", str(config), "--port", str(port)]


PEERS: dict[str, Callable[[Path, int, str], list[str]]] = {PORTKEY: portkey, LITELLM: litellm}


def targets(
    opened: ExitStack, folder: Path, provider: str, port: int, options: argparse.Namespace
) -> dict[str, str]:
    """Start everybody before one provider; their addresses by name."""
    folder.mkdir()
    found: dict[str, str] = {}
    named: list[tuple[str, Path, bool]] = [(OURS, ROOT, False), (AWAY, ROOT, True)]
    if options.before is not None:
        named.append((BEFORE, options.before.resolve(), False))
    for place, (name, checkout, away) in enumerate(named):
        gateway = running_gateway(
            checkout, port + place, folder / name, provider=f"{provider}/v1", stores_away=away
        )
        found[name] = opened.enter_context(gateway)[0] + PATH
    relay = [sys.executable, str(HERE / "stand_ins.py"), "relay", str(port + 8), provider + PATH]
    opened.enter_context(process(relay, port + 8))
    found[BARE] = f"http://127.0.0.1:{port + 8}{PATH}"
    if options.peers is not None:
        options.peers.mkdir(parents=True, exist_ok=True)
        for place, (name, command) in enumerate(PEERS.items(), start=5):
            started = command(options.peers.resolve(), port + place, provider)
            opened.enter_context(
                process(
                    started,
                    port + place,
                    env=os.environ | LOCAL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            found[name] = f"http://127.0.0.1:{port + place}{PATH}"
    return found


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    known = [name for name in rows[0] if all(row[name] is not None for row in rows)]
    return {name: round(median(row[name] for row in rows), 3) for name in known}


def ratios(figures: dict[str, dict[str, float]], name: str, *, of: str = "") -> dict[str, float]:
    """A figure of ours over that of each other one; ``of`` is who stands for ours."""
    mine = figures[of or OURS][name]
    others = {who: one for who, one in figures.items() if who not in (OURS, of) and name in one}
    return {who: round(mine / one[name], 2) for who, one in others.items() if one[name]}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run all, in turn and in each round."""
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    alone = []
    for start in range(1, options.starts + 1):
        with ExitStack() as opened:
            alone.append(measure_started(opened, options, start, rows))
    return report({key: medians(found) for key, found in rows.items()}, median(alone))


def measure_started(
    opened: ExitStack,
    options: argparse.Namespace,
    start: int,
    rows: dict[tuple[str, str], list[dict[str, float]]],
) -> float:
    """Start everybody, add a row a round to each list, and return the provider's own median, ms."""
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
    whole, streamed = opened.enter_context(providers(folder, options))
    if options.tls:
        os.environ["SSL_CERT_FILE"] = str(folder / "tls" / "ca.pem")
        os.environ["NODE_EXTRA_CA_CERTS"] = os.environ["SSL_CERT_FILE"]
    script = folder / "post.lua"
    script.write_text(wrk_script(whole))
    begun = targets(opened, folder / "whole", whole, options.port, options)
    streaming = targets(opened, folder / "streamed", streamed, options.port + 20, options)
    streaming.pop(PORTKEY, None)  # its provider is named by headers that the callers lack
    runs: list[tuple[str, dict[str, str], Callable[[str], dict[str, float]]]] = [
        ("c1", begun, lambda url: whole_answers(url, script, 1, options.seconds)),
        ("c32", begun, lambda url: whole_answers(url, script, 32, options.seconds)),
        ("streams", streaming, lambda url: streams(url, options.streams)),
    ]
    for number in range(1, options.rounds + 1):
        for what, urls, run in runs:
            for name, url in urls.items():
                row = run(url)
                rows.setdefault((what, name), []).append(row)
                shown = {"start": start, "round": number, "run": what, "name": name, **row}
                print(json.dumps(shown), file=sys.stderr)
    return whole_answers(f"{whole}{PATH}", script, 1, options.seconds)["p50_ms"]


def report(figures: dict[tuple[str, str], dict[str, float]], stub_ms: float) -> dict[str, Any]:
    """The medians, and ours as ratios."""
    runs: dict[str, dict[str, dict[str, float]]] = {}
    for (what, name), row in figures.items():
        runs.setdefault(what, {})[name] = row
    added = {name: round(row["p50_ms"] - stub_ms, 3) for name, row in runs["c1"].items()}
    return {
        "measured": runs,
        "requests_per_s_over": ratios(runs["c32"], "requests_per_s"),
        "stores_away_over_both": round(
            runs["c32"][AWAY]["requests_per_s"] / runs["c32"][OURS]["requests_per_s"], 2
        ),
        "cpu_per_request_over": ratios(runs["c32"], "cpu_us"),
        "added_median_ms": added,
        "added_median_over": {
            name: round(added[OURS] / ms, 2) for name, ms in added.items() if name != OURS and ms
        },
        "cpu_per_event_over": ratios(runs["streams"], "cpu_us"),
        "pause_p99_over": ratios(runs["streams"], "pause_ms_p99"),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--before", type=Path, help="an older checkout, measured in the same run")
    parser.add_argument("--peers", type=Path, help="where Portkey and LiteLLM are or shall be")
    parser.add_argument("--tls", action="store_true", help="speak TLS with the providers")
    parser.add_argument("--starts", type=int, default=1, help="of everybody, anew")
    parser.add_argument("--rounds", type=int, default=3, help="of each start")
    parser.add_argument("--seconds", type=int, default=5, help="for each run of wrk")
    parser.add_argument("--streams", type=int, default=500, help="at once")
    parser.add_argument("--events", type=int, default=100, help="of a stream")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two events")
    parser.add_argument("--port", type=int, default=8720, help="the first of 40")
    print(json.dumps(measure(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
