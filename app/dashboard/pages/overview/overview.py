"""The overview: what each tier served, what it cost, how good it was, and what needs a person."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.figures import Figure, reported_figure
from tierwatch.dashboard.frame import Surroundings, put_around, render, surroundings
from tierwatch.dashboard.pages.entrance.checklist import Step, checklist
from tierwatch.dashboard.pages.overview.burst_line import BurstLine, burst_line
from tierwatch.dashboard.pages.overview.over_time import OverTime, over_time
from tierwatch.dashboard.pages.overview.state import State, state
from tierwatch.dashboard.pages.overview.tier_lines import TierLine, tier_lines
from tierwatch.dashboard.pages.proposals.proposal_line import ProposalLine, proposal_line
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import TimeRange, asked_range
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.loop.compare.unscored import UnscoredReport
from tierwatch.loop.report.build import build_report, read_basis
from tierwatch.loop.report.schema import PaceReport
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.alerts import Alert
from tierwatch.store.costs import spent_today
from tierwatch.store.judgements.bursts import active_bursts
from tierwatch.store.pages.lists import InForce, alerts, in_force, proposals
from tierwatch.store.pages.notifications import DestinationLine, destination_lines
from tierwatch.store.pages.over_time.freshness import Freshness, freshness
from tierwatch.store.pages.over_time.traffic import first_minute
from tierwatch.store.pages.overview import Waiting
from tierwatch.store.traffic.sources import SourceFunnel, source_funnels

USUAL: Final = "-7d"

routes = Blueprint("overview", __name__)


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


# What docs/report.md explains, short enough for a line of several.
_WHY_OUTSIDE: Final = {
    "error": "no answer",
    "unfinished": "cut answer",
    "too_large": "answer too long to keep",
    "side_call": "side call of a program",
    "pinned": "tier or model named by the caller",
    "held": "held at the tier of its conversation",
    "cascade": "moved up by a cascade",
    "fallback": "answered by a fallback",
    "provider_tools": "tool run by the provider",
    "media": "media not kept",
    "fits_not": "not taken by the other tier",
}


@dataclass(frozen=True, slots=True)
class OutsideEvidence:
    """The share of the traffic that no rate speaks of, and why not; ``None`` of no traffic."""

    share: float | None
    reasons: tuple[tuple[str, float], ...]
    estimated: frozenset[str]

    @property
    def said(self) -> tuple[tuple[str, float, bool], ...]:
        """Each reason in words, its share, and whether that is estimated."""
        return tuple(
            (_WHY_OUTSIDE.get(reason, reason.replace("_", " ")), share, reason in self.estimated)
            for reason, share in self.reasons
        )


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The state of the router on one page."""

    template: ClassVar[str] = "overview.html"

    cost_usd: float
    cost_top_tier_usd: float
    saving: float | None
    saving_interval: Figure | None
    quality_vs_top: Figure | None
    quality_corrected: Figure | None
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
    pace: Mapping[str, PaceReport]
    funnel: Funnel
    outside: OutsideEvidence
    sources: tuple[SourceFunnel, ...]
    unscored_tasks: tuple[UnscoredReport, ...]
    state: State
    freshness: Freshness
    range: TimeRange
    over_time: OverTime
    waiting: Waiting
    alerts: tuple[Alert, ...]
    proposals: tuple[ProposalLine, ...]
    bursts: tuple[BurstLine, ...]
    active: InForce | None
    destinations: tuple[DestinationLine, ...]
    gateway_url: str
    first_steps: tuple[Step, ...] = ()

    @property
    def cached(self) -> bool:
        """Whether the response cache is among the lines."""
        return any(line.name == CACHE_TIER for line in self.tiers)


@routes.get("/")
def show() -> ResponseReturnValue:
    """The state of the router."""
    site = this_site()
    asked = asked_range(this_moment(), usual=USUAL)
    compare = request.args.get("compare") == "before"
    with site.engine.connect() as connection:
        around = surroundings(connection)
        put_around(around)
        page = overview_page(
            connection,
            site.config,
            asked,
            gateway_url=site.gateway_url,
            compare=compare,
            around=around,
        )
    return render(page), 400 if asked.problem else 200


def overview_page(
    connection: Connection,
    config: Config,
    asked: TimeRange,
    *,
    gateway_url: str,
    compare: bool = False,
    around: Surroundings | None = None,
) -> OverviewPage:
    """Fill the overview from the report, so that page and report cannot differ."""
    around = surroundings(connection) if around is None else around
    basis = read_basis(connection)
    report: Mapping[str, Any] = build_report(connection, config, basis=basis)
    objective = report["objective"]
    active = basis.active
    candidate = None if active is None else active.candidate
    asked = asked.seen_from(first_minute(connection) if asked.whole else None)
    lines = tier_lines(
        report,
        config,
        basis.traffic,
        {} if candidate is None else candidate.thresholds,
        {} if active is None else active.stable.by_task,
    )
    unresolved = tuple(alerts(connection, unresolved=True))
    shown = over_time(
        connection,
        config,
        asked,
        judge_version=basis.judge_version,
        tolerances={line.name: line.tolerance for line in lines if line.misroute is not None},
        compare=compare,
    )
    return OverviewPage(
        cost_usd=report["cost_usd"],
        cost_top_tier_usd=report["cost_top_tier_usd"],
        saving=report["saving"],
        saving_interval=reported_figure(report["saving_interval"]),
        quality_vs_top=reported_figure(report["quality_vs_top"]),
        quality_corrected=reported_figure(report["quality_vs_top_corrected"]),
        objective=None if objective is None else objective["quality"],
        quality_kept=None if objective is None else reported_figure(objective["kept"]),
        top_tier=config.tiers[-1].name,
        saving_net_of_evaluation=report["saving_net_of_evaluation"],
        costs=Costs(**{part: report["costs"][part] for part in Costs.__slots__}),
        unpriced=config.unpriced,
        evaluation_cost_usd=report["evaluation_cost_usd"],
        spent_today_usd=spent_today(connection),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
        recorded_quality=report["recorded_quality"],
        tiers=lines,
        pace=report["pace"],
        funnel=Funnel(**{name: report[name] for name in Funnel.__slots__}),
        outside=_outside(report),
        # As far back as the report counts: as long as anything is kept.
        sources=tuple(one for one in source_funnels(connection, since=dt.date.min) if one.calls),
        unscored_tasks=tuple(report["unscored_tasks"]),
        state=state(
            lines,
            shown.rates,
            unresolved,
            distrusted=bool(around.distrust),
            net_saving=shown.totals.net_saving,
        ),
        freshness=freshness(connection),
        range=asked,
        over_time=shown,
        waiting=around.waiting,
        alerts=unresolved,
        proposals=tuple(map(proposal_line, proposals(connection, undecided=True))),
        bursts=tuple(map(burst_line, active_bursts(connection))),
        active=in_force(connection),
        destinations=tuple(destination_lines(connection)),
        gateway_url=gateway_url,
        first_steps=checklist(connection, config, gateway_url=gateway_url),
    )


def _outside(report: Mapping[str, Any]) -> OutsideEvidence:
    found, requests = report["outside"], report["requests"]
    return OutsideEvidence(
        share=found["share"],
        reasons=tuple((reason, n / requests) for reason, n in found["reasons"].items() if n),
        estimated=frozenset(found["estimated"]),
    )
