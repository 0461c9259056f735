"""A LiteLLM proxy that nobody changed is watched: its tier gets worse, and people are told.

Recorded traffic goes through the proxy; tierwatch has nothing of it but what its callback logs.
While it does, the intake, Redis and Postgres are killed; what was acknowledged is counted, once.
"""

import gzip
import hashlib
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from conftest import SHARED
from fakes.alertmanager import PROGRAM, Alertmanager, alertmanager
from fakes.collaborators import rows, scalar
from fakes.litellm_proxy import MASTER, litellm_program, proxy_command, proxy_environment
from fakes.posts import Post, Posts, passed_on, posts, vendors
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.command.launch.processes import recorded_process, stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.config import load_config
from tierwatch.intake.json_sources.litellm import read_litellm
from tierwatch.local import Stack, free_port
from tierwatch.local.process import Process
from tierwatch.loop.watch.alert import resolve_by_hand
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

TRAFFIC = SHARED / "data" / "traffic_dev_degraded.jsonl.gz"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_500),
    pytest.mark.skipif(not TRAFFIC.exists(), reason="the recorded traffic is not here"),
    pytest.mark.skipif(PROGRAM is None, reason="no Alertmanager is installed"),
]

# Shown with --log-cli-level=info.
measured = logging.getLogger(__name__)

# From this line on the recording's standard tier is a weaker model: worse than complex at .35 and
# not at .16 of the requests.
CHANGED_AT = 6_625
BEFORE, AFTER = 250, 450
AT_ONCE = 4
CONFIG = """\
routing:
  classifier: {{kind: heuristic}}
  tiers:
    simple: {{model: small-1, cost: 0.25}}
    standard: {{model: medium-1, cost: 3}}
    complex: {{model: large-1, cost: 15}}
providers:
  lab: {{kind: openai, base_url: "{provider}"}}
evaluation:
  sample_rate: 1
  direct_share: 0
  probe_down_rate: 0
  tolerance: {{simple: 0.45, standard: 0.2}}
  judge: {{model: judge-1}}
  retune: {{mode: off}}
intake:
  keys: [{{source: proxy, key: env:PROXY_KEY, accepts: litellm}}]
watch:
  tiers: {{simple: [fast], standard: [usual], complex: [best]}}
notify:
  - {{kind: pagerduty, url: "{vendors}", key: env:PAGERDUTY_KEY}}
  - {{kind: slack, url: "{vendors}/services/T0/B0"}}
  - {{kind: alertmanager, url: "{alertmanager}"}}
"""
MODELS = {"fast": "small-1", "usual": "medium-1", "best": "large-1"}
KEYS = {"PROXY_KEY": "a-key-of-the-proxy-alone", "PAGERDUTY_KEY": "R0" * 16}
WITHIN_S = 300.0
# LiteLLM hands on what it logged every 5 s, and tries a batch again for as long.
QUIET_S = 20.0


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything that runs."""

    stack: Stack
    engine: Engine
    proxy: str
    relay: Posts
    vendors: Posts
    alertmanager: Alertmanager

    def wait(self, met: Callable[[], object], what: str, seconds: float = WITHIN_S) -> None:
        began = time.monotonic()
        while True:
            self.stack.tick()
            try:
                if met():
                    return
            except SQLAlchemyError:
                pass  # Postgres is being started
            assert time.monotonic() - began < seconds, f"waited in vain: {what}"
            time.sleep(0.2)

    def acknowledged(self) -> list[str]:
        """The ids of the calls in batches that were answered 202, each as often as it was."""
        batches = self.relay.taken("/litellm")
        return [call.source_id for post in batches for call in read_litellm(post.body).calls]

    def settled(self) -> bool:
        """Whether all that was counted has been judged and observed."""
        counted = scalar(self.engine, "select count(*) from exchanges where direction = 'up'")
        judged = scalar(self.engine, "select count(*) from outcomes where position is not null")
        return bool(judged >= counted > 0)

    def alerts(self) -> list[Any]:
        asked = "select id, kind, tier, state from alerts where kind = 'misroute' order by id"
        return [tuple(row) for row in rows(self.engine, asked)]


@dataclass
class Seen:
    """What was seen, in its order."""

    sent: int = 0
    refused: int = 0
    pids: list[tuple[str, int | None, int | None]] = field(default_factory=list)
    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)
    firing: list[Any] = field(default_factory=list)
    ended: list[Any] = field(default_factory=list)
    triggered: list[Any] = field(default_factory=list)
    resolved: list[Any] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("foreign")
    program = litellm_program(tmp_path_factory.mktemp("program"))
    with ExitStack() as opened:
        people = opened.enter_context(posts(vendors))
        watcher = opened.enter_context(alertmanager(folder, receiver=f"{people.url}/am"))
        recorded_port, proxy_port, intake_port = free_port(), free_port(), free_port()
        provider = f"http://127.0.0.1:{recorded_port}/v1"
        relay = opened.enter_context(posts(passed_on(f"http://127.0.0.1:{intake_port}")))
        (folder / "tierwatch.yaml").write_text(
            CONFIG.format(provider=provider, vendors=people.url, alertmanager=watcher.url)
        )
        environ = {**without_settings(os.environ), **KEYS}
        stack = opened.enter_context(Stack(folder, say=lambda _: None, environ=environ))
        settings = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            config=folder / "tierwatch.yaml",
            gateway_port=free_port(),
            intake_port=intake_port,
            worker_threads=8,
            conversation_idle_s=1,
            observe_every_s=1,
            sweep_every_s=2,
            sweep_after_s=5,
            claim_s=10,
            anchors_every_s=0,
            probes_every_s=0,
            types_every_s=0,
            log_level="warning",
        )
        prepare_database(settings, load_config(settings.config))
        traffic = folder / "traffic.jsonl"
        traffic.write_text("".join(recording()))
        stack.start(recorded_process(settings, traffic, recorded_port))
        for process in stack_processes(settings, intake=True):
            if process.name not in {"dashboard", "gateway"}:
                stack.start(process)
        command = proxy_command(
            program,
            folder / "litellm.json",
            port=proxy_port,
            models=MODELS,
            provider=provider,
            intake=relay.url,
        )
        proxy = f"http://127.0.0.1:{proxy_port}"
        stack.start(
            Process(
                "litellm",
                command,
                env=proxy_environment(KEYS["PROXY_KEY"], folder),
                ready=f"{proxy}/health/liveliness",
                ready_within_s=180,
            )
        )
        engine = build_engine(settings.database_url)
        try:
            yield Watched(stack, engine, proxy, relay, people, watcher)
        finally:
            engine.dispose()
            stack.discard()


def recording() -> list[str]:
    with gzip.open(TRAFFIC, "rt", encoding="utf-8") as lines:
        return [
            line
            for number, line in enumerate(lines)
            if CHANGED_AT - BEFORE <= number < CHANGED_AT + AFTER
        ]


def send(watched: Watched, lines: Sequence[str], seen: Seen) -> None:
    """Ask the proxy, as several programs at once do; every tenth request is a simple one."""
    left = list(enumerate(lines))
    left.reverse()
    lock = threading.Lock()

    def ask() -> None:
        headers = {"authorization": f"Bearer {MASTER}"}
        with httpx.Client(timeout=120, trust_env=False, headers=headers) as client:
            while True:
                with lock:
                    if not left:
                        return
                    number, line = left.pop()
                    seen.sent += 1
                alias = "usual" if number % 10 else "fast"
                body = {"model": alias, "messages": json.loads(line)["messages"]}
                reply = client.post(f"{watched.proxy}/v1/chat/completions", json=body)
                with lock:
                    seen.refused += reply.status_code != 200

    programs = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
    for one in programs:
        one.start()
    for one in programs:
        one.join()


def logged(watched: Watched, seen: Seen) -> None:
    """Wait until the proxy has handed on what it logged, or has given it up."""
    changed, known = time.monotonic(), -1
    while time.monotonic() - changed < QUIET_S:
        found = len(set(watched.acknowledged()))
        if found >= seen.sent - seen.refused:
            return
        if found != known:
            changed, known = time.monotonic(), found
        time.sleep(0.2)


@pytest.fixture(scope="module")
def seen(watched: Watched) -> Seen:
    lines, seen = recording(), Seen()
    stretch = BEFORE // 5
    send(watched, lines[:stretch], seen)
    for place, name in enumerate(("intake", "redis", "postgres"), start=1):
        # Killed while the proxy hands on, and away while it serves.
        sending = threading.Thread(
            target=send,
            args=(watched, lines[place * stretch : (place + 1) * stretch], seen),
        )
        sending.start()
        time.sleep(1)
        killed = watched.stack.pid(name)
        watched.stack.kill(name)
        time.sleep(2)
        watched.stack.restart(name)
        sending.join()
        seen.pids.append((name, killed, watched.stack.pid(name)))
    send(watched, lines[4 * stretch : BEFORE], seen)
    logged(watched, seen)
    watched.wait(watched.settled, "what came before the change was judged")
    seen.before = watched.alerts()

    send(watched, lines[BEFORE:], seen)
    logged(watched, seen)
    watched.wait(watched.alerts, "an alert")
    evidence = "select evidence from alerts where kind = 'misroute' order by id limit 1"
    measured.info("the alert's evidence: %s", str(scalar(watched.engine, evidence))[:2_000])
    watched.wait(watched.settled, "everything was judged")
    seen.after = watched.alerts()
    heard(watched, seen)
    seen.acknowledged = watched.acknowledged()
    return seen


def heard(watched: Watched, seen: Seen) -> None:
    """What the channels have of the alert, and of its end."""

    def firing() -> list[Any]:
        return [one for one in watched.alertmanager.alerts() if one["labels"]["tier"] == "standard"]

    def enqueued(action: str) -> list[Any]:
        posted = [post.json for post in watched.vendors.taken("/v2/enqueue")]
        return [one for one in posted if one["event_action"] == action]

    def messages() -> list[Post]:
        return watched.vendors.taken("/services/")

    watched.wait(firing, "Alertmanager has it")
    watched.wait(lambda: enqueued("trigger") and messages(), "PagerDuty and Slack have it")
    seen.firing, seen.triggered = firing(), enqueued("trigger")
    said = len(messages())
    with watched.engine.begin() as connection:
        for number, _, _, state in watched.alerts():
            if state != "resolved":
                resolve_by_hand(connection, number, actor="ada", why="the model was put back")
    watched.wait(lambda: not firing(), "Alertmanager has its end")
    watched.wait(
        lambda: enqueued("resolve") and len(messages()) > said, "PagerDuty and Slack have its end"
    )
    seen.resolved = enqueued("resolve")
    measured.info("Alertmanager: %s", seen.firing[0]["labels"])
    seen.messages = [post.json["text"] for post in messages()]


def test_the_proxy_served_everybody_throughout(seen: Seen) -> None:
    assert (seen.sent, seen.refused) == (BEFORE + AFTER, 0)


def test_each_of_three_was_killed(seen: Seen) -> None:
    assert [name for name, _, _ in seen.pids] == ["intake", "redis", "postgres"]
    assert all(old and new and old != new for _, old, new in seen.pids)


def test_there_is_an_alert_after_the_change_and_none_before(seen: Seen) -> None:
    assert seen.before == []
    assert [(kind, tier) for _, kind, tier, _ in seen.after] == [("misroute", "standard")]


def test_people_hear_of_it_and_of_its_end(seen: Seen) -> None:
    (alert,) = seen.firing
    assert alert["labels"]["severity"]
    keys = {one["dedup_key"] for one in seen.triggered}
    assert len(keys) == 1
    assert {one["dedup_key"] for one in seen.resolved} == keys
    assert {one["routing_key"] for one in seen.triggered} == {KEYS["PAGERDUTY_KEY"]}
    assert any("standard" in text for text in seen.messages)
    assert len(seen.messages) >= 2


def test_what_was_acknowledged_is_counted_once(watched: Watched, seen: Seen) -> None:
    known = {row.call for row in rows(watched.engine, "select call from seen_calls")}
    acknowledged = {
        uuid.UUID(bytes=hashlib.blake2b(f"proxy\0{one}".encode(), digest_size=16).digest())
        for one in seen.acknowledged
    }
    measured.info("sent %d, acknowledged %d times", seen.sent, len(seen.acknowledged))
    measured.info("%d of them different, counted %d", len(acknowledged), len(known))
    # Of what came while the intake was dead, the proxy gave up a little at most.
    assert len(acknowledged) >= 0.9 * seen.sent
    assert acknowledged <= known
    assert scalar(watched.engine, "select count(*) from exchanges") == len(known)


def test_the_funnel_adds_up(watched: Watched, seen: Seen) -> None:
    asked = (
        "select what, sum(calls)::int as calls from source_counts where source = 'proxy' group by 1"
    )
    counts = {row.what: row.calls for row in rows(watched.engine, asked)}
    measured.info("the funnel: %s", counts)
    known = scalar(watched.engine, "select count(*) from seen_calls")
    assert counts["calls"] == known
    # Received is what was acknowledged, and what was kept before a kill could acknowledge it.
    assert counts["calls"] + counts.get("repeat", 0) >= len(seen.acknowledged)
    outside = sum(calls for what, calls in counts.items() if what.startswith("outside:"))
    assert counts["sampled"] + outside == counts["calls"]
    served = scalar(watched.engine, "select sum(requests)::int from rollups")
    assert served == counts["calls"]
