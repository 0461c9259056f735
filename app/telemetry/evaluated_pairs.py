"""Evaluation, exported: each call of a step as a span, each verdict as an event."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from tierwatch.collector import Signal
from tierwatch.faults import guard
from tierwatch.judges.verdict import Verdict
from tierwatch.loop.compare.listening import Call, Evaluated
from tierwatch.providers.completion import Completion
from tierwatch.store.traced.their_span import TRACEPARENT
from tierwatch.telemetry.evaluated_span import (
    EvaluatedSpan,
    evaluated_span,
    evaluation_trace_id,
    step_span_id,
)
from tierwatch.telemetry.evaluation_result import evaluation_result
from tierwatch.telemetry.evaluation_spans import judge_span, shadow_span
from tierwatch.telemetry.exporter import Exporter
from tierwatch.telemetry.traced_recorder import Keeps

_SPAN_BYTES = 8


@dataclass(frozen=True, slots=True)
class EvaluatedPairs:
    """Listens to evaluation.

    A trace of an evaluation is kept where that of its exchange is. Events are of every verdict,
    whatever the sampler says: they are few, and the mean of their scores should not depend on it.

    Attributes:
        spans: is given spans; None where none are asked for.
        events: is given events; None where none are asked for.
        keeps: the sampler.
        vendors: what the conventions call a provider, by its name in the configuration.
        explained: whether events carry the judge's words.
        clock: seconds since 1970.
    """

    spans: Exporter | None
    events: Exporter | None
    keeps: Keeps
    vendors: Mapping[str, str]
    explained: bool = False
    clock: Callable[[], float] = time.time

    def headers(self, of: Evaluated, headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """With the shadow's own span as the parent of its call, where that is exported."""
        with guard("telemetry: headers of a shadow"):
            if self.spans is not None and self._kept(_about(of), of):
                trace_id, span_id = _ids(of, "shadow")
                ours = f"00-{trace_id.hex()}-{span_id.hex()}-01"
                return {**(headers or {}), TRACEPARENT: ours}
        return headers

    def shadowed(self, of: Evaluated, call: Call, answer: Completion | None) -> None:
        """A span of the call."""
        with guard("telemetry: span of a shadow"):
            about = _about(of)
            if self.spans is not None and self._kept(about, of):
                ids = _ids(of, "" if answer is None else "shadow")
                span = shadow_span(of, call, answer, ids=ids, about=about, vendors=self.vendors)
                self.spans.add(span)

    def judged(self, of: Evaluated, call: Call, verdict: Verdict | None) -> None:
        """A span of the judge's work, and an event of its verdict."""
        with guard("telemetry: verdict"):
            about = _about(of)
            kept = self._kept(about, of)
            if self.spans is not None and kept:
                ids = _ids(of, "" if verdict is None else "judge")
                self.spans.add(judge_span(of, call, verdict, ids=ids, about=about))
            if self.events is not None and verdict is not None:
                event = evaluation_result(
                    of,
                    verdict,
                    about=about,
                    sampled=kept,
                    at=self.clock(),
                    explained=self.explained,
                )
                self.events.add(event)

    def _kept(self, about: EvaluatedSpan | None, of: Evaluated) -> bool:
        if about is None:
            return self.keeps(evaluation_trace_id(of.served_id), None)
        return self.keeps(about.trace_id, about.parent)


def _about(of: Evaluated) -> EvaluatedSpan | None:
    asked = of.pair.asked
    return evaluated_span(of.served_id, None if asked is None else asked.headers)


def _ids(of: Evaluated, step: str) -> tuple[bytes, bytes]:
    """Of trace and span; an answer's span is always the same, a failed try's another one."""
    own = of.pair.exchange.id
    span_id = step_span_id(own, step) if step else os.urandom(_SPAN_BYTES)
    return evaluation_trace_id(own), span_id


class EvaluationMetrics(Collector):
    """How many spans and events were sent and dropped, asked when they are."""

    def __init__(self, exporters: Mapping[Signal, Exporter]) -> None:
        self._exporters = exporters

    def describe(self) -> Iterator[Metric]:
        """Nothing: what is there is known once it is asked for."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The series of this moment."""
        family = CounterMetricFamily(
            "tierwatch_worker_telemetry",
            "Spans and events of evaluation, by whether a collector took them.",
            labels=("signal", "result"),
        )
        for signal, exporter in self._exporters.items():
            family.add_metric((signal, "exported"), exporter.exported)
            family.add_metric((signal, "dropped"), exporter.dropped)
        yield family
