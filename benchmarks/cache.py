"""The response cache: wrong hits, hit rates, what a look costs, and a Redis that stands still.

    python benchmarks/cache.py

Runs the gateway in front of a stub provider with a real Redis and asks over HTTP. Each pair of
`evalsets/near_misses` has an API key of its own: one prompt is asked and kept, then the other, in
both orders. Beside it stands what a threshold on similarity would do with the same pairs: cosine of
character 3-grams and words. Prints JSON.
"""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import redis
import structlog
import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from tierwatch.config import Config, load_config
from tierwatch.evalsets import PromptPair, near_misses
from tierwatch.gateway import build_cache, build_gateway
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.cache.cache_key import tenant_of
from tierwatch.gateway.cache.cache_reader import CacheReader
from tierwatch.gateway.cache.response_cache import ResponseCache
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.server import gateway_server
from tierwatch.local import Stack
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.redact import redact
from tierwatch.providers.upstream import Upstream
from tierwatch.routing import Router

BUDGET_MS = 5
PATIENT_MS = 2_000
PAUSED_REQUESTS = 200
LOOKS = 3_000
LOOK = re.compile(r'^tierwatch_gateway_cache_lookups_total\{result="(\w+)"\} (\S+)', re.MULTILINE)
CONFIG = """
routing:
  classifier: {{kind: heuristic}}
  tiers:
    simple:   {{model: small, cost: 0.25}}
    standard: {{model: medium, cost: 3}}
    complex:  {{model: large, cost: 15}}
providers: {{stub: {{kind: openai, base_url: "http://127.0.0.1:{port}/v1"}}}}
gateway: {{cache: {{mode: semantic, budget_ms: {budget_ms}}}}}
"""


class Nobody:
    """A recorder that keeps nothing."""

    def record(self, served: ServedExchange) -> None:
        """Take it."""


async def stub(_scope: Any, receive: Any, send: Any) -> None:
    """Answer every chat with the last words of its prompt."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    asked = json.loads(body)
    text = "You asked: " + asked["messages"][-1]["content"]
    reply = {
        "id": "stub",
        "object": "chat.completion",
        "created": 0,
        "model": asked["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
    }
    raw = json.dumps(reply).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(raw))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": raw})


@contextmanager
def running(server: uvicorn.Server) -> Iterator[int]:
    """Run a server in a thread; gives its port."""
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise SystemExit("a server of this benchmark could not start")
        time.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


class Caller:
    """Asks the gateway over HTTP and looks at Redis."""

    def __init__(self, port: int, redis_url: str) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self.redis = redis.Redis.from_url(redis_url)

    def ask(self, key: str, prompt: str) -> tuple[str, float, str]:
        """What the cache did, the gateway's own milliseconds, and the answer."""
        body = {
            "model": "auto",
            "temperature": 0,
            "messages": [{"role": "user", "content": prompt}],
        }
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self._url}/v1/chat/completions",
            json.dumps(body).encode(),
            {"content-type": "application/json", "x-api-key": key},
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
            answer = json.load(response)["choices"][0]["message"]["content"]
            told = response.headers
            return told["x-tierwatch-cache"], float(told["x-tierwatch-overhead-ms"]), answer

    def ask_and_keep(self, key: str, prompt: str) -> None:
        """Ask, and wait until the answer is kept; one that never is fails the benchmark."""
        mine = f"tierwatch:cache:*:{tenant_of(key.encode())}:*"
        self.ask(key, prompt)
        deadline = time.monotonic() + 5
        while not self.redis.keys(mine):
            if time.monotonic() > deadline:
                raise SystemExit(f"the answer to {prompt!r} was not kept")
            time.sleep(0.001)

    def looks(self) -> Counter[str]:
        """What became of the looks so far."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=30) as response:  # noqa: S310 - as above
            shown = response.read().decode()
        found = LOOK.findall(shown)
        return Counter({name: int(float(count)) for name, count in found})


def pairs_over_http(caller: Caller, pairs: Sequence[PromptPair]) -> dict[str, Any]:
    """Ask one prompt of each pair, then itself again, then the other; in both orders."""
    crossed: list[str] = []
    repeated = 0
    before = caller.looks()
    for pair in pairs:
        for order, (first, second) in enumerate(((pair.a, pair.b), (pair.b, pair.a))):
            key = f"{pair.id}-{order}"
            caller.ask_and_keep(key, first)
            again, _, answer = caller.ask(key, first)
            repeated += again == "hit" and answer == f"You asked: {first}"
            status, _, _ = caller.ask(key, second)
            if status != "miss":
                crossed.append(pair.id)
    asked = 2 * len(pairs)
    stale = (caller.looks() - before)["stale"]
    return {"asked": asked, "repeated": repeated, "crossed": crossed, "stale": stale}


def by_similarity(near: Sequence[PromptPair], same: Sequence[PromptPair]) -> dict[str, Any]:
    """What a threshold on the cosine of 3-grams and words would do."""

    def grams(text: str) -> Counter[str]:
        text = " ".join(text.lower().split())
        return Counter([text[n : n + 3] for n in range(len(text) - 2)] + text.split())

    def cosine(pair: PromptPair) -> float:
        a, b = grams(pair.a), grams(pair.b)
        dot = sum(a[gram] * b[gram] for gram in a)
        return dot / (sum(n * n for n in a.values()) * sum(n * n for n in b.values())) ** 0.5

    near_by, same_by = sorted(map(cosine, near)), sorted(map(cosine, same))
    above = sum((s > n) + 0.5 * (s == n) for s in same_by for n in near_by)
    strictest = near_by[-1]
    return {
        "median_near_miss": round(median(near_by), 3),
        "median_rewording": round(median(same_by), 3),
        "rewording_above_near_miss": round(above / len(near_by) / len(same_by), 3),
        "near_misses_above_0.85": sum(value > 0.85 for value in near_by),
        "rewordings_found_without_a_wrong_hit": sum(value > strictest for value in same_by),
    }


def per_call_us(call: Callable[[], object], times: int) -> float:
    """Median microseconds of a call."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return median(took) * 1e6


def paused(caller: Caller, pid: int) -> dict[str, Any]:
    """Ask while Redis stands still."""
    usual = [caller.ask("usual", f"Before {n}?")[1] for n in range(PAUSED_REQUESTS)]
    before = caller.looks()
    os.kill(pid, signal.SIGSTOP)
    try:
        took = [caller.ask("paused", f"Question {n}?") for n in range(PAUSED_REQUESTS)]
    finally:
        os.kill(pid, signal.SIGCONT)
    began = time.monotonic()
    counted = caller.looks() - before
    while caller.ask("back", "Are you back?")[0] != "hit":
        time.sleep(0.05)
    overheads = sorted(overhead for _, overhead, _ in took)
    return {
        "requests": len(took),
        "answered": sum(answer.startswith("You asked") for _, _, answer in took),
        "budget_ms": BUDGET_MS,
        "waited_for_the_budget": counted["slow"],
        "did_not_wait": counted["away"],
        "overhead_ms": {
            "usual_median": round(median(usual), 2),
            "usual_max": round(max(usual), 2),
            "median": round(median(overheads), 2),
            "max": round(overheads[-1], 2),
        },
        "hits_again_after_s": round(time.monotonic() - began, 1),
    }


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration and its cache."""

    path: Path
    config: Config
    cache: ResponseCache


def cache_of(path: Path, provider_port: int, url: str, budget_ms: int) -> Configured:
    """Write the configuration and build the cache that it asks for."""
    path.write_text(CONFIG.format(port=provider_port, budget_ms=budget_ms))
    config = load_config(path)
    cache = build_cache(config, url=url, redact=redact)
    if cache is None:
        raise SystemExit("the cache is off")
    return Configured(path, config, cache)


async def look_us(configured: Configured, prompt: str) -> list[float]:
    """Microseconds of single looks for a prompt that was never asked, sorted."""
    took = []
    metrics = GatewayMetrics(CollectorRegistry())
    reader = CacheReader(configured.config, configured.cache.store, metrics)
    async with configured.cache.store:
        for number in range(LOOKS):
            asked = request_of(b"%d" % number, prompt)
            began = time.perf_counter()
            await reader.look_up(asked)
            took.append((time.perf_counter() - began) * 1e6)
    missed = metrics.cache.lookups("miss")._value.get()  # noqa: SLF001 - it has no other reading
    if missed != LOOKS:
        raise SystemExit(f"looks did not reach Redis: {missed:g} misses of {LOOKS:,}")
    return sorted(took)


def request_of(key: bytes, prompt: str) -> Asked:
    """A request as the gateway accepts it."""
    chat = {"temperature": 0, "messages": [{"role": "user", "content": prompt}]}
    return Asked(
        exchange_id=uuid.uuid4(),
        arrived_at=0.0,
        started=0.0,
        due=time.perf_counter() + 600.0,
        wire="openai",
        headers={b"x-api-key": key},
        key=key,
        session="",
        in_session=False,
        request=chat,
        chat=chat,
        pinned=None,
    )


def gateway_of(configured: Configured) -> Starlette:
    """The gateway with this cache."""
    return build_gateway(
        config=configured.config,
        router=Router.from_config(configured.path),
        recorder=Nobody(),
        policies=lambda: None,
        upstream=Upstream(configured.config.providers, {}),
        clock=time.time,
        feedback=lambda _: None,
        environ={},
        cache=configured.cache,
    )


def main() -> None:
    """Measure and print."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    items = near_misses().items
    near, same = ([pair for pair in items if pair.same is kind] for kind in (False, True))
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    provider = uvicorn.Server(
        uvicorn.Config(stub, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "stack", say=lambda _: None, environ=clean) as stack,
        running(provider) as port,
    ):
        url = stack.start_redis()

        def serving(budget_ms: int) -> AbstractContextManager[int]:
            cache = cache_of(Path(folder) / "tierwatch.yaml", port, url, budget_ms)
            return running(gateway_server(gateway_of(cache), "127.0.0.1", 0))

        # A look that is given up is a miss, which would hide a wrong hit: here none is.
        with serving(PATIENT_MS) as at:
            caller = Caller(at, url)
            near_found = pairs_over_http(caller, near)
            same_found = pairs_over_http(caller, same)
            if caller.looks().keys() & {"slow", "away", "failed"}:
                raise SystemExit(f"Redis was away during the benchmark: {caller.looks()}")
        pid = stack.pid("redis")
        if pid is None:
            raise SystemExit("Redis ended during the benchmark")
        with serving(BUDGET_MS) as at:
            standstill = paused(Caller(at, url), pid)
        configured = cache_of(Path(folder) / "tierwatch.yaml", port, url, PATIENT_MS)
        prompt = "How do I sort a dictionary by value in Python?"
        looked = asyncio.run(look_us(configured, prompt))
        stack.discard()
    body = json.dumps({"messages": [{"role": "user", "content": "word " * 2_000}]})
    loads_us = per_call_us(lambda: json.loads(body), LOOKS)
    asked = near_found["asked"] + same_found["asked"]
    repeats = near_found["repeated"] + same_found["repeated"]
    result = {
        "near_misses": {
            "pairs": len(near),
            "orders": 2,
            "wrong_hits": len(near_found["crossed"]),
            "which": near_found["crossed"],
        },
        "repeats": {"asked": asked, "hits": repeats, "rate": repeats / asked},
        "rewordings": {
            "asked": same_found["asked"],
            "hits": len(same_found["crossed"]),
            "rate": round(len(same_found["crossed"]) / same_found["asked"], 3),
            "found_but_of_a_lower_tier_than_the_router_chose": same_found["stale"],
        },
        "by_similarity": by_similarity(near, same),
        "look": {
            "median_us": round(median(looked), 1),
            "p99_us": round(looked[int(0.99 * len(looked))], 1),
            "json_loads_of_10_kB_us": round(loads_us, 1),
            "median_as_multiple_of_json_loads": round(median(looked) / loads_us, 1),
        },
        "redis_standing_still": standstill,
    }
    json.dump(result, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
