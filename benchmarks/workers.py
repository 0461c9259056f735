"""Pairs a second of one worker process against a provider that takes a second to answer.

A pair is three calls: the shadow answer, and the judge in both orders. With N threads and 1 s a
call the ideal is N / 3 pairs a second; what is measured is the share of it reached between the
first and the last tenth of the pairs. Prints JSON.

    python benchmarks/workers.py [--pairs 960] [--threads 64] [--latency 1.0]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import orjson
from sqlalchemy import text

from tierwatch.command.launch.processes import (
    process_environment,
    recorded_process,
    stack_processes,
    without_settings,
)
from tierwatch.command.launch.servers import empty_servers, prepare_database
from tierwatch.command.replaying.effective_config import write_effective_config
from tierwatch.config import load_config
from tierwatch.dispatch import CeleryDispatch
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.local import Process, Stack, free_port
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder
from tierwatch.loop.capture.exchange import ServedExchange, new_exchange_id
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.loop.capture.redact import redact
from tierwatch.providers.recorded.traffic_file import RecordedExchange, read_traffic
from tierwatch.routing.decision import Decision
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

DEMO = Path(__file__).parent.parent / "evalsets" / "demo"


def served(item: RecordedExchange) -> ServedExchange:
    """The exchange as if tier simple had served it."""
    now = time.time()
    decision = Decision(
        tier="simple",
        model="m",
        confidence=0.9,
        threshold=0.7,
        label="simple",
        escalated=False,
        task_type="all",
        policy_version=1,
        reason="kept",
    )
    return ServedExchange(
        exchange_id=new_exchange_id(now),
        arrived_at=now,
        session=item.session,
        request={"model": "auto", "messages": [dict(message) for message in item.messages]},
        decision=decision,
        served_tier="simple",
        served_model="m",
        provider="recorded",
        attempts=(),
        status=200,
        answer={"role": "assistant", "content": item.answers["simple"].text},
        finish_reason="stop",
        finished=True,
        prompt_tokens=100,
        completion_tokens=50,
        tokens_estimated=False,
        cost_usd=0.0001,
        latency_ms=100.0,
        first_byte_ms=50.0,
        overhead_ms=0.3,
    )


def distinct(items: list[RecordedExchange]) -> list[RecordedExchange]:
    """Those whose two answers differ: identical ones need no judge and would flatter."""
    return [
        item
        for item in items
        if item.answers["simple"].text.split() != item.answers["standard"].text.split()
    ]


def main() -> None:
    """Run it once and print the figures."""
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=960)
    options.add_argument("--threads", type=int, default=64)
    options.add_argument("--latency", type=float, default=1.0)
    asked = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        Stack(Path(name), say=lambda _: None, environ=without_settings(os.environ)) as stack,
    ):
        folder, port = Path(name), free_port()
        settings = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            secret_key=stack.secret("dashboard"),
            worker_threads=asked.threads,
            observe_every_s=5.0,
            # Neither is what is measured here.
            anchors_every_s=0.0,
            probes_every_s=0.0,
            # Captured long before the worker starts: the sweep must not send everything again.
            sweep_after_s=3600.0,
        )
        path = write_effective_config(
            DEMO / "tierwatch.yaml", sample_rate=1.0, folder=folder, recorded_port=port
        )
        settings = replace(settings, config=path)
        empty_servers(settings)
        config = load_config(path)
        prepare_database(settings, config)
        slow = orjson.dumps({"latency_s": asked.latency}).decode()
        stack.start(recorded_process(settings, DEMO / "items.jsonl", port, options=slow))
        engine = build_engine(settings.database_url)
        recorder = CaptureRecorder(
            engine=engine,
            dispatch=CeleryDispatch(settings.broker),
            tiers=config.tiers,
            plan=SamplingPlan(1.0),
            budget_usd_per_day=None,
            redact=redact,
            spools=SpoolFolder(folder / "spool", name="x", max_bytes=1_000_000),
            letters=DeadLetters(folder / "spool", max_bytes=1_000_000),
        )
        found = read_traffic(DEMO / "items.jsonl")
        items = distinct([item for item in found if isinstance(item, RecordedExchange)])
        for number in range(asked.pairs):
            recorder.record(served(items[number % len(items)]))
        recorder.flush()
        worker = next(p for p in stack_processes(settings) if p.name == "worker")
        started = time.monotonic()
        stack.start(Process(name="worker", argv=worker.argv, env=process_environment(settings)))
        while True:
            with engine.connect() as connection:
                done = connection.execute(
                    text("select count(*) from exchanges where ended_at is not null")
                ).scalar_one()
            if done >= asked.pairs or time.monotonic() - started > 600:
                break
            time.sleep(0.5)
        with engine.connect() as connection:
            # From the first shadow call (a latency before its answer) to the last verdict.
            judged, seconds = connection.execute(
                text(
                    "select count(*), extract(epoch from max(created_at)"
                    " - (select min(created_at) from alternatives)) from verdicts"
                )
            ).one()
            calls = connection.execute(text("select avg(calls) from verdicts")).scalar_one()
        engine.dispose()
        ideal = asked.threads / ((1 + float(calls)) * asked.latency)
        rate = judged / (float(seconds) + asked.latency)
        json.dump(
            {
                "pairs": done,
                "threads": asked.threads,
                "latency_s": asked.latency,
                "calls_a_pair": 1 + float(calls),
                "seconds": round(float(seconds) + asked.latency, 2),
                "pairs_per_s": round(rate, 2),
                "ideal_pairs_per_s": round(ideal, 2),
                "share_of_ideal": round(rate / ideal, 3),
            },
            sys.stdout,
            indent=2,
        )
        print()


if __name__ == "__main__":
    main()
