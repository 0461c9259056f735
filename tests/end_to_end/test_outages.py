"""The whole stack for real: kill -9 of a worker, of Redis and of Postgres under traffic.

What must hold: the gateway answers every request; afterwards nothing is pending, the funnel sums,
and no pair was judged twice. And an approved policy is in live answers within seconds.
"""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.config import Config, load_config
from app.launch import (
    empty_servers,
    prepare_database,
    recorded_process,
    stack_processes,
    without_settings,
    write_effective_config,
)
from app.local import Stack, free_port
from app.loop.approve import roll_back_to
from app.loop.report import build_report
from app.replay import Progress, exchanges, replay_traffic
from app.settings import Settings
from app.store.database import build_engine

DEMO = Path(__file__).parents[2] / "evalsets" / "demo"
EVERY_S = 0.04  # 25 requests a second: about 800 while the three outages pass
AWAY_S = 6.0


@dataclass
class Running:
    stack: Stack
    settings: Settings
    config: Config
    engine: Engine

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.settings.gateway_port}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("outages")
    with Stack(folder, say=lambda _: None, environ=without_settings(os.environ)) as stack:
        settings = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            secret_key=stack.secret("dashboard"),
            gateway_port=free_port(),
            observe_every_s=1.0,
            sweep_every_s=3.0,
            sweep_after_s=8.0,
            claim_s=12.0,
            rollout_every_s=2.0,
            worker_threads=8,
        )
        recorded_port = free_port()
        settings = replace(
            settings,
            config=write_effective_config(
                DEMO / "tierwatch.yaml", sample_rate=1.0, folder=folder, recorded_port=recorded_port
            ),
        )
        empty_servers(settings)
        config = load_config(settings.config)
        prepare_database(settings, config)
        stack.start(recorded_process(settings, DEMO / "items.jsonl", recorded_port))
        for process in stack_processes(settings):
            if process.name != "dashboard":
                stack.start(process)
        engine = build_engine(settings.database_url)
        yield Running(stack, settings, config, engine)
        engine.dispose()
        stack.discard()


def report_of(running: Running) -> dict[str, object] | None:
    try:
        with running.engine.connect() as connection:
            return build_report(connection, running.config)
    except SQLAlchemyError:
        return None


def test_every_request_is_answered_and_every_pair_judged_once(running: Running) -> None:
    progress, ended = Progress(), threading.Event()
    items = list(exchanges(DEMO / "items.jsonl", Progress(), limit=None))
    sender = threading.Thread(
        target=replay_traffic,
        kwargs={
            "items": cycle(items),
            "gateway_url": running.gateway,
            "progress": progress,
            "hold": lambda: False,
            "stop": ended.is_set,
            "every_s": EVERY_S,
        },
    )
    sender.start()
    try:
        time.sleep(3)
        for name in ("worker", "redis", "postgres"):
            running.stack.kill(name)
            time.sleep(AWAY_S)
            running.stack.restart(name)
            time.sleep(4)
    finally:
        ended.set()
        sender.join()
    assert progress.refused == 0, progress.first_refusal
    assert progress.answered == progress.sent > 300

    deadline = time.monotonic() + 120
    report = None
    while time.monotonic() < deadline:
        running.stack.tick()
        report = report_of(running)
        if report and report["requests"] == progress.answered and report["pending"] == 0:
            break
        time.sleep(0.5)
    assert report is not None
    assert report["requests"] == progress.answered
    assert report["pending"] == 0
    assert report["dropped"] == 0
    assert report["captured"] == report["shadowed"] + report["failed"]
    assert report["captured"] == progress.answered
    with running.engine.connect() as connection:
        verdicts, pairs, failures = connection.execute(
            text(
                "select count(*), count(distinct exchange_id), (select count(*) from failures)"
                " from verdicts"
            )
        ).one()
    assert verdicts == pairs
    assert verdicts + failures == progress.answered
    assert failures <= progress.answered * 0.02


def test_a_new_policy_is_in_live_answers_within_five_seconds(running: Running) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "unknown"}]}

    def version() -> str | None:
        reply = httpx.post(f"{running.gateway}/v1/chat/completions", json=body)
        return reply.headers.get("x-tierwatch-policy-version")

    item = next(exchanges(DEMO / "items.jsonl", Progress(), limit=1))
    body["messages"] = list(item.messages)
    before = version()
    with running.engine.begin() as connection:
        connection.execute(
            text(
                "insert into policies (version, thresholds, by_task, author, reason)"
                " select 50, '{\"simple\": 0.66, \"standard\": 0.7}', by_task, 'ada', 'a test'"
                " from policies where version = 1"
            )
        )
        new = roll_back_to(connection, 50, actor="ada", why="a test")
    changed_at = time.monotonic()
    while version() != str(new) and time.monotonic() < changed_at + 10:
        time.sleep(0.1)
    assert before != str(new)
    assert time.monotonic() - changed_at < 5
