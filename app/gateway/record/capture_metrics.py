"""How capture is, as metrics, asked when they are."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tierwatch.loop.capture.state import CaptureState


class CaptureMetrics(Collector):
    """The series of capture and of faults.

    Over several processes all of them add up but the time of the last commit, of which the oldest
    counts.

    Args:
        state: asked at each scrape: a thread that is dead cannot say so itself.
    """

    def __init__(self, state: Callable[[], CaptureState]) -> None:
        self._state = state

    def describe(self) -> Iterator[Metric]:
        """Nothing: what is there is known once it is asked for."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The series of this moment."""
        state = self._state()
        yield GaugeMetricFamily(
            "tierwatch_gateway_capture_last_commit_timestamp_seconds",
            "All that was recorded until then was in Postgres. Nothing to write counts as written.",
            state.caught_up_at,
        )
        yield GaugeMetricFamily(
            "tierwatch_gateway_capture_writer_alive",
            "Whether the thread that stores exchanges runs.",
            float(state.writer_alive),
        )
        yield GaugeMetricFamily(
            "tierwatch_gateway_capture_spool_bytes",
            "Waiting on disk for Postgres, what dead processes left included.",
            state.spool_bytes,
        )
        yield CounterMetricFamily(
            "tierwatch_gateway_capture_dropped",
            "Exchanges chosen for evaluation that were counted and not kept.",
            state.dropped,
        )
        yield CounterMetricFamily(
            "tierwatch_gateway_capture_dead_letters",
            "What could not be stored and is kept in the file of dead letters.",
            state.dead_letters,
        )
        outside = CounterMetricFamily(
            "tierwatch_gateway_outside_evidence",
            "Requests that cannot be evidence, by reason; fits_not and media are found in drawn"
            " exchanges alone and estimated from them.",
            labels=("reason",),
        )
        for reason, requests in sorted(state.outside.items()):
            outside.add_metric((reason,), requests)
        yield outside
        faults = CounterMetricFamily(
            "tierwatch_faults",
            "Exceptions that a guard noted; the log has one a minute of each cause.",
            labels=("doing", "cause"),
        )
        for key, count in sorted(state.faults.items()):
            faults.add_metric(key, count)
        yield faults
