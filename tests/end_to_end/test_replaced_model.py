"""A gateway and a worker as processes: a model as good takes a tier over, a worse one does not."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from click.testing import CliRunner, Result
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.command.launch.processes import stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.config import load_config
from tierwatch.local import Stack, free_port
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

CONFIG = """\
routing:
  classifier: {{kind: heuristic}}
  fallback: {{threshold: 0}}
  tiers:
    simple: {{model: small-1, cost: 0.25}}
    standard: {{model: medium-1, cost: 3}}
    complex: {{model: large-1, cost: 15}}
providers:
  lab: {{kind: openai, base_url: "http://127.0.0.1:{port}/v1"}}
evaluation:
  sample_rate: 1
  direct_share: 0
  tolerance: 0.3
  judge: {{model: judge-1}}
  retune: {{mode: off}} # a tier has one proposal at a time: it shall be the model
  rollout: {{min_pairs: 20}}
"""
# Each reads what it says and names nobody: the judge is asked blind.
GOOD, BAD = "QUITE-RIGHT", "QUITE-WRONG"
SAYS = {"small-1": f"{GOOD}.", "small-2": f"It is {GOOD}.", "small-bad": BAD}
REQUESTS = 60
PAIRS_OF_A_ROLLOUT = 20
WITHIN_S = 120.0
POLICY_WITHIN_S = 10.0


class Provider(BaseHTTPRequestHandler):
    """Answers as its models do; the judge prefers whoever is not wrong."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = request["model"]
        said = _verdict(request) if model == "judge-1" else SAYS.get(model, f"Surely {GOOD}.")
        message = {"role": "assistant", "content": said}
        body = json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": model,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 2},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _verdict(request: dict[str, object]) -> str:
    text = json.dumps(request["messages"])
    bad, good = text.find(BAD), text.find(GOOD)
    verdict = "tie" if bad < 0 else "B" if bad < good else "A"
    return json.dumps({"reason": "As asked.", "verdict": verdict})


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
    environ: dict[str, str]

    def ask(self, text: str) -> httpx.Headers:
        body = {"model": "auto", "messages": [{"role": "user", "content": text}]}
        reply = self.client.post("/v1/chat/completions", json=body)
        assert reply.status_code == 200, reply.text
        return reply.headers

    def propose(self, *asked: str) -> Result:
        """What a person types; while it waits, whoever died would be started again by nobody."""
        given = ["propose-model", "--tier", "simple", "--worse-by", "0.3", *asked]
        return CliRunner().invoke(main, given, env=self.environ)

    def wait(self, met: Callable[[], object], seconds: float) -> None:
        began = time.monotonic()
        while not met():
            self.stack.tick()  # a process that died is said, and started again
            assert time.monotonic() - began < seconds, "waited in vain"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, provider: int) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("replaced")
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
        prepare_database(settings, load_config(settings.config))
        for process in stack_processes(settings):
            if process.name != "dashboard":
                stack.start(process)
        engine = build_engine(settings.database_url)
        url = f"http://127.0.0.1:{settings.gateway_port}"
        environ = {
            "TIERWATCH_DATABASE_URL": settings.database_url,
            "TIERWATCH_REDIS_URL": settings.redis_url,
            "TIERWATCH_CONFIG": str(settings.config),
        }
        try:
            with httpx.Client(base_url=url, timeout=10) as client:
                yield Running(stack, engine, client, environ)
        finally:
            engine.dispose()
            stack.discard()


def test_a_model_as_good_serves_at_last_and_a_worse_one_is_refused(running: Running) -> None:
    def ready() -> bool:
        try:
            return running.client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    running.wait(ready, WITHIN_S)
    for number in range(REQUESTS):
        headers = running.ask(f"What is {number} + {number}?")
        assert (headers["x-tierwatch-tier"], headers["x-tierwatch-model"]) == ("simple", "small-1")
    sampled = "select count(*) from exchanges"
    running.wait(lambda: scalar(running.engine, sampled) == REQUESTS, WITHIN_S)

    refused = running.propose("--model", "small-bad", "--price", "0.1/0.1")
    assert refused.exit_code == 1, refused.output
    assert "refused, shown to be worse: small-bad was materially worse in 100.0 %" in refused.output
    assert scalar(running.engine, "select count(*) from proposals") == 0

    certified = running.propose("--model", "small-2", "--price", "0.1/0.1")
    assert certified.exit_code == 0, certified.output
    assert "waits for a decision" in certified.output
    (proposal,) = rows(running.engine, "select * from proposals")
    assert (proposal.kind, proposal.tier, proposal.state) == ("replacement", "simple", "open")
    assert proposal.evidence["candidate"] == "small-2"
    assert proposal.predicted["cost_change"]["value"] == pytest.approx(-0.6)
    assert running.ask("Is it still the old one?")["x-tierwatch-model"] == "small-1"

    with running.engine.begin() as connection:
        version = approve_proposal(
            connection, proposal.id, actor="ada", why="as good, and cheaper", share=1.0
        )
    fresh = iter(range(1_000_000))

    def served() -> httpx.Headers:
        return running.ask(f"And what is {next(fresh)} times two?")

    running.wait(lambda: served()["x-tierwatch-model"] == "small-2", POLICY_WITHIN_S)
    headers = served()
    assert headers["x-tierwatch-tier"] == "simple"
    assert headers["x-tierwatch-policy-version"] == str(version)

    for _ in range(PAIRS_OF_A_ROLLOUT):  # no more: ticks of the schedule wait behind their work
        served()
    state = "select state from proposals"
    running.wait(lambda: scalar(running.engine, state) == "active", WITHIN_S)
    asked = running.client.get("/metrics").text
    assert 'deployment="lab/small-2"' in asked
    new = "select count(*) from outcomes where stream like 'simple|%|small-2|%'"
    running.wait(lambda: scalar(running.engine, new), WITHIN_S)
    paid = rows(
        running.engine,
        "select cost_usd from exchanges where model = 'small-2' order by arrived_at limit 1",
    )
    assert paid[0].cost_usd == pytest.approx(7 * 0.1e-6)
