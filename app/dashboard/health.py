"""For machines: is the process up, and what do the figures say (Prometheus text format)."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.dashboard.site import Site
from tierwatch.loop.report import build_report
from tierwatch.store.pages.overview import open_counts

# The report reads whole tables; scrapers that come more often get the last reading.
_FRESH_S = 10.0

_SPEND = ("serving", "classifier", "shadow", "judge", "checks")
_FUNNEL = ("judged", "unscored", "failed", "pending", "dropped")


def health_blueprint(site: Site) -> Blueprint:
    """``/healthz`` and ``/metrics``, open to anybody: they say nothing about single requests."""
    health = Blueprint("health", __name__)
    registry = CollectorRegistry()
    registry.register(Figures(site))

    @health.get("/healthz")
    def healthz() -> Response:
        """The process answers; Postgres is not asked."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @health.get("/metrics")
    def metrics() -> Response:
        """The figures of the report."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return health


class Figures(Collector):
    """The report as Prometheus metrics; only ``tierwatch_database_up`` while Postgres is away."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._families: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not need Postgres."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Every metric, at most ten seconds old."""
        up = GaugeMetricFamily("tierwatch_database_up", "1 while Postgres answers the dashboard.")
        try:
            families = self._fresh()
        except SQLAlchemyError:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *families]

    def _fresh(self) -> list[Metric]:
        with self._lock:
            now = self._site.clock()
            if not 0 <= now - self._read_at < _FRESH_S:
                with self._site.engine.connect() as connection:
                    report = build_report(connection, self._site.config)
                    waiting = open_counts(connection)
                self._families, self._read_at = families(report, waiting), now
            return self._families


def families(report: Mapping[str, Any], waiting: Mapping[str, int]) -> list[Metric]:
    """The metrics of one report. An estimate without a value has no sample: absent is not 0."""
    requests = CounterMetricFamily(
        "tierwatch_requests", "Requests served, by tier.", labels=["tier"]
    )
    rates = {
        name: GaugeMetricFamily(
            f"tierwatch_{name}_rate",
            f"Judged {name} rate by tier; low and high are its 95 % interval.",
            labels=["tier", "bound"],
        )
        for name in ("misroute", "overspend")
    }
    thresholds = GaugeMetricFamily(
        "tierwatch_threshold", "Active threshold, by tier.", labels=["tier"]
    )
    for tier, seen in report["tiers"].items():
        requests.add_metric([tier], seen["requests"])
        for name, family in rates.items():
            _add_rate(family, tier, seen.get(name) or {})
        if tier in report["thresholds"]:
            thresholds.add_metric([tier], report["thresholds"][tier])
    sampled = GaugeMetricFamily(
        "tierwatch_sampled_exchanges",
        "Sampled exchanges by stage; they sum to tierwatch_captured_exchanges.",
        labels=["stage"],
    )
    for stage in _FUNNEL:
        sampled.add_metric([stage], report[stage])
    cost = CounterMetricFamily("tierwatch_cost_usd", "USD spent, by purpose.", labels=["purpose"])
    cost.add_metric(["serving"], report["cost_usd"])
    cost.add_metric(["evaluation"], report["evaluation_cost_usd"])
    spend = CounterMetricFamily(
        "tierwatch_spend_usd", "USD spent by kind; the kinds are disjoint.", labels=["kind"]
    )
    for kind in _SPEND:
        spend.add_metric([kind], report["costs"][f"{kind}_usd"])
    gauges = (
        ("tierwatch_captured_exchanges", "Exchanges sampled so far.", report["captured"]),
        ("tierwatch_unresolved_alerts", "Alerts not resolved.", waiting["alerts"]),
        ("tierwatch_open_proposals", "Proposals waiting for a person.", waiting["proposals"]),
        ("tierwatch_policy_version", "Active policy.", report["policy_version"]),
        ("tierwatch_saving_ratio", "Share saved against the top tier.", report["saving"]),
        (
            "tierwatch_saving_net_of_evaluation_ratio",
            "Share saved once classifier and evaluation are paid for; may be negative.",
            report["saving_net_of_evaluation"],
        ),
    )
    known = [
        GaugeMetricFamily(name, meaning, value=value)
        for name, meaning, value in gauges
        if value is not None
    ]
    return [requests, *rates.values(), thresholds, sampled, cost, spend, *known]


def _add_rate(family: GaugeMetricFamily, tier: str, rate: Mapping[str, Any]) -> None:
    value = rate.get("estimate", rate.get("value"))
    if value is None:
        return
    for bound, number in (("estimate", value), ("low", rate["low"]), ("high", rate["high"])):
        family.add_metric([tier, bound], number)
