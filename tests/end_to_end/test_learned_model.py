"""A gateway, a worker and its schedule as processes: judged pairs become the model that decides."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from factories.pairs import EASY, HARD, add_judged, prompts
from factories.rows import JUDGE
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.command.launch.processes import stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.config import load_config
from tierwatch.local import Stack, free_port
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.runtime.build import build_runtime
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

CONFIG = """\
routing:
  classifier: {{kind: local}}
  tiers:
    simple: {{model: small-1, cost: 0.25}}
    standard: {{model: medium-1, cost: 3}}
    complex: {{model: large-1, cost: 15}}
providers:
  lab: {{kind: openai, base_url: "http://127.0.0.1:{port}/v1"}}
evaluation:
  sample_rate: 0 # the pairs are here already
  tolerance: 0.3
  judge: {{model: judge-1}}
  retune: {{mode: off}} # a tier has one proposal at a time: it shall be the model
  refit: {{min_pairs: 150}}
"""
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "any",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1},
}
EASY_ASK = f"Please {EASY[0]} the {EASY[1]}"
HARD_ASK = f"Please {HARD[0]} the {HARD[1]}"
# The worker looks every second; what it does with 600 pairs takes a second or two.
LEARNED_WITHIN_S = 60.0
DECIDES_WITHIN_S = 5.0


class Provider(BaseHTTPRequestHandler):
    """Answers every chat with 4."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def provider() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@dataclass(frozen=True, slots=True)
class Running:
    stack: Stack
    engine: Engine
    client: httpx.Client

    def ask(self, text: str) -> httpx.Headers:
        body = {"model": "auto", "messages": [{"role": "user", "content": text}]}
        reply = self.client.post("/v1/chat/completions", json=body)
        assert reply.status_code == 200, reply.text
        return reply.headers

    def tier(self, text: str) -> str:
        return self.ask(text)["x-tierwatch-tier"]

    def judge(self, count: int, seed: int) -> None:
        with self.engine.begin() as connection:
            add_judged(connection, list(prompts(count, seed)))

    def wait(self, met: Callable[[], object], seconds: float) -> float:
        began = time.monotonic()
        while not met():
            self.stack.tick()  # a process that died is said, and started again
            waited = time.monotonic() - began
            assert waited < seconds, f"waited in vain for {waited:.0f} s"
            time.sleep(0.05)
        return time.monotonic() - began


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, provider: int) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("learned")
    (folder / "tierwatch.yaml").write_text(CONFIG.format(port=provider))
    with Stack(folder, say=lambda _: None, environ=without_settings(os.environ)) as stack:
        settings = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            config=folder / "tierwatch.yaml",
            gateway_port=free_port(),
            worker_threads=4,
            rollout_every_s=1,
            # Nothing else shall be asked or built meanwhile.
            anchors_every_s=0,
            probes_every_s=0,
            types_every_s=0,
            log_level="warning",
        )
        config = load_config(settings.config)
        prepare_database(settings, config)
        # The pairs below carry this version, and a worker learns its own judge's verdicts only.
        assert build_runtime(settings, config=config, environ={}).judge.version == JUDGE
        for process in stack_processes(settings):
            if process.name != "dashboard":
                stack.start(process)
        engine = build_engine(settings.database_url)
        url = f"http://127.0.0.1:{settings.gateway_port}"
        try:
            with httpx.Client(base_url=url, timeout=10) as client:
                yield Running(stack, engine, client)
        finally:
            engine.dispose()
            stack.discard()


def test_what_a_worker_learned_decides_in_a_running_gateway_within_5_s_of_its_approval(
    running: Running,
) -> None:
    gateway = running.stack.pid("gateway")
    # Nothing is learned yet: the cheaper tiers are trusted with nothing.
    before = [running.ask(text) for text in (EASY_ASK, HARD_ASK)]
    assert [asked["x-tierwatch-tier"] for asked in before] == ["complex", "complex"]
    assert len({asked["x-tierwatch-confidence"] for asked in before}) == 1

    running.judge(600, seed=1)
    waiting = "select candidate_id from learners where boundary = 'simple'"
    running.wait(lambda: scalar(running.engine, waiting), LEARNED_WITHIN_S)
    # A candidate is compared on pairs that came after it.
    running.judge(200, seed=2)
    proposed = "select count(*) from proposals"
    running.wait(lambda: scalar(running.engine, proposed), LEARNED_WITHIN_S)
    (proposal,) = rows(running.engine, "select * from proposals")
    assert (proposal.kind, proposal.tier, proposal.state) == ("model", "simple", "open")
    assert proposal.evidence["log_loss"]["gain"]["low"] > 0
    assert running.tier(EASY_ASK) == "complex"  # nobody has approved it

    with running.engine.begin() as connection:
        version = approve_proposal(
            connection, proposal.id, actor="ada", why="it ranks better", share=1.0
        )
    running.wait(lambda: running.tier(EASY_ASK) == "simple", DECIDES_WITHIN_S)

    after = running.ask(EASY_ASK)
    assert after["x-tierwatch-policy-version"] == str(version)
    # No threshold alone could tell the two prompts apart: the model does.
    assert running.tier(HARD_ASK) == "complex"
    # The same process all along.
    assert running.stack.pid("gateway") == gateway
