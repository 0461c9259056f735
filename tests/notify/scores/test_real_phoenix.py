"""A real Phoenix takes our spans and scores, and shows each score once.

Not in CI: `arize-phoenix` brings a hundred packages. Install it into a folder of its own and name
its program: ``TIERWATCH_TEST_PHOENIX=/somewhere/bin/phoenix``.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories.evaluated import SPAN, TRACE
from factories.served_exchanges import served
from fakes.waiting import until

from tierwatch.notify.scores.phoenix import PhoenixScores
from tierwatch.notify.scores.trace_score import TraceScore
from tierwatch.telemetry.exporter import Exporter
from tierwatch.telemetry.gateway_span import gateway_span
from tierwatch.telemetry.otel_environment import read_otel
from tierwatch.telemetry.trace_context import span_id_of

PROGRAM = os.environ.get("TIERWATCH_TEST_PHOENIX", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM, reason="TIERWATCH_TEST_PHOENIX names no program of Phoenix"),
]
SCORE = TraceScore(
    id="tierwatch-0190",
    trace_id=TRACE,
    span_id=SPAN,
    name="tierwatch.misroute",
    value=1.0,
    label="fail",
    comment="small-1 (simple) against standard: the answer was materially worse.",
    judge="pairwise/v2/judge-1",
    link="https://watch.example/pairs/0190",
)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def phoenix(tmp_path: Path) -> Iterator[str]:
    """A Phoenix on loopback, with a folder of its own."""
    port = _free()
    url = f"http://127.0.0.1:{port}"
    environ = os.environ | {
        "PHOENIX_WORKING_DIR": str(tmp_path),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(_free()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([PROGRAM, "serve"], env=environ, stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: _well(url), seconds=240)
            yield url
        finally:
            process.terminate()
            process.wait(60)


def _well(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def send_span(url: str) -> bytes:
    """A span of the gateway, in a trace of its caller's; its id."""
    exchange = served()
    parent = None
    exporter = Exporter(
        read_otel(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "20"}, service="t"
        )
    )
    exporter.start()
    exporter.add(gateway_span(exchange, parent, {}))
    until(lambda: exporter.exported == 1, seconds=60)
    exporter.stop(10)
    return exchange.exchange_id.bytes + span_id_of(exchange.exchange_id)


def annotations(url: str, which: str, wanted: str) -> list[dict[str, Any]]:
    reply = httpx.get(
        f"{url}/v1/projects/default/{which}_annotations",
        params={f"{which}_ids": wanted},
        trust_env=False,
    )
    found: list[dict[str, Any]] = reply.json().get("data", [])
    return found


def test_a_score_is_refused_until_its_span_is_there_and_stands_there_once(phoenix: str) -> None:
    tool = PhoenixScores(phoenix)
    assert tool.send(SCORE).absent
    assert tool.send(replace(SCORE, span_id="")).absent
    ids = send_span(phoenix)
    trace, span = ids[:16].hex(), ids[16:].hex()
    of_span = replace(SCORE, trace_id=trace, span_id=span)
    of_trace = replace(SCORE, trace_id=trace, span_id="")
    for score in (of_span, of_trace):
        until(lambda score=score: tool.send(score).answer.fate == "taken", seconds=60)
        assert tool.send(replace(score, value=0.0, label="pass")).answer.fate == "taken"
    for which, wanted in (("span", span), ("trace", trace)):
        [found] = annotations(phoenix, which, wanted)
        assert (found["name"], found["identifier"]) == ("tierwatch.misroute", "tierwatch-0190")
        assert (found["result"]["score"], found["result"]["label"]) == (0.0, "pass")
        assert found["result"]["explanation"].endswith(SCORE.link)
        assert (found["annotator_kind"], found["source"]) == ("LLM", "API")
