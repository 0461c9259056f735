"""What the intake takes a second, beside a FastAPI receiver that only parses.

    python benchmarks/intake.py --peers FOLDER [--seconds S] [--rounds N] [--records N]

Starts `tierwatch intake` as it runs in production, with a real PostgreSQL and Redis and 5 %
sampled, and a receiver of FastAPI's that parses each body and does nothing with it (in a venv of
its own under FOLDER, made the first time). Both get the same batches of 100 from two senders:
LiteLLM's records, and OTLP spans in protobuf and in JSON, invented, each sent once. A batch counts
when it is acknowledged; ours are on disk by then, and Postgres takes them meanwhile. With
``--records`` the last part sends so many of LiteLLM's records and prints the memory of the process
as it goes. Prints JSON: records a second, CPU microseconds a record, records a second of CPU (what
one core takes), and ours over the receiver's.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from otlp import in_protobuf, request
from speed import process

from tierwatch.local import Stack, free_port

BATCH = 100
SENDERS = 2
PLACE = "0123456789abcdef"  # what each batch replaces by letters of its own
KEY = "a-key-of-the-benchmark-alone"
JSON_BODY, PROTOBUF_BODY = "application/json", "application/x-protobuf"
CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple:  {model: small, cost: 0.25}
    complex: {model: large, cost: 15}
providers: {lab: {kind: openai, base_url: "http://127.0.0.1:9/v1"}}
evaluation: {sample_rate: 0.05, judge: {model: judge-1}}
intake:
  keys: [{source: bench, key: env:BENCH_KEY, accepts: any}]
  batches_per_s: 100000
watch: {tiers: {simple: [fast], complex: [smart]}}
"""
RECEIVER = """
import sys
import uvicorn
from fastapi import FastAPI, Request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

app = FastAPI()


@app.post("/{path:path}", status_code=202)
async def take(path: str, request: Request):
    if request.headers["content-type"] == "application/x-protobuf":
        ExportTraceServiceRequest.FromString(await request.body())
    else:
        await request.json()
    return {}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
"""


def litellm_batch() -> bytes:
    """Records as LiteLLM's generic_api callback sends them, of the fields that it always has."""
    at = time.time() - 5
    text = "Which shelf has the atlases of the eighteenth century, and who may take them home? "
    records = [
        {
            "id": f"chatcmpl-{PLACE}{number}",
            "litellm_call_id": f"{PLACE}-{number}",
            "trace_id": f"{PLACE}-{number}",
            "session_id": "",
            "call_type": "acompletion",
            "cache_hit": None,
            "stream": None,
            "status": "success",
            "status_fields": {"llm_api_status": "success", "guardrail_status": "not_run"},
            "custom_llm_provider": "openai",
            "saved_cache_cost": 0.0,
            "startTime": at,
            "endTime": at + 1,
            "completionStartTime": at + 1,
            "response_time": 1.0,
            "model": "openai/small",
            "model_group": "fast" if number % 3 else "smart",
            "model_id": "dep-1",
            "metadata": dict.fromkeys((f"user_api_key_{what}" for what in range(24)), None),
            "model_map_information": {"model_map_key": "small", "model_map_value": {}},
            "prompt_tokens": 90,
            "completion_tokens": 60,
            "total_tokens": 150,
            "response_cost": 1e-05,
            "cost_breakdown": {"input_cost": 4e-06, "output_cost": 6e-06, "total_cost": 1e-05},
            "request_tags": [],
            "end_user": None,
            "messages": [{"role": "user", "content": f"{number}. {text * 4}"}],
            "model_parameters": {"temperature": 0.2},
            "response": {
                "id": f"chatcmpl-{PLACE}{number}",
                "model": "small",
                "object": "chat.completion",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": f"Shelf {number}. {text * 4}"},
                    }
                ],
                "usage": {"prompt_tokens": 90, "completion_tokens": 60, "total_tokens": 150},
            },
            "error_str": None,
            "error_information": {"error_code": "", "error_class": "", "llm_provider": ""},
            "hidden_params": {"model_id": "dep-1", "additional_headers": {}},
        }
        for number in range(BATCH)
    ]
    return json.dumps(records).encode()


def otlp_json_batch() -> bytes:
    """Spans in JSON whose ids begin with the letters that a batch replaces."""
    body = request(BATCH)
    for resource in body["resourceSpans"]:  # type: ignore[attr-defined] - built as lists
        for scope in resource["scopeSpans"]:
            for number, span in enumerate(scope["spans"]):
                span["traceId"] = f"{PLACE}{number:016x}"
                span["startTimeUnixNano"] = str(time.time_ns() - 2_000_000_000)
                span["endTimeUnixNano"] = str(time.time_ns() - 1_000_000_000)
    return json.dumps(body).encode()


def otlp_protobuf_batch() -> bytes:
    """The same in protobuf."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - heavy
        ExportTraceServiceRequest,
    )

    made = ExportTraceServiceRequest.FromString(in_protobuf(BATCH))
    for resource in made.resource_spans:
        for scope in resource.scope_spans:
            for number, span in enumerate(scope.spans):
                span.trace_id = PLACE[:8].encode() + number.to_bytes(8, "big")
                span.start_time_unix_nano = time.time_ns() - 2_000_000_000
                span.end_time_unix_nano = time.time_ns() - 1_000_000_000
    return made.SerializeToString()


# What is sent: path, media type, body, and the letters in it that each batch replaces.
KINDS: dict[str, tuple[str, str, Callable[[], bytes], bytes]] = {
    "litellm": ("/litellm", JSON_BODY, litellm_batch, PLACE.encode()),
    "otlp_protobuf": ("/v1/traces", PROTOBUF_BODY, otlp_protobuf_batch, PLACE[:8].encode()),
    "otlp_json": ("/v1/traces", JSON_BODY, otlp_json_batch, PLACE.encode()),
}


def send(port: int, kind: str, *, until: float = float("inf"), batches: int = 1 << 60) -> int:
    """Post one batch after the other; how many records were acknowledged.

    A batch that is refused for now is sent again, as senders do.

    Raises:
        RuntimeError: one was refused for good.
    """
    path, media_type, make, place = KINDS[kind]
    body, sent = make(), 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"content-type": media_type, "authorization": f"Bearer {KEY}"}
    while sent < batches and time.monotonic() < until:
        own = uuid.uuid4().hex[: len(place)].encode()
        whole = body.replace(place, own)
        while True:
            connection.request("POST", path, whole, headers)
            reply = connection.getresponse()
            said = reply.read()
            if reply.status != 429:
                break
            time.sleep(0.05)
        if reply.status != 202:
            raise RuntimeError(f"{kind}: {reply.status} {said[:200]!r}")
        sent += 1
    return sent * BATCH


def measured(port: int, pid: int, kind: str, seconds: float) -> dict[str, float]:
    """Records a second, CPU a record, and what a core would take a second."""
    serving = psutil.Process(pid)
    before, began = sum(serving.cpu_times()[:2]), time.monotonic()
    command = [sys.executable, __file__, "--send", str(port), kind, str(seconds)]
    senders = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(SENDERS)]
    said = [sender.communicate()[0] for sender in senders]
    if any(sender.returncode for sender in senders):
        raise RuntimeError(f"{kind}: a sender ended; its own words are above")
    records = sum(map(int, said))
    took, cpu_s = time.monotonic() - began, sum(serving.cpu_times()[:2]) - before
    return {
        "records_per_s": round(records / took, 1),
        "cpu_us_a_record": round(cpu_s / records * 1e6, 1),
        "records_per_cpu_s": round(records / cpu_s, 1),
    }


@contextmanager
def running_intake(folder: Path) -> Iterator[tuple[int, int]]:
    """Run the intake with everything it has in production; its port and process."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TIERWATCH_")}
    with Stack(folder / "stack", say=lambda _: None, environ=clean) as stack:
        (folder / "tierwatch.yaml").write_text(CONFIG)
        port = free_port()
        env = clean | {
            "BENCH_KEY": KEY,
            "TIERWATCH_CONFIG": str(folder / "tierwatch.yaml"),
            "TIERWATCH_DATABASE_URL": stack.start_postgres(),
            "TIERWATCH_REDIS_URL": stack.start_redis(),
            "TIERWATCH_INTAKE_PORT": str(port),
            "TIERWATCH_DATA_DIR": str(folder / "data"),
            "TIERWATCH_LOG_LEVEL": "warning",
            "TIERWATCH_SPOOL_MAX_MB": "4000",
        }
        tierwatch = [sys.executable, "-P", "-m", "tierwatch"]
        subprocess.run([*tierwatch, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
        with process([*tierwatch, "intake"], port, env=env, stdout=sys.stderr):
            yield port, serving_on(port)


@contextmanager
def running_receiver(peers: Path) -> Iterator[tuple[int, int]]:
    """Run FastAPI's receiver; its port and process."""
    venv = peers / "fastapi"
    python = venv / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        wanted = ["fastapi", "uvicorn[standard]", "opentelemetry-proto"]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    script = peers / "receiver.py"
    script.write_text(RECEIVER)
    port = free_port()
    with process([str(python), str(script), str(port)], port):
        yield port, serving_on(port)


def serving_on(port: int) -> int:
    """The process that accepts connections on a port."""
    return next(
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port and one.pid
    )


def memory(port: int, pid: int, records: int) -> list[list[float]]:
    """Millions of records acknowledged and MiB held, ten times while so many are sent."""
    serving, found, sent = psutil.Process(pid), list[list[float]](), 0
    batches = records // 10 // BATCH // SENDERS
    with ThreadPoolExecutor(SENDERS) as pool:
        for _ in range(10):
            parts = [pool.submit(send, port, "litellm", batches=batches) for _ in range(SENDERS)]
            sent += sum(part.result() for part in parts)
            found.append([sent / 1e6, round(serving.memory_info().rss / 2**20, 1)])
            print(json.dumps({"records": sent, "rss_mib": found[-1][1]}), file=sys.stderr)
    return found


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Run both in turn, and each kind in each round."""
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    result: dict[str, Any] = {}
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        options.peers.mkdir(parents=True, exist_ok=True)
        ours = opened.enter_context(running_intake(folder))
        theirs = opened.enter_context(running_receiver(options.peers.resolve()))
        for number in range(1, options.rounds + 1):
            for kind in KINDS:
                for name, (port, pid) in (("tierwatch", ours), ("fastapi", theirs)):
                    row = measured(port, pid, kind, options.seconds)
                    rows.setdefault((kind, name), []).append(row)
                    shown = {"round": number, "kind": kind, "name": name, **row}
                    print(json.dumps(shown), file=sys.stderr)
        for kind in KINDS:
            figures = {
                name: {
                    what: median(row[what] for row in rows[kind, name])
                    for what in rows[kind, name][0]
                }
                for name in ("tierwatch", "fastapi")
            }
            over = {
                what: round(figures["tierwatch"][what] / figures["fastapi"][what], 2)
                for what in ("records_per_s", "records_per_cpu_s")
            }
            result[kind] = {**figures, "over_fastapi": over}
        if options.records:
            result["memory"] = memory(*ours, options.records)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--peers", type=Path, help="where FastAPI is or shall be")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="for each measurement")
    parser.add_argument("--records", type=int, default=0, help="to send while memory is read")
    parser.add_argument("--send", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        port, kind, seconds = options.send
        print(send(int(port), kind, until=time.monotonic() + float(seconds)))
        return
    if options.peers is None:
        parser.error("--peers: found none; accepted: a folder")
    print(json.dumps(report(options), indent=2))


if __name__ == "__main__":
    main()
