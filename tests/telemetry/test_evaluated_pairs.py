"""A listener makes a span of each call and an event of each verdict, and costs nothing else."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from factories.evaluated import (
    BY_CALLER,
    EXCHANGE,
    REPORTED,
    SECRET,
    SPAN,
    TRACE,
    answered,
    call,
    evaluated,
    verdict,
)
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from tierwatch.faults import FAULTS
from tierwatch.store.traced.their_span import reported
from tierwatch.telemetry.evaluated_pairs import EvaluatedPairs, EvaluationMetrics
from tierwatch.telemetry.evaluated_span import evaluation_trace_id, step_span_id
from tierwatch.telemetry.traced_recorder import sampler

UNSAMPLED = {"traceparent": f"00-{TRACE}-{SPAN}-00"}


@dataclass
class Queue:
    """An exporter that keeps what it is given."""

    items: list[bytes] = field(default_factory=list)
    exported: int = 3
    dropped: int = 2

    def add(self, item: bytes) -> None:
        self.items.append(item)

    @property
    def spans(self) -> list[Span]:
        return [one for item in self.items for one in ScopeSpans.FromString(item).spans]

    @property
    def records(self) -> list[Any]:
        return [one for item in self.items for one in ScopeLogs.FromString(item).log_records]


def pairs(spans: Any, events: Any, keeps: str = "parentbased_always_on") -> EvaluatedPairs:
    return EvaluatedPairs(
        spans, events, sampler(keeps, 1.0), {"lab": "openai"}, clock=lambda: 100.0
    )


@pytest.fixture
def spans() -> Queue:
    return Queue()


@pytest.fixture
def events() -> Queue:
    return Queue()


def test_both_steps_are_one_trace_and_their_spans_are_known_before(
    spans: Queue, events: Queue
) -> None:
    ear = pairs(spans, events)
    ear.shadowed(evaluated(BY_CALLER), call(), answered())
    ear.judged(evaluated(BY_CALLER), call(), verdict())
    shadow, judge = spans.spans
    assert shadow.trace_id == judge.trace_id == evaluation_trace_id(EXCHANGE)
    assert shadow.trace_id.hex() != TRACE
    assert [one.span_id for one in (shadow, judge)] == [
        step_span_id(EXCHANGE, "shadow"), step_span_id(EXCHANGE, "judge"),
    ]  # fmt: skip
    [record] = events.records
    assert record.trace_id.hex() == TRACE
    assert (record.flags, record.time_unix_nano) == (1, 100_000_000_000)


def test_a_shadows_call_is_sent_as_a_part_of_its_span(spans: Queue) -> None:
    ear = pairs(spans, None)
    found = ear.headers(evaluated(BY_CALLER), {"anthropic-beta": "x", **BY_CALLER})
    assert found == {
        "anthropic-beta": "x",
        "traceparent": f"00-{evaluation_trace_id(EXCHANGE).hex()}"
        f"-{step_span_id(EXCHANGE, 'shadow').hex()}-01",
    }
    assert "traceparent" in (ear.headers(evaluated(), None) or {})


@pytest.mark.parametrize(
    ("headers", "keeps"), [(UNSAMPLED, "parentbased_always_on"), ({}, "always_off")]
)
def test_a_trace_that_is_not_kept_has_no_spans_and_all_its_events(
    spans: Queue, events: Queue, headers: dict[str, str], keeps: str
) -> None:
    ear, of = pairs(spans, events, keeps), evaluated(headers)
    ear.shadowed(of, call(), answered())
    ear.judged(of, call(), verdict())
    assert ear.headers(of, headers) is headers
    assert not spans.items
    assert [one.flags for one in events.records] == [0]


def test_what_was_reported_was_kept(spans: Queue) -> None:
    pairs(spans, None).shadowed(evaluated(REPORTED), call(), answered())
    assert len(spans.spans) == 1


def test_failed_tries_have_spans_of_their_own_and_no_event(spans: Queue, events: Queue) -> None:
    ear = pairs(spans, events)
    for _ in range(3):
        ear.shadowed(evaluated(), call(error="timeout"), None)
        ear.judged(evaluated(), call(error="timeout"), None)
    ids = {one.span_id for one in spans.spans}
    assert len(ids) == 6
    assert not ids & {step_span_id(EXCHANGE, step) for step in ("shadow", "judge")}
    assert not events.items


def test_a_signal_that_is_not_asked_for_is_not_made(spans: Queue, events: Queue) -> None:
    pairs(spans, None).judged(evaluated(), call(), verdict())
    pairs(None, events).judged(evaluated(), call(), verdict())
    ear = pairs(None, events)
    ear.shadowed(evaluated(), call(), answered())
    assert ear.headers(evaluated(), None) is None
    assert (len(spans.items), len(events.items)) == (1, 1)


def test_what_no_tool_of_opentelemetry_knows_has_spans_without_links(spans: Queue) -> None:
    of = evaluated(dict(reported("litellm", "", "")))
    pairs(spans, None).shadowed(of, call(), answered())
    [span] = spans.spans
    assert not span.links


def test_nothing_of_what_was_said_leaves(spans: Queue, events: Queue) -> None:
    ear = pairs(spans, events)
    ear.shadowed(evaluated(), call(), answered())
    ear.judged(evaluated(), call(), verdict())
    assert not [item for item in spans.items + events.items if SECRET.encode() in item]


@pytest.mark.parametrize(
    "heard",
    [
        lambda ear: ear.shadowed(evaluated(), call(), answered()),
        lambda ear: ear.judged(evaluated(), call(), verdict()),
        lambda ear: ear.headers(evaluated(), None),
    ],
)
def test_a_fault_of_ours_costs_the_span_alone(
    heard: Callable[[EvaluatedPairs], object],
) -> None:
    def broken(*_: object) -> bool:
        raise RuntimeError("ours")

    before = sum(FAULTS.counts().values())
    ear = EvaluatedPairs(Queue(), Queue(), broken, {})  # type: ignore[arg-type]
    assert heard(ear) is None
    assert sum(FAULTS.counts().values()) == before + 1


def test_what_was_sent_and_dropped_is_shown_by_signal(spans: Queue, events: Queue) -> None:
    exporters: Any = {"traces": spans, "logs": events}
    [family] = EvaluationMetrics(exporters).collect()
    assert family.name == "tierwatch_worker_telemetry"
    assert {tuple(one.labels.values()): one.value for one in family.samples} == {
        ("traces", "exported"): 3, ("traces", "dropped"): 2,
        ("logs", "exported"): 3, ("logs", "dropped"): 2,
    }  # fmt: skip
