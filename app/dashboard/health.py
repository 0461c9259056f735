"""For machines: is the process up, and what do the figures say (Prometheus text format)."""

import datetime as dt
import threading
from collections.abc import Iterable, Mapping

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from tierwatch.dashboard.access.admission import may_scrape
from tierwatch.dashboard.metrics import (
    burst_families,
    families,
    loop_families,
    score_families,
    vital_families,
)
from tierwatch.dashboard.site import Site
from tierwatch.loop.report.build import build_report
from tierwatch.loop.watch.silence import STEP_SILENCE, WATCHED_STEPS
from tierwatch.series import AMBIGUOUS, EVALUATION, WithEarlierNames
from tierwatch.store.judgements.bursts import all_bursts
from tierwatch.store.pages.notifications import destination_lines
from tierwatch.store.pages.overview import open_counts
from tierwatch.store.pages.vitals import read_vitals
from tierwatch.store.step_runs import last_runs
from tierwatch.store.traced.scores import score_lines

# The report reads whole tables; scrapers that come more often get the last reading.
_FRESH_S = 10.0


def health_blueprint(site: Site, *, metrics_token: str, open_metrics: bool) -> Blueprint:
    """``/healthz``, open to anybody, and ``/metrics``.

    Args:
        site: whose figures are shown.
        metrics_token: what the metrics are shown for; empty for API tokens and sessions.
        open_metrics: show the metrics to anybody.
    """
    health = Blueprint("health", __name__)
    registry = CollectorRegistry()
    registry.register(Figures(site))
    shown = WithEarlierNames(registry, EVALUATION, without=AMBIGUOUS)

    @health.get("/healthz")
    def healthz() -> Response:
        """The process answers; Postgres is not asked."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @health.get("/healthz/loop")
    def loop() -> Response:
        """Whether every step that watches runs: what to alert on from outside."""
        now = dt.datetime.fromtimestamp(site.clock(), dt.UTC)
        try:
            with site.engine.connect() as connection:
                stuck = stuck_steps(last_runs(connection), now)
        except SQLAlchemyError:
            stuck = ["Postgres does not answer"]
        text = "".join(f"{line}\n" for line in stuck) or "ok\n"
        return Response(text, 503 if stuck else 200, content_type="text/plain; charset=utf-8")

    @health.get("/metrics")
    def metrics() -> Response:
        """The figures of the report."""
        if not open_metrics and not may_scrape(metrics_token):
            wanted = "TIERWATCH_METRICS_TOKEN" if metrics_token else "an API token"
            words = f"The metrics are shown for {wanted}, as Authorization: Bearer.\n"
            return Response(words, 401, {"WWW-Authenticate": "Bearer"}, content_type="text/plain")
        return Response(generate_latest(shown), content_type=CONTENT_TYPE_LATEST)

    return health


def stuck_steps(runs: Mapping[str, dt.datetime], now: dt.datetime) -> list[str]:
    """A sentence for each step that watches and has not run for too long, or never."""
    found = []
    for step in WATCHED_STEPS:
        if step not in runs:
            found.append(f"{step} has never run")
        elif now - runs[step] > STEP_SILENCE:
            found.append(f"{step} has not run for {(now - runs[step]).total_seconds():.0f} s")
    return found


class Figures(Collector):
    """The report as metrics; while Postgres is away, ``tierwatch_evaluation_database_up`` alone."""

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
        up = GaugeMetricFamily(
            "tierwatch_evaluation_database_up", "1 while Postgres answers the dashboard."
        )
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
                    loop = loop_families(last_runs(connection), destination_lines(connection))
                    vitals = vital_families(read_vitals(connection))
                    bursts = burst_families(
                        all_bursts(connection), dt.datetime.fromtimestamp(now, dt.UTC)
                    )
                    scores = score_families(score_lines(connection))
                self._families = [*families(report, waiting), *loop, *scores, *vitals, *bursts]
                self._read_at = now
            return self._families
