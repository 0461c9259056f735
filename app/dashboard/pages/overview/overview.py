"""The overview: what each tier served, what it cost, how good it was, and what needs a person."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.charts.rates import STEPS
from tierwatch.dashboard.figures import Figure, reported_figure
from tierwatch.dashboard.frame import AROUND, put_around, render, surroundings_of
from tierwatch.dashboard.pages.entrance.checklist import Step, checklist
from tierwatch.dashboard.pages.overview.burst_line import BurstLine, burst_line
from tierwatch.dashboard.pages.overview.over_time import OverTime, over_time, totals_of
from tierwatch.dashboard.pages.overview.state import State, state
from tierwatch.dashboard.pages.overview.tier_lines import TierLine, tier_lines
from tierwatch.dashboard.pages.proposals.proposal_line import ProposalLine, proposal_line
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import TimeRange, asked_range
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.loop.compare.tier_rates import tier_rates
from tierwatch.loop.compare.unscored import UnscoredReport
from tierwatch.loop.report.build import BASIS, Basis, build_figures
from tierwatch.loop.report.schema import PaceReport
from tierwatch.routing.policy import ActivePolicies
from tierwatch.routing.tiers import CACHE_TIER
from tierwatch.store.alerts import Alert
from tierwatch.store.costs import TODAY
from tierwatch.store.judgements.bursts import ACTIVE_BURSTS
from tierwatch.store.judgements.outcomes import JUDGE_VERSION
from tierwatch.store.judgements.own_rules import OwnRules
from tierwatch.store.pages.costs import SPENT, SPENT_BEFORE
from tierwatch.store.pages.entrance.first_run import REACHED
from tierwatch.store.pages.lists import alerts, proposals
from tierwatch.store.pages.notifications import DESTINATIONS, DestinationLine
from tierwatch.store.pages.over_time.freshness import FRESHNESS, Freshness
from tierwatch.store.pages.over_time.losses import PAIRS_BEFORE, losses
from tierwatch.store.pages.over_time.monitors import TIER_MONITORS
from tierwatch.store.pages.over_time.traffic import FIRST_MINUTE
from tierwatch.store.pages.overview import Waiting
from tierwatch.store.reading.one_row import Parts, read_parts
from tierwatch.store.sums.served import Stretch, served
from tierwatch.store.traffic.sources import FUNNELS, SourceFunnel

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
    active: ActivePolicies | None
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
        read = read_small(connection, asked, compare=compare)
        put_around(surroundings_of(read))
        page = overview_page(
            connection,
            site.config,
            asked,
            gateway_url=site.gateway_url,
            compare=compare,
            read=read,
        )
    return render(page), 400 if asked.problem else 200


# What is one row each, beside what the report rests on.
_PARTS: Final = (
    FRESHNESS, REACHED, TODAY, FIRST_MINUTE, ACTIVE_BURSTS, DESTINATIONS, FUNNELS, SPENT,
    SPENT_BEFORE,
    PAIRS_BEFORE, TIER_MONITORS,
)  # fmt: skip


def read_small(connection: Connection, asked: TimeRange, *, compare: bool) -> Parts:
    """What is one row each, and what stands around the page: `AROUND`, `BASIS` and `_PARTS`."""
    return read_parts(
        connection,
        *(*AROUND, *BASIS, *_PARTS),
        since=asked.since,
        until=asked.until,
        before=asked.before.since if compare and not asked.whole else asked.since,
        # As far back as the report counts: as long as anything is kept.
        first_day=dt.date.min,
        last_day=dt.date.max,
    )


def overview_page(
    connection: Connection,
    config: Config,
    asked: TimeRange,
    *,
    gateway_url: str,
    compare: bool = False,
    read: Parts | None = None,
) -> OverviewPage:
    """Fill the overview with the report's figures, so that page and report cannot differ."""
    read = read_small(connection, asked, compare=compare) if read is None else read
    compare = compare and not asked.whole
    asked = asked.seen_from(read[FIRST_MINUTE])
    basis = Basis(
        read,
        served(connection, _cut(asked, compare=compare)),
        OwnRules(connection),
        tier_rates(connection, read[JUDGE_VERSION], config.tiers[-1].name),
    )
    around = surroundings_of(read)
    report: Mapping[str, Any] = build_figures(connection, config, basis)
    objective = report["objective"]
    lines = _lines(report, config, basis)
    unresolved = tuple(alerts(connection, unresolved=True))
    shown = _over_time(connection, config, asked, basis, lines, compare=compare)
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
        spent_today_usd=read[TODAY].total_usd,
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
        recorded_quality=report["recorded_quality"],
        tiers=lines,
        pace=report["pace"],
        funnel=Funnel(**{name: report[name] for name in Funnel.__slots__}),
        outside=_outside(report),
        sources=tuple(one for one in read[FUNNELS] if one.calls),
        unscored_tasks=tuple(report["unscored_tasks"]),
        state=state(
            lines,
            shown.rates,
            unresolved,
            distrusted=bool(around.distrust),
            net_saving=shown.totals.net_saving,
        ),
        freshness=read[FRESHNESS],
        range=asked,
        over_time=shown,
        waiting=around.waiting,
        alerts=unresolved,
        proposals=tuple(map(proposal_line, proposals(connection, undecided=True))),
        bursts=tuple(map(burst_line, read[ACTIVE_BURSTS])),
        active=basis.active,
        destinations=tuple(read[DESTINATIONS]),
        gateway_url=gateway_url,
        first_steps=checklist(read[REACHED], config, gateway_url=gateway_url),
    )


def _lines(report: Mapping[str, Any], config: Config, basis: Basis) -> tuple[TierLine, ...]:
    active = basis.active
    candidate = None if active is None else active.candidate
    return tier_lines(
        report,
        config,
        basis.served.tiers,
        {} if candidate is None else candidate.thresholds,
        {} if active is None else active.stable.by_task,
    )


def _over_time(
    connection: Connection,
    config: Config,
    asked: TimeRange,
    basis: Basis,
    lines: Sequence[TierLine],
    *,
    compare: bool,
) -> OverTime:
    """What is of the time asked for; with ``compare`` the first half of the steps is before it."""
    read, first = basis.parts, STEPS if compare else 0
    steps = [replace(one, step=one.step - first) for one in basis.served.steps]
    earlier = [one for one in steps if one.step < 0]
    before = totals_of(earlier, read[PAIRS_BEFORE], read[SPENT_BEFORE]) if compare else None
    return over_time(
        connection,
        config,
        asked,
        tolerances={line.name: line.tolerance for line in lines if line.misroute is not None},
        found=losses(connection, basis.judge_version, asked.since, asked.until, steps=STEPS),
        served=[one for one in steps if one.step >= 0],
        spent=read[SPENT],
        monitors=read[TIER_MONITORS],
        before=before,
    )


def _cut(asked: TimeRange, *, compare: bool) -> Stretch:
    """The steps that are read: those of what is asked for, and as many before to compare with."""
    if not compare:
        return Stretch(asked.since, asked.until, STEPS)
    return Stretch(asked.before.since, asked.until, 2 * STEPS)


def _outside(report: Mapping[str, Any]) -> OutsideEvidence:
    found, requests = report["outside"], report["requests"]
    return OutsideEvidence(
        share=found["share"],
        reasons=tuple((reason, n / requests) for reason, n in found["reasons"].items() if n),
        estimated=frozenset(found["estimated"]),
    )
