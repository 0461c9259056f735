"""What the intake counts for Prometheus. Labels are bounded: sources, statuses and kinds."""

from collections.abc import Callable, Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tierwatch.intake.front.state import IntakeState


class IntakeMetrics(Collector):
    """The intake's series, in one registry.

    Args:
        state: asked at each scrape: a thread that is dead cannot say so itself.

    Attributes:
        registry: what ``/metrics`` shows.
    """

    def __init__(self, state: Callable[[], IntakeState]) -> None:
        self.registry = CollectorRegistry()
        self._state = state
        self.batches = cache(
            Counter(
                "tierwatch_intake_batches",
                "Batches by source and by HTTP status; 401 has no source.",
                ["source", "status"],
                registry=self.registry,
            ).labels
        )
        self.calls = cache(
            Counter(
                "tierwatch_intake_calls", "Calls acknowledged.", ["source"], registry=self.registry
            ).labels
        )
        self.passed_over = cache(
            Counter(
                "tierwatch_intake_passed_over",
                "What was sent and is no call, by kind.",
                ["source", "kind"],
                registry=self.registry,
            ).labels
        )
        self.registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Nothing: what is there is known once it is asked for."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The series of this moment."""
        state = self._state()
        yield GaugeMetricFamily(
            "tierwatch_intake_threads_alive",
            "Whether the threads that read and that store run.",
            float(state.alive),
        )
        yield GaugeMetricFamily(
            "tierwatch_intake_waiting_bytes",
            "Bodies in memory that wait to be read.",
            state.waiting_bytes,
        )
        yield GaugeMetricFamily(
            "tierwatch_intake_journal_bytes",
            "Acknowledged, and on disk until Postgres takes it.",
            state.journal_bytes,
        )
        yield CounterMetricFamily(
            "tierwatch_intake_calls_stored", "Calls counted in Postgres.", state.stored
        )
        yield CounterMetricFamily(
            "tierwatch_intake_repeats", "Calls that were counted before.", state.repeats
        )
        faults = CounterMetricFamily(
            "tierwatch_faults",
            "Exceptions that a guard noted; the log has one a minute of each cause.",
            labels=("doing", "cause"),
        )
        for key, count in sorted(state.faults.items()):
            faults.add_metric(key, count)
        yield faults
