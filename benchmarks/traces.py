"""What exported traces cost the gateway: CPU a request beside the same gateway without, in turn.

    python benchmarks/traces.py [--rounds N] [--requests N] [--port N]

Starts two gateways as `tierwatch gateway` does (heuristic router; Postgres and Redis are away), one
of them with OTEL_EXPORTER_OTLP_ENDPOINT set to a collector that takes everything, and asks each the
same, 16 at once, by callers with a trace of their own. Provider, collector and callers are in this
process, so that nothing of theirs counts. Prints JSON: microseconds of CPU a request, medians over
the rounds, and the ratio.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median

import aiohttp
import psutil
from aiohttp import web

PLAIN, TRACED = "plain", "traced"
CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple:   {model: small, cost: 0.25}
    complex:  {model: large, cost: 15}
providers: {stub: {kind: openai, base_url: "http://127.0.0.1:PROVIDER/v1"}}
"""
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "small",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Paris."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 14, "completion_tokens": 2, "total_tokens": 16},
}
BODY = {"model": "auto", "messages": [{"role": "user", "content": "Capital of France?"}]}
AT_ONCE = 16


@asynccontextmanager
async def neighbours(port: int, taken: list[int]) -> AsyncIterator[None]:
    """A provider that answers at once, and a collector."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(ANSWER)

    async def collect(request: web.Request) -> web.Response:
        taken.append(len(await request.read()))
        return web.Response()

    app = web.Application(client_max_size=64_000_000)
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_post("/v1/traces", collect)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@contextmanager
def gateway(folder: Path, port: int, provider: int, **more: str) -> Iterator[psutil.Process]:
    """One as it is started in production."""
    config = folder / "tierwatch.yaml"
    config.write_text(CONFIG.replace("PROVIDER", str(provider)))
    environ = {
        **os.environ,
        "TIERWATCH_CONFIG": str(config),
        "TIERWATCH_DATA_DIR": str(folder / str(port)),
        "TIERWATCH_GATEWAY_PORT": str(port),
        "TIERWATCH_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
        "TIERWATCH_REDIS_URL": "redis://127.0.0.1:1/0",
        "TIERWATCH_LOG_LEVEL": "error",
        **more,
    }
    command = [sys.executable, "-P", "-m", "tierwatch", "gateway"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as started:
        try:
            yield psutil.Process(started.pid)
        finally:
            started.terminate()


async def ready(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until a gateway serves."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            async with session.get(f"{url}/readyz") as answer:
                if answer.ok:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit(f"{url} is not ready within a minute")


async def cpu_us(
    session: aiohttp.ClientSession, url: str, process: psutil.Process, requests: int
) -> float:
    """CPU a request of so many, 16 at once."""

    async def ask(count: int) -> None:
        for _ in range(count):
            trace = {"traceparent": f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"}
            async with session.post(
                f"{url}/v1/chat/completions", json=BODY, headers=trace
            ) as answer:
                words = await answer.text()
                if not answer.ok:
                    raise SystemExit(f"the gateway answers {answer.status}: {words}")

    before = process.cpu_times()
    await asyncio.gather(*(ask(requests // AT_ONCE) for _ in range(AT_ONCE)))
    after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return spent / requests * 1e6


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """All rounds."""
    port, taken = options.port, list[int]()
    found: dict[str, list[float]] = {PLAIN: [], TRACED: []}
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    async with neighbours(port, taken), aiohttp.ClientSession() as session:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            running = {
                PLAIN: (port + 1, stack.enter_context(gateway(folder, port + 1, port))),
                TRACED: (
                    port + 2,
                    stack.enter_context(gateway(folder, port + 2, port, **collector)),
                ),
            }
            urls = {name: f"http://127.0.0.1:{where}" for name, (where, _) in running.items()}
            for url in urls.values():
                await ready(session, url)
            for number in range(options.rounds + 1):
                for name in (PLAIN, TRACED) if number % 2 else (TRACED, PLAIN):
                    used = await cpu_us(session, urls[name], running[name][1], options.requests)
                    if number:  # the first round warms up
                        found[name].append(used)
                        print(f"round {number} {name} {used:.0f} us", file=sys.stderr)
            await asyncio.sleep(6)  # one interval of sending
    figures = {name: round(median(values), 1) for name, values in found.items()}
    pairs = zip(found[TRACED], found[PLAIN], strict=True)
    return {
        "cpu_us_a_request": figures,
        "ratio": round(median(traced / plain for traced, plain in pairs), 4),
        "bytes_taken": sum(taken),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=6_400, help="in each round, of each")
    parser.add_argument("--port", type=int, default=8690, help="the first of three")
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
