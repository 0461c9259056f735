"""The ceiling beside the saving: whether the top tier is as good as it was."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.charts.chart import Chart
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.ceiling.ceiling_chart import ceiling_chart
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.evaluation.ceiling.trend import FLAT_WITHIN
from tierwatch.loop.report.ceiling import CeilingMonth, Standing, VersionRate, ceiling
from tierwatch.store.judgements.outcomes import newest_judge_version

routes = Blueprint("ceiling", __name__)


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month in the table, with its shares as far as there are enough answers."""

    month: CeilingMonth
    probes: Figure
    labels: Figure


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of the prompt in a month."""

    version: VersionRate
    rate: Figure


@dataclass(frozen=True, slots=True)
class CeilingPage:
    """The top tier's own quality beside the saving.

    Attributes:
        standing: what the probes say.
        probe_change: of the share of passed probes, since then.
        flat_within: a change smaller than this is none.
        chart: both along the months.
        months: the newest first.
        versions: misroute rates by version of the prompt, the newest month first.
    """

    template: ClassVar[str] = "ceiling.html"

    standing: Standing
    probe_change: Figure
    flat_within: float
    chart: Chart
    months: tuple[MonthLine, ...]
    versions: tuple[VersionLine, ...]


@routes.get("/ceiling")
def show() -> str:
    """The top tier's own quality, beside what routing saves."""
    site = this_site()
    with site.engine.connect() as connection:
        return render(ceiling_page(connection, site.config))


def ceiling_page(connection: Connection, config: Config) -> CeilingPage:
    """Fill the page."""
    judge = newest_judge_version(connection) or ""
    found = ceiling(connection, config.tiers[-1].name, judge, this_moment().date())
    return CeilingPage(
        standing=found.standing,
        probe_change=figure(found.standing.probes.change),
        flat_within=FLAT_WITHIN,
        chart=ceiling_chart(found),
        months=tuple(
            MonthLine(
                one,
                figure(one.probes, needed=found.needed),
                figure(one.labels, needed=config.evaluation.min_pairs),
            )
            for one in reversed(found.months)
        ),
        versions=tuple(
            VersionLine(one, figure(one.rate, needed=config.evaluation.min_pairs))
            for one in found.versions
        ),
    )
