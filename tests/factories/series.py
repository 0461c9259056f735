"""Every series that some process shows, with the labels it may have."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from tierwatch.dashboard.metrics import (
    burst_families,
    families,
    loop_families,
    score_families,
    vital_families,
)
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.record.capture_metrics import CaptureMetrics
from tierwatch.intake.front.metrics import IntakeMetrics
from tierwatch.intake.front.state import IntakeState
from tierwatch.loop.capture.state import CaptureState
from tierwatch.loop.report.schema import Report
from tierwatch.store.pages.overview import Waiting
from tierwatch.store.pages.vitals import Vitals
from tierwatch_workers.metrics import WorkerMetrics

# What Prometheus adds to each of them, and a gateway of several processes.
ADDED = frozenset({"job", "instance", "process"})
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "gauge": ("",),
}


def shown_series(report: Report) -> dict[str, frozenset[str]]:
    """Name of each series as Prometheus keeps it -> its labels.

    Args:
        report: any; what it does not know yet is made up, for an unknown figure has no series.
    """
    gateway = GatewayMetrics(CollectorRegistry())
    capture = CaptureState(
        writer_alive=True, caught_up_at=0, behind_s=0, spool_bytes=0, dropped=0, dead_letters=0
    )
    gateway.registry.register(CaptureMetrics(lambda: capture))
    intake = IntakeMetrics(
        lambda: IntakeState(
            alive=True, away=False, waiting_bytes=0, journal_bytes=0, stored=0, repeats=0, faults={}
        )
    )
    known = report | {
        "trust": {
            "judge_version": "j", "trusted": True, "right": 9, "anchors": 10, "low": 0.5,
            "high": 1.0, "least": 0.5, "sentence": "",
        },
        "saving": 0.1,
        "saving_net_of_evaluation": 0.1,
        "policy_version": 1,
    }  # fmt: skip
    evaluation: list[Metric] = [
        *families(known, Waiting()),  # type: ignore[arg-type]  # the keys are the report's own
        *loop_families({}, []),
        *score_families([]),
        *vital_families(Vitals()),
        *burst_families([], datetime.now(UTC)),
    ]
    found = _of_families(evaluation)
    found["tierwatch_evaluation_database_up"] = frozenset()
    for registry in (gateway.registry, intake.registry, WorkerMetrics().registry):
        found |= _of_registry(registry)
    return {name: labels | ADDED for name, labels in found.items()}


def _of_registry(registry: CollectorRegistry) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for collector in list(registry._collector_to_names):
        own = frozenset(getattr(collector, "_labelnames", ()))
        found |= _of_families(collector.collect(), own)
    return found


def _of_families(
    given: Iterable[Metric], own: frozenset[str] = frozenset()
) -> dict[str, frozenset[str]]:
    found = {}
    for family in given:
        labels = own | frozenset(getattr(family, "_labelnames", ()))
        for suffix in _SUFFIXES[family.type]:
            found[family.name + suffix] = labels | ({"le"} if suffix == "_bucket" else frozenset())
    return found
