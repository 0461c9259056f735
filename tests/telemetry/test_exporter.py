"""Spans are sent in batches; a collector that is away costs spans and nothing else."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from factories.served_exchanges import served
from fakes.waiting import until
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tierwatch.telemetry import exporter as module
from tierwatch.telemetry.exporter import Exporter, Result
from tierwatch.telemetry.gateway_span import gateway_span
from tierwatch.telemetry.otel_environment import read_otel

SPAN = gateway_span(served(), None, {})


@dataclass
class Collector:
    """Gives the answers it was told to, then takes everything."""

    answers: list[Result | Exception] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hold: threading.Event | None = None

    def __call__(self, body: bytes) -> Result:
        if self.hold is not None:
            assert self.hold.wait(60)
        self.bodies.append(body)
        answer = self.answers.pop(0) if self.answers else "taken"
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def counts(self) -> list[int]:
        return [spans_in(body) for body in self.bodies]


def spans_in(body: bytes) -> int:
    [resource] = ExportTraceServiceRequest.FromString(body).resource_spans
    [scope] = resource.scope_spans
    return len(scope.spans)


def made(post: Collector | None = None, **changes: str) -> Exporter:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        "OTEL_BSP_SCHEDULE_DELAY": "20",
        "OTEL_RESOURCE_ATTRIBUTES": "team=search",
    }
    return Exporter(read_otel(environ | changes, service="here"), post)


@contextmanager
def running(exporter: Exporter) -> Iterator[Exporter]:
    exporter.start()
    try:
        yield exporter
    finally:
        exporter.stop(60)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.01)


def test_a_span_arrives_with_who_made_it() -> None:
    collector = Collector()
    with running(made(collector)) as exporter:
        exporter.add(SPAN)
        until(lambda: exporter.exported == 1)
    [resource] = ExportTraceServiceRequest.FromString(collector.bodies[0]).resource_spans
    said = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert said == {"team": "search", "service.name": "here"}
    assert resource.scope_spans[0].scope.name == "tierwatch"


def test_many_are_sent_in_batches_and_the_last_ones_at_the_end() -> None:
    collector = Collector()
    exporter = made(
        collector, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10", OTEL_BSP_SCHEDULE_DELAY="600000"
    )
    for _ in range(25):
        exporter.add(SPAN)
    with running(exporter):
        until(lambda: exporter.exported >= 20)
    assert collector.counts == [10, 10, 5]
    assert (exporter.exported, exporter.dropped) == (25, 0)


def test_what_the_queue_does_not_hold_is_dropped_and_counted_and_nobody_waits() -> None:
    collector = Collector(hold=threading.Event())
    with running(made(collector, OTEL_BSP_MAX_QUEUE_SIZE="5")) as exporter:
        for _ in range(100):
            exporter.add(SPAN)
        assert exporter.dropped >= 90
        assert collector.hold is not None
        collector.hold.set()
        until(lambda: exporter.exported + exporter.dropped == 100)


@pytest.mark.parametrize("first", ["later", RuntimeError("a fault of ours")])
def test_a_collector_that_is_away_is_asked_again(first: Result | Exception) -> None:
    collector = Collector(answers=[first, "later"])
    with running(made(collector)) as exporter:
        exporter.add(SPAN)
        until(lambda: exporter.exported == 1)
    assert len(collector.bodies) == 3


def test_what_is_refused_is_dropped_at_once_and_the_next_are_sent() -> None:
    collector = Collector(answers=["refused"])
    with running(made(collector)) as exporter:
        exporter.add(SPAN)
        until(lambda: exporter.dropped == 1)
        exporter.add(SPAN)
        until(lambda: exporter.exported == 1)
    assert collector.counts == [1, 1]


def test_a_batch_is_not_tried_for_ever() -> None:
    collector = Collector(answers=["later"] * 5)
    with running(made(collector)) as exporter:
        exporter.add(SPAN)
        until(lambda: exporter.dropped == 1)
    assert len(collector.bodies) == 5


def test_stopping_waits_no_longer_than_it_was_told() -> None:
    collector = Collector(hold=threading.Event())
    exporter = made(collector)
    exporter.start()
    exporter.add(SPAN)
    began = time.monotonic()
    exporter.stop(0.2)
    assert time.monotonic() - began < 30
    assert collector.hold is not None
    collector.hold.set()
    until(lambda: exporter.exported == 1)


def test_one_that_was_never_started_stops() -> None:
    made(Collector()).stop(1)


@contextmanager
def collector_on_a_socket(*statuses: int) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Answers with the statuses in turn, the last one again and again."""
    left, seen = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.append((self.path, self.headers.get("authorization", ""), body))
            assert self.headers["content-type"] == "application/x-protobuf"
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()
            thread.join()


def test_a_real_collectors_address_headers_and_packing() -> None:
    with collector_on_a_socket(503, 200) as (url, seen):
        exporter = made(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"{url}/base",
            OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20k",
            OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        )
        with running(exporter):
            exporter.add(SPAN)
            until(lambda: exporter.exported == 1)
    assert [(path, key) for path, key, _ in seen] == [("/base/v1/traces", "Bearer k")] * 2
    assert spans_in(gzip.decompress(seen[-1][2])) == 1


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (302, 1), (429, 5)])
def test_what_a_collectors_refusal_means(status: int, tries: int) -> None:
    with (
        collector_on_a_socket(status) as (url, seen),
        running(made(OTEL_EXPORTER_OTLP_ENDPOINT=url)) as exporter,
    ):
        exporter.add(SPAN)
        until(lambda: exporter.dropped == 1)
    assert len(seen) == tries


def test_nobody_listens() -> None:
    with running(made()) as exporter:
        exporter.add(SPAN)
        until(lambda: exporter.dropped == 1)
