"""What is spent, on what, what it saves, and what more evidence would cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.arguments import sentence
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import TimeRange, asked_range
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.loop.report.evidence_costs import EvidenceCost, evidence_costs
from tierwatch.store.costs import spent_today
from tierwatch.store.pages.costs import CostDay, TierCost, cost_days, tier_costs

USUAL = "-30d"
RANGES = ("-24h", "-7d", "-30d", "-90d")

routes = Blueprint("costs", __name__)


@dataclass(frozen=True, slots=True)
class DayLine:
    """A day's costs, and what routing saved on it once evaluation is paid for."""

    cost: CostDay
    evaluation_usd: float
    net_usd: float
    net_share: float | None


@dataclass(frozen=True, slots=True)
class CostsPage:
    """Costs of a stretch of time.

    Attributes:
        range: the stretch.
        ranges: others to choose from.
        problem: why another stretch was not accepted.
        total: all of it.
        requests: that were served.
        top_tier_usd: what the top tier alone would have cost.
        net_usd: what is saved once everything is paid for; below 0 where nothing is.
        net_share: the same as a share of ``top_tier_usd``.
        tiers: serving, by tier.
        days: by day, newest first.
        evidence: what watching takes, by the last seven days.
        sample_rate: share of the requests that is sampled.
        spent_today_usd: on evaluation.
        budget_usd_per_day: of evaluation; None for no limit.
        unpriced: keys of models whose price nobody knows; they count as free.
    """

    template: ClassVar[str] = "costs.html"

    range: TimeRange
    ranges: tuple[str, ...]
    problem: str
    total: Costs
    requests: int
    top_tier_usd: float
    net_usd: float
    net_share: float | None
    tiers: tuple[TierCost, ...]
    days: tuple[DayLine, ...]
    evidence: tuple[EvidenceCost, ...]
    sample_rate: float | None
    spent_today_usd: float
    budget_usd_per_day: float | None
    unpriced: tuple[str, ...]


@routes.get("/costs")
def show() -> ResponseReturnValue:
    """What was spent, and what it saved."""
    site = this_site()
    asked = asked_range(this_moment(), usual=USUAL)
    with site.engine.connect() as connection:
        page = costs_page(connection, site.config, asked)
    return render(page), 400 if asked.problem else 200


def costs_page(connection: Connection, config: Config, asked: TimeRange) -> CostsPage:
    """Fill the page of costs."""
    days = cost_days(connection, asked.since, asked.until)
    total, top = total_costs(days), sum(day.top_tier_usd for day in days)
    evaluation = config.evaluation
    return CostsPage(
        range=asked,
        ranges=RANGES,
        problem=sentence(asked.problem) if asked.problem else "",
        total=total,
        requests=sum(day.requests for day in days),
        top_tier_usd=top,
        net_usd=top - total.total_usd,
        net_share=total.saving_net_of_evaluation(top),
        tiers=tuple(tier_costs(connection, asked.since, asked.until)),
        days=tuple(map(day_line, days)),
        evidence=tuple(evidence_costs(connection, evaluation.tolerance, this_moment())),
        sample_rate=evaluation.sample_rate,
        spent_today_usd=spent_today(connection),
        budget_usd_per_day=evaluation.budget_usd_per_day,
        unpriced=config.unpriced,
    )


def total_costs(days: Iterable[CostDay]) -> Costs:
    """The costs of days together."""
    listed = list(days)
    return Costs(
        serving_usd=sum(day.serving_usd for day in listed),
        classifier_usd=sum(day.classifier_usd for day in listed),
        shadow_usd=sum(day.shadow_usd for day in listed),
        judge_usd=sum(day.judge_usd for day in listed),
        checks_usd=sum(day.checks_usd for day in listed),
    )


def day_line(day: CostDay) -> DayLine:
    """A day on the page."""
    costs = total_costs([day])
    return DayLine(
        cost=day,
        evaluation_usd=costs.evaluation_usd,
        net_usd=day.top_tier_usd - costs.total_usd,
        net_share=costs.saving_net_of_evaluation(day.top_tier_usd),
    )
