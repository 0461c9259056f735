"""The gateway's recorder, with a span for each exchange that it is given."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from tierwatch.faults import FAULTS
from tierwatch.loop.capture.exchange import Recorder, ServedExchange
from tierwatch.telemetry.exporter import Exporter
from tierwatch.telemetry.gateway_span import gateway_span
from tierwatch.telemetry.trace_context import Parent, read_traceparent, trace_id_of

Keeps = Callable[[bytes, Parent | None], bool]


class TracedRecorder:
    """Records exchanges as another recorder does, and makes their spans.

    Args:
        recorder: the other one.
        exporter: is given the spans.
        keeps: the sampler: whether a trace is kept, by its id and its parent.
        vendors: what the conventions call a provider, by its name in the configuration.
    """

    def __init__(
        self, recorder: Recorder, exporter: Exporter, keeps: Keeps, vendors: Mapping[str, str]
    ) -> None:
        self._record = recorder.record
        self._add = exporter.add
        self._keeps = keeps
        self._vendors = vendors

    def record(self, served: ServedExchange) -> None:
        """Record an exchange, and then its span: no fault of a span costs the exchange."""
        self._record(served)
        try:
            named = served.headers.get("traceparent")
            parent = None if named is None else read_traceparent(named)
            trace = trace_id_of(served.exchange_id) if parent is None else parent.trace_id
            if self._keeps(trace, parent):
                self._add(gateway_span(served, parent, self._vendors))
        except Exception as error:  # noqa: BLE001 - see above
            FAULTS.note("telemetry: to make a span", error)


def sampler(name: str, ratio: float) -> Keeps:
    """OpenTelemetry's sampler of that name.

    >>> sampler("parentbased_always_on", 1.0)(bytes(16), None)
    True
    """
    based = name.startswith("parentbased_")
    root = name.removeprefix("parentbased_")
    # The specification's rule: 56 bits of chance, by which all processes keep the same traces.
    kept = {"always_on": 1.0, "always_off": 0.0}.get(root, ratio)
    least = round((1 - kept) * (1 << 56))

    def keeps(trace_id: bytes, parent: Parent | None) -> bool:
        if based and parent is not None:
            return parent.sampled
        return int.from_bytes(trace_id[9:]) >= least

    return keeps


class SpanMetrics(Collector):
    """How many spans were sent and dropped, asked when they are."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter

    def describe(self) -> Iterator[Metric]:
        """Nothing: what is there is known once it is asked for."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The series of this moment."""
        spans = CounterMetricFamily(
            "tierwatch_gateway_spans",
            "Spans of OpenTelemetry, by whether a collector took them.",
            labels=("result",),
        )
        spans.add_metric(("exported",), self._exporter.exported)
        spans.add_metric(("dropped",), self._exporter.dropped)
        yield spans
