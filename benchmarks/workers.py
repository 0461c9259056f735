"""Pairs a second of one Celery worker against a provider that takes 1 s to answer.

    python benchmarks/workers.py [--pairs 960] [--threads 64] [--latency-s 1]

Starts a real PostgreSQL and Redis, captures pairs of evalsets/demo as the gateway does, then starts
the worker. A pair is three calls, one after the other: the shadow answer and the judge in both
orders. So the ideal is threads / (3 x latency). Time runs from the start of the first call to the
last verdict, ramp and tail included. Prints JSON.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from app.config import Config, load_config
from app.launch import (
    prepare_database,
    process_environment,
    stack_processes,
    without_settings,
    write_effective_config,
)
from app.local import Process, Stack, free_port
from app.loop.exchange import ServedExchange, new_exchange_id
from app.loop.redact import load_redactor
from app.providers.traffic import RecordedExchange, read_traffic
from app.routing.decision import Decision
from app.runtime import build_recorder
from app.settings import Settings
from app.store.database import build_engine

DEMO = Path(__file__).parent.parent / "evalsets" / "demo"
CALLS_A_PAIR = 3
SERVED, SHADOW = "simple", "standard"
GIVE_UP_S = 300
RESULT = """
select
  (select extract(epoch from min(created_at - latency_ms * interval '1 ms')) from alternatives),
  (select extract(epoch from max(created_at)) from verdicts),
  (select count(*) from verdicts where preferred is not null and calls = 2),
  (select count(*) from failures),
  (select count(*) from attempts where error <> '')
"""


def usable() -> list[RecordedExchange]:
    """Exchanges whose pair takes three calls and whose texts redaction leaves as they are."""
    redact = load_redactor(None)
    found = []
    for item in read_traffic(DEMO / "items.jsonl"):
        if not isinstance(item, RecordedExchange) or f"{SERVED}<{SHADOW}" not in item.verdicts:
            continue
        served, shadow = item.answers[SERVED].text, item.answers[SHADOW].text
        if "".join(served.split()) == "".join(shadow.split()):
            continue  # a tie without a judge
        said = json.dumps([*item.messages, served, shadow])
        if redact(said) == said:
            found.append(item)
    return found


def served(items: list[RecordedExchange], config: Config) -> Iterator[ServedExchange]:
    """What the gateway would have handed to the recorder, without end."""
    tier = config.tier(SERVED)
    while True:
        for item in items:
            now = time.time()
            exchange_id = new_exchange_id(now)
            yield ServedExchange(
                exchange_id=exchange_id,
                arrived_at=now,
                session=str(exchange_id),
                request={"model": "auto", "messages": list(item.messages)},
                decision=Decision(
                    tier=SERVED,
                    model=tier.model,
                    confidence=0.9,
                    threshold=0.7,
                    label=SERVED,
                    escalated=False,
                    task_type="all",
                    policy_version=1,
                    reason="kept",
                ),
                served_tier=SERVED,
                served_model=tier.model,
                provider=tier.provider,
                attempts=(),
                status=200,
                answer={"role": "assistant", "content": item.answers[SERVED].text},
                finish_reason="stop",
                finished=True,
                prompt_tokens=100,
                completion_tokens=100,
                tokens_estimated=False,
                cost_usd=0.0,
                latency_ms=1.0,
                first_byte_ms=1.0,
                overhead_ms=0.1,
            )


def slow_provider(settings: Settings, port: int, latency_s: float) -> Process:
    """The recorded provider, answering after ``latency_s``."""
    asked = ["--traffic", str(DEMO / "items.jsonl"), "--port", str(port)]
    options = ["--options", json.dumps({"latency_s": latency_s})]
    return Process(
        name="recorded",
        argv=[sys.executable, "-m", "app", "recorded", *asked, *options],
        env=process_environment(settings),
        ready=f"http://127.0.0.1:{port}/healthz",
    )


def capture(settings: Settings, config: Config, engine: Engine, pairs: int) -> None:
    """Store the pairs and tell the workers, through the gateway's own recorder."""
    recorder = build_recorder(settings, config, engine=engine)
    for exchange in islice(served(usable(), config), pairs):
        recorder.record(exchange)
    recorder.flush()


def wait_for_end(stack: Stack, engine: Engine) -> None:
    """Wait until no captured exchange is left open."""
    deadline = time.monotonic() + GIVE_UP_S
    while time.monotonic() < deadline:
        stack.tick()
        with engine.connect() as connection:
            asked = text("select count(*) from exchanges where ended_at is null")
            if not connection.execute(asked).scalar_one():
                return
        time.sleep(0.5)
    sys.exit(f"pairs were still open after {GIVE_UP_S} s")


def measured(folder: Path, pairs: int, threads: int, latency_s: float) -> dict[str, Any]:
    """Run it once."""
    port = free_port()
    environ = without_settings(os.environ)
    with Stack(folder, say=lambda line: print(line, file=sys.stderr), environ=environ) as stack:
        settings = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            config=write_effective_config(
                DEMO / "tierwatch.yaml", sample_rate=1, folder=folder, recorded_port=port
            ),
            worker_threads=threads,
            log_level="warning",
        )
        config = load_config(settings.config)
        prepare_database(settings, config)
        stack.start(slow_provider(settings, port, latency_s))
        engine = build_engine(settings.database_url)
        try:
            capture(settings, config, engine, pairs)
            worker = next(p for p in stack_processes(settings) if p.name == "worker")
            stack.start(worker)
            wait_for_end(stack, engine)
            with engine.connect() as connection:
                began, ended, whole, failed, bad = connection.execute(text(RESULT)).one()
        finally:
            engine.dispose()
    if whole != pairs:
        sys.exit(f"{whole} of {pairs} pairs took {CALLS_A_PAIR} calls; {failed} failed")
    seconds = float(ended - began)
    rate, ideal = pairs / seconds, threads / (CALLS_A_PAIR * latency_s)
    return {
        "pairs": pairs,
        "threads": threads,
        "latency_s": latency_s,
        "failed_calls": bad,
        "seconds": round(seconds, 2),
        "pairs_per_s": round(rate, 2),
        "ideal_pairs_per_s": round(ideal, 2),
        "share": round(rate / ideal, 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pairs", type=int, default=960, help="a multiple of the threads")
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--latency-s", type=float, default=1.0, help="of every model call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), options.pairs, options.threads, options.latency_s)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
