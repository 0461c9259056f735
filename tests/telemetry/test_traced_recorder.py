"""Each exchange is recorded, whatever becomes of its span; samplers keep whole traces."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from factories.served_exchanges import served
from fakes.gateway import Recorded

from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.telemetry.exporter import Exporter
from tierwatch.telemetry.otel_environment import read_otel
from tierwatch.telemetry.trace_context import Parent
from tierwatch.telemetry.traced_recorder import SpanMetrics, TracedRecorder, sampler

TRACE = "0af7651916cd43dd8448eb211c80319c"
KEPT, UNKEPT = (Parent(b"t" * 16, b"s" * 8, sampled=one) for one in (True, False))


@dataclass
class Spans:
    spans: list[bytes] = field(default_factory=list)

    def add(self, span: bytes) -> None:
        self.spans.append(span)


def traced(name: str = "parentbased_always_on") -> tuple[TracedRecorder, Recorded, Spans]:
    recorded, spans = Recorded(), Spans()
    exporter: Any = spans
    return TracedRecorder(recorded, exporter, sampler(name, 1.0), {}), recorded, spans


@pytest.mark.parametrize(
    ("named", "count"),
    [
        ({}, 1),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, 1),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-00"}, 0),
        ({"traceparent": "no trace"}, 1),
    ],
)
def test_an_exchange_is_recorded_and_has_a_span_where_its_trace_is_kept(
    named: dict[str, str], count: int
) -> None:
    recorder, recorded, spans = traced()
    recorder.record(served(headers=named))
    assert (len(recorded.exchanges), len(spans.spans)) == (1, count)
    if "01" in named.get("traceparent", "")[-2:]:
        assert bytes.fromhex(TRACE) in spans.spans[0]


def test_a_span_that_cannot_be_made_costs_no_exchange() -> None:
    recorder, recorded, spans = traced()
    recorder.record(served(latency_ms="no number"))
    assert (len(recorded.exchanges), spans.spans) == (1, [])


@pytest.mark.parametrize(
    ("name", "root", "of_kept", "of_unkept"),
    [
        ("always_on", True, True, True),
        ("always_off", False, False, False),
        ("parentbased_always_on", True, True, False),
        ("parentbased_always_off", False, True, False),
    ],
)
def test_samplers(name: str, *, root: bool, of_kept: bool, of_unkept: bool) -> None:
    keeps, own = sampler(name, 1.0), new_exchange_id(1.0).bytes
    assert (keeps(own, None), keeps(own, KEPT), keeps(own, UNKEPT)) == (root, of_kept, of_unkept)


@pytest.mark.parametrize("name", ["traceidratio", "parentbased_traceidratio"])
@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 1.0])
def test_a_ratio_of_our_own_traces_is_kept(name: str, ratio: float) -> None:
    keeps = sampler(name, ratio)
    kept = sum(keeps(new_exchange_id(1.0).bytes, None) for _ in range(4_000))
    # Five standard deviations of 4,000 draws: once in a million runs.
    assert abs(kept / 4_000 - ratio) <= 0.04 * (0 < ratio < 1)
    assert keeps(KEPT.trace_id, UNKEPT) is (name == "traceidratio" and ratio >= 0.6)


def test_what_was_sent_and_dropped_is_a_metric() -> None:
    exporter = Exporter(
        read_otel({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, service="s"),
        lambda _body: "taken",
    )
    exporter.add(b"")
    [family] = SpanMetrics(exporter).collect()
    assert list(SpanMetrics(exporter).describe()) == []
    assert {sample.labels["result"]: sample.value for sample in family.samples} == {
        "exported": 0.0,
        "dropped": 0.0,
    }
