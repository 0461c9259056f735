"""The overview: what each tier served, what it cost, how good it was, and what needs a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.figures import CHART_BUCKETS, Chart, Figure, chart, figure
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.loop.report import build_report
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.costs import spent_today
from tierwatch.store.pages import alerts_and_proposals as reading


@dataclass(frozen=True, slots=True)
class TierLine:
    """One tier on the overview. ``share`` is of all requests; a rate is None where none applies.

    ``state`` is what its monitors say of it now (`evaluation.alarms.monitoring.stream_state`).
    The top tier has no tier above it, so no misroute rate and no threshold; the cheapest has none
    below, so no overspend rate. ``own_thresholds`` counts the task types that have one of their own
    at this tier. The response cache is shown as a last line: it has a misroute rate,
    against fresh answers, and no threshold.
    """

    name: str
    model: str
    requests: int
    share: float | None
    errors: int
    escalated: int
    cost_usd: float
    latency_ms: float | None
    pairs: int
    threshold: float | None
    candidate_threshold: float | None
    own_thresholds: int
    tolerance: float | None
    state: str | None
    misroute: Figure | None
    overspend: Figure | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """Where the sampled exchanges are; the parts always sum to ``captured``."""

    requests: int
    captured: int
    judged: int
    unscored: int
    failed: int
    pending: int
    dropped: int

    @property
    def sums(self) -> bool:
        """Whether the parts account for everything that was sampled, none of them negative."""
        parts = (self.judged, self.unscored, self.failed, self.pending, self.dropped)
        return sum(parts) == self.captured and min(parts) >= 0


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The state of the router on one page."""

    cost_usd: float
    cost_top_tier_usd: float
    saving: float | None
    saving_interval: Figure | None
    quality_vs_top: Figure | None
    objective: float | None
    quality_kept: Figure | None
    top_tier: str
    saving_net_of_evaluation: float | None
    costs: Costs
    unpriced: tuple[str, ...]
    evaluation_cost_usd: float
    spent_today_usd: float
    budget_usd_per_day: float | None
    recorded_quality: float | None
    tiers: tuple[TierLine, ...]
    funnel: Funnel
    charts: tuple[Chart, ...]
    alerts: tuple[reading.Alert, ...]
    proposals: tuple[reading.Proposal, ...]
    in_force: reading.InForce | None
    gateway_url: str

    @property
    def cached(self) -> bool:
        """Whether the response cache is among the lines."""
        return any(line.name == CACHE_TIER for line in self.tiers)


def overview_page(connection: Connection, config: Config, *, gateway_url: str) -> OverviewPage:
    """Fill the overview from the report, so that page and report cannot differ."""
    report = build_report(connection, config)
    asked = report["objective"]
    in_force = reading.in_force(connection)
    stable = None if in_force is None else reading.policy(connection, in_force.stable_version)
    candidate = _thresholds(connection, in_force.candidate_version if in_force else None)
    judge_version = reading.newest_judge_version(connection)
    sums = (
        []
        if judge_version is None
        else reading.loss_sums(
            connection, direction="up", judge_version=judge_version, buckets=CHART_BUCKETS
        )
    )
    charts = (
        chart(name, [group for group in sums if group.tier == name], told["tolerance"])
        for name, told in report["tiers"].items()
    )
    return OverviewPage(
        cost_usd=report["cost_usd"],
        cost_top_tier_usd=report["cost_top_tier_usd"],
        saving=report["saving"],
        saving_interval=figure(report["saving_interval"]),
        quality_vs_top=figure(report["quality_vs_top"]),
        objective=None if asked is None else asked["quality"],
        quality_kept=None if asked is None else figure(asked["kept"]),
        top_tier=config.tiers[-1].name,
        saving_net_of_evaluation=report["saving_net_of_evaluation"],
        costs=Costs(**{part: report["costs"][part] for part in Costs.__slots__}),
        unpriced=config.unpriced,
        evaluation_cost_usd=report["evaluation_cost_usd"],
        spent_today_usd=spent_today(connection),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
        recorded_quality=report["recorded_quality"],
        tiers=_tier_lines(
            report,
            config,
            reading.tier_traffic(connection),
            candidate,
            {} if stable is None else stable.by_task,
        ),
        funnel=Funnel(**{name: report[name] for name in Funnel.__slots__}),
        charts=tuple(drawn for drawn in charts if drawn is not None),
        alerts=tuple(reading.alerts(connection, unresolved=True)),
        proposals=tuple(reading.proposals(connection, undecided=True)),
        in_force=in_force,
        gateway_url=gateway_url,
    )


def _tier_lines(
    report: Mapping[str, Any],
    config: Config,
    traffic: Sequence[reading.TierTraffic],
    candidate: Mapping[str, float],
    by_task: Mapping[str, Mapping[str, float]],
) -> tuple[TierLine, ...]:
    counted = {line.tier: line for line in traffic}
    needed, top, lowest = config.evaluation.min_pairs, config.tiers[-1].name, config.tiers[0].name
    models = {tier.name: tier.model for tier in config.tiers}
    lines = []
    for name, told in report["tiers"].items():
        seen = counted.get(name)
        lines.append(
            TierLine(
                name=name,
                model=models.get(name, "answers given again"),
                requests=told["requests"],
                share=told["requests"] / report["requests"] if report["requests"] else None,
                errors=seen.errors if seen else 0,
                escalated=seen.escalated if seen else 0,
                cost_usd=seen.cost_usd if seen else 0.0,
                latency_ms=seen.latency_ms if seen else None,
                pairs=told["pairs"],
                threshold=report["thresholds"].get(name),
                candidate_threshold=candidate.get(name),
                own_thresholds=sum(name in own for own in by_task.values()),
                tolerance=told["tolerance"],
                state=told["state"],
                misroute=None if name == top else figure(told["misroute"], needed=needed),
                overspend=None
                if name == lowest or name not in models
                else figure(told.get("overspend"), needed=needed),
            )
        )
    return tuple(lines)


def _thresholds(connection: Connection, version: int | None) -> Mapping[str, float]:
    found = None if version is None else reading.policy(connection, version)
    return {} if found is None else found.thresholds
