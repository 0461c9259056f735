"""What is spent, on what, what it saves, and what more evidence would cost."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.charts.chart import TONES, Chart, Series
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import TimeRange, asked_range
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.loop.report.evidence_costs import EvidenceCost, evidence_costs
from tierwatch.store.costs import spent_today
from tierwatch.store.pages.costs import CostDay, TierCost, cost_days, tier_costs

USUAL = "-30d"
_HALF_DAY_S: Final = 43_200

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
        total: all of it.
        requests: that were served.
        top_tier_usd: what the top tier alone would have cost.
        net_usd: what is saved once everything is paid for; below 0 where nothing is.
        net_share: the same as a share of ``top_tier_usd``.
        tiers: serving, by tier.
        days: by day, newest first.
        spend: the same as a chart.
        evidence: what watching takes, by the last seven days.
        sample_rate: share of the requests that is sampled.
        spent_today_usd: on evaluation.
        budget_usd_per_day: of evaluation; None for no limit.
        unpriced: keys of models whose price nobody knows; they count as free.
    """

    template: ClassVar[str] = "costs.html"

    range: TimeRange
    total: Costs
    requests: int
    top_tier_usd: float
    net_usd: float
    net_share: float | None
    tiers: tuple[TierCost, ...]
    days: tuple[DayLine, ...]
    spend: Chart
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
        total=total,
        requests=sum(day.requests for day in days),
        top_tier_usd=top,
        net_usd=top - total.total_usd,
        net_share=total.saving_net_of_evaluation(top),
        tiers=tuple(tier_costs(connection, asked.since, asked.until)),
        days=tuple(map(day_line, days)),
        spend=spend_by_day(days),
        evidence=tuple(evidence_costs(connection, evaluation.tolerance, this_moment())),
        sample_rate=evaluation.sample_rate,
        spent_today_usd=spent_today(connection),
        budget_usd_per_day=evaluation.budget_usd_per_day,
        unpriced=config.unpriced,
    )


_PARTS: Final = (
    ("serving", "serving_usd"),
    ("classifier", "classifier_usd"),
    ("shadow answers", "shadow_usd"),
    ("judging", "judge_usd"),
    ("anchors and probes", "checks_usd"),
)


def spend_by_day(days: Sequence[CostDay]) -> Chart:
    """What was spent on each day, by what for; a day lies at its noon, by UTC."""
    listed = sorted(days, key=lambda day: day.day)
    noon = dt.time(12, tzinfo=dt.UTC)
    x = tuple(dt.datetime.combine(day.day, noon).timestamp() for day in listed)
    return Chart(
        title="Spend by day",
        says="By what it was spent on; beneath, beside what the top tier alone would have cost.",
        x=x,
        series=tuple(
            Series(name, tuple(getattr(day, part) for day in listed), tone=tone, kind="bars")
            for (name, part), tone in zip(_PARTS, TONES, strict=False)
        ),
        unit="usd",
        span=(x[0] - _HALF_DAY_S, x[-1] + _HALF_DAY_S) if x else None,
        stacked=True,
        missing="Nothing was served or evaluated in this time.",
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
