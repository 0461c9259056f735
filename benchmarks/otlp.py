"""What reading OpenTelemetry costs: spans a second on one core, beside programs that only parse.

    python benchmarks/otlp.py [--spans N] [--rounds R]

A request carries N calls of one model by the conventions for GenAI, invented, each of 17 attributes
with its messages as text. Bare parsing is protobuf's own `MessageToDict` of the same bytes, and
orjson alone for JSON, which makes no value a reader could use. CPU time, the best of R rounds, all
in one run. Prints JSON: microseconds a span of each, spans a second, and ratios.
"""

import argparse
import base64
import json
import time
from collections.abc import Callable

import orjson
from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tierwatch.intake.otlp.joining import NOTHING, take
from tierwatch.intake.otlp.requests import JSON, PROTOBUF, TRACES, telemetry_of

QUESTION = "Which shelf has the atlases of the eighteenth century, and who may take them home? " * 4
ANSWER = "Shelf four, on the second floor. Readers with a blue card, for two weeks at a time. " * 4
ATTRIBUTES: dict[str, str | int | float] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "small",
    "gen_ai.request.temperature": 0.2,
    "gen_ai.request.max_tokens": 400,
    "gen_ai.response.model": "small-2026-01-01",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.usage.input_tokens": 90,
    "gen_ai.usage.output_tokens": 60,
    "gen_ai.usage.cache_read.input_tokens": 32,
    "gen_ai.conversation.id": "talk-1",
    "server.address": "127.0.0.1",
    "server.port": 443,
    "openai.response.service_tier": "default",
    "openai.response.system_fingerprint": "fp_1",
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": QUESTION}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": ANSWER}],
          "finish_reason": "stop"}]
    ),
}  # fmt: skip
KINDS = {str: "stringValue", int: "intValue", float: "doubleValue"}


def request(spans: int) -> dict[str, object]:
    """An export request in OTLP/JSON."""
    attributes = [
        {
            "key": name,
            "value": {KINDS[type(value)]: str(value) if isinstance(value, int) else value},
        }
        for name, value in ATTRIBUTES.items()
    ]
    made = [
        {
            "traceId": f"{number:032x}",
            "spanId": f"{number:016x}",
            "name": "chat small",
            "kind": 3,
            "startTimeUnixNano": "1795000000000000000",
            "endTimeUnixNano": "1795000000250000000",
            "attributes": attributes,
        }
        for number in range(1, spans + 1)
    ]
    scope = {"scope": {"name": "opentelemetry.instrumentation.genai.openai"}, "spans": made}
    return {"resourceSpans": [{"scopeSpans": [scope]}]}


def in_protobuf(spans: int) -> bytes:
    """The same in protobuf, whose own JSON has ids in base64."""
    value = json.loads(json.dumps(request(spans)))
    for span in value["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId"):
            span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return ParseDict(value, ExportTraceServiceRequest()).SerializeToString()


def to_calls(content_type: str, body: bytes, spans: int) -> None:
    """The whole way; every span must become a call."""
    _, said = take(NOTHING, telemetry_of(TRACES, content_type, body), 1_795_000_001.0)
    if len(said.calls) != spans:
        raise SystemExit(f"{len(said.calls)} calls of {spans} spans: {said.counted}")


def microseconds(work: Callable[[], object], spans: int, rounds: int) -> float:
    """CPU time a span, the best round."""
    took = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        took.append(time.process_time() - begun)
    return min(took) / spans * 1e6


def measured(spans: int, rounds: int) -> dict[str, dict[str, float]]:
    """The figures, by encoding."""
    protobuf, body = in_protobuf(spans), json.dumps(request(spans)).encode()
    bare: dict[str, Callable[[], object]] = {
        PROTOBUF: lambda: MessageToDict(ExportTraceServiceRequest.FromString(protobuf)),
        JSON: lambda: orjson.loads(body),
    }
    figures = {}
    for content_type, raw in ((PROTOBUF, protobuf), (JSON, body)):
        parsing = microseconds(bare[content_type], spans, rounds)
        decoding = microseconds(lambda: telemetry_of(TRACES, content_type, raw), spans, rounds)  # noqa: B023
        whole = microseconds(lambda: to_calls(content_type, raw, spans), spans, rounds)  # noqa: B023
        figures[content_type] = {
            "bare_us": round(parsing, 1),
            "decoded_us": round(decoding, 1),
            "to_calls_us": round(whole, 1),
            "spans_per_s": round(1e6 / whole),
            "of_bare_rate": round(parsing / whole, 2),
        }
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(json.dumps(measured(given.spans, given.rounds), indent=2))
