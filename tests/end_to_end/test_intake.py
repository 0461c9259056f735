"""Calls that another router served: what its proxy logs becomes judged pairs and a report."""

import gzip
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine

from tierwatch.command.launch.processes import stack_processes, without_settings
from tierwatch.command.launch.servers import prepare_database
from tierwatch.config import load_config
from tierwatch.local import Stack, free_port
from tierwatch.settings import Settings
from tierwatch.store.database import build_engine

CONFIG = """\
routing:
  tiers:
    simple: {{model: small-1, cost: 0.25}}
    complex: {{model: large-1, cost: 15}}
providers:
  lab: {{kind: openai, base_url: "http://127.0.0.1:{port}/v1"}}
evaluation:
  sample_rate: 1
  tolerance: 0.3
  judge: {{model: judge-1}}
intake:
  keys: [{{source: proxy, key: env:PROXY_KEY, accepts: litellm}}]
watch:
  tiers: {{simple: [fast], complex: [smart]}}
"""
KEY = "a-key-of-the-proxy-alone"
RIGHT, WRONG = "QUITE-RIGHT", "QUITE-WRONG"
CALLS, WRONG_OF_THEM = 24, 6
WITHIN_S = 120.0


class Provider(BaseHTTPRequestHandler):
    """The tier above is always right; the judge prefers whoever is not wrong."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = json.dumps(request["messages"])
        said = f"Surely {RIGHT}."
        if request["model"] == "judge-1":
            wrong, right = text.find(WRONG), text.find(RIGHT)
            verdict = "tie" if wrong < 0 else "B" if wrong < right else "A"
            said = json.dumps({"reason": "As asked.", "verdict": verdict})
        message = {"role": "assistant", "content": said}
        body = json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": request["model"],
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


@pytest.fixture
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

    def wait(self, met: Callable[[], object]) -> None:
        began = time.monotonic()
        while not met():
            self.stack.tick()  # a process that died is said, and started again
            assert time.monotonic() - began < WITHIN_S, "waited in vain"
            time.sleep(0.05)


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory, provider: int) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("watched")
    (folder / "tierwatch.yaml").write_text(CONFIG.format(port=provider))
    environ = {**without_settings(os.environ), "PROXY_KEY": KEY}
    with Stack(folder, say=lambda _: None, environ=environ) as stack:
        settings = Settings(
            database_url=stack.start_postgres(),
            redis_url=stack.start_redis(),
            data_dir=folder,
            config=folder / "tierwatch.yaml",
            gateway_port=free_port(),
            intake_port=free_port(),
            worker_threads=4,
            conversation_idle_s=1,
            observe_every_s=1,
            anchors_every_s=0,
            probes_every_s=0,
            types_every_s=0,
            log_level="warning",
        )
        prepare_database(settings, load_config(settings.config))
        for process in stack_processes(settings, intake=True):
            if process.name not in {"dashboard", "gateway"}:
                stack.start(process)
        engine = build_engine(settings.database_url)
        url = f"http://127.0.0.1:{settings.intake_port}"
        try:
            with httpx.Client(base_url=url, timeout=10) as client:
                yield Running(stack, engine, client)
        finally:
            engine.dispose()
            stack.discard()


def logged(number: int) -> dict[str, Any]:
    """A call as the proxy logs it, of the fields that are read."""
    said = WRONG if number < WRONG_OF_THEM else RIGHT
    message = {"role": "assistant", "content": f"{said}: {number}."}
    at = time.time() - 5
    return {
        "id": f"chatcmpl-{number}",
        "litellm_call_id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
        "trace_id": f"trace-{number}",
        "call_type": "acompletion",
        "status": "success",
        "stream": None,
        "model": "openai/small-1",
        "model_group": "fast",
        "custom_llm_provider": "openai",
        "startTime": at,
        "endTime": at + 1,
        "completionStartTime": at + 1,
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "response_cost": 1e-05,
        "messages": [{"role": "user", "content": f"What is {number} + {number}?"}],
        "model_parameters": {},
        "response": {
            "model": "small-1",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        },
        "hidden_params": {"additional_headers": {}},
    }


def test_what_a_proxy_logs_becomes_judged_pairs(running: Running) -> None:
    def ready() -> bool:
        try:
            return running.client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def send(key: str, *numbers: int) -> int:
        body = gzip.compress(json.dumps([logged(number) for number in numbers]).encode())
        headers = {
            "authorization": f"Bearer {key}",
            "content-encoding": "gzip",
            "content-type": "application/json",
        }
        return running.client.post("/litellm", content=body, headers=headers).status_code

    running.wait(ready)
    assert send("another-key-that-nobody-has", 0) == 401
    # Each call is sent twice, the second time beside one that is new.
    assert [send(KEY, number, max(0, number - 1)) for number in range(CALLS)] == [202] * CALLS

    judged = "select count(*) from verdicts where preferred is not null"
    running.wait(lambda: scalar(running.engine, judged) >= CALLS)
    assert scalar(running.engine, "select count(*) from exchanges") == CALLS
    assert scalar(running.engine, judged) == CALLS
    seen = rows(running.engine, "select tier, alternative_tier, direction from exchanges")
    assert {tuple(row) for row in seen} == {("simple", "complex", "up")}
    worse = "select count(*) from verdicts where preferred = 'alternative'"
    assert scalar(running.engine, worse) == WRONG_OF_THEM
    counted = "select coalesce(sum(calls), 0) from source_counts where source = 'proxy'"
    assert scalar(running.engine, f"{counted} and what = 'calls'") == CALLS
    assert scalar(running.engine, f"{counted} and what = 'repeat'") == CALLS
