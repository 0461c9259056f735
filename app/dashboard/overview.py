"""The overview: what each tier served, what it cost, how good it was, and what needs a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.config import Config
from app.dashboard.figures import CHART_BUCKETS, Chart, Figure, chart, figure
from app.evaluation.costs import Costs
from app.loop.report import build_report
from app.store import reading
from app.store.costs import spent_today


@dataclass(frozen=True, slots=True)
class TierLine:
    """One tier on the overview. ``share`` is of all requests; a rate is None where none applies.

    ``state`` is what its monitors say of it now (`app.evaluation.monitoring.stream_state`).
    The top tier has no tier above it, so no misroute rate and no threshold; the cheapest has none
    below, so no overspend rate.
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


def overview_page(connection: Connection, config: Config, *, gateway_url: str) -> OverviewPage:
    """Fill the overview from the report, so that page and report cannot differ."""
    report = build_report(connection, config)
    in_force = reading.in_force(connection)
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
        chart(name, [group for group in sums if group.tier == name], _tolerance(config, name))
        for name in (tier.name for tier in config.tiers)
    )
    return OverviewPage(
        cost_usd=report["cost_usd"],
        cost_top_tier_usd=report["cost_top_tier_usd"],
        saving=report["saving"],
        saving_interval=figure(report["saving_interval"]),
        quality_vs_top=figure(report["quality_vs_top"]),
        top_tier=config.tiers[-1].name,
        saving_net_of_evaluation=report["saving_net_of_evaluation"],
        costs=Costs(**{part: report["costs"][part] for part in Costs.__slots__}),
        unpriced=config.unpriced,
        evaluation_cost_usd=report["evaluation_cost_usd"],
        spent_today_usd=spent_today(connection),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
        recorded_quality=report["recorded_quality"],
        tiers=_tier_lines(report, config, reading.tier_traffic(connection), candidate),
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
) -> tuple[TierLine, ...]:
    counted = {line.tier: line for line in traffic}
    needed, last = config.evaluation.min_pairs, len(config.tiers) - 1
    lines = []
    for place, tier in enumerate(config.tiers):
        told = report["tiers"][tier.name]
        seen = counted.get(tier.name)
        lines.append(
            TierLine(
                name=tier.name,
                model=tier.model,
                requests=told["requests"],
                share=told["requests"] / report["requests"] if report["requests"] else None,
                errors=seen.errors if seen else 0,
                escalated=seen.escalated if seen else 0,
                cost_usd=seen.cost_usd if seen else 0.0,
                latency_ms=seen.latency_ms if seen else None,
                pairs=told["pairs"],
                threshold=report["thresholds"].get(tier.name),
                candidate_threshold=candidate.get(tier.name),
                tolerance=_tolerance(config, tier.name),
                state=told["state"],
                misroute=None if place == last else figure(told["misroute"], needed=needed),
                overspend=None if place == 0 else figure(told.get("overspend"), needed=needed),
            )
        )
    return tuple(lines)


def _thresholds(connection: Connection, version: int | None) -> Mapping[str, float]:
    found = None if version is None else reading.policy(connection, version)
    return {} if found is None else found.thresholds


def _tolerance(config: Config, tier: str) -> float | None:
    return config.evaluation.tolerance.get(tier)
