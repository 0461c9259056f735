"""What the overview shows of a stretch of time: its figures, its charts, its segments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import url_for
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.charts.chart import Chart, Level, Mark, Tone
from tierwatch.dashboard.charts.rates import rate_chart, rate_figure
from tierwatch.dashboard.figures import Figure
from tierwatch.dashboard.pages.overview.tier_charts import Scene, quality_and_cost, spend, tier_mix
from tierwatch.dashboard.time_range import TimeRange
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.pages.costs import Spent
from tierwatch.store.pages.over_time.events import Event, events
from tierwatch.store.pages.over_time.monitors import TierMonitor
from tierwatch.store.sums.judged import MisroutesOverTime
from tierwatch.store.sums.served import TierStep

_EVENT_TONES: Final[Mapping[str, Tone]] = {"alert": "bad", "model": "warn", "judge": "warn"}


@dataclass(frozen=True, slots=True)
class Totals:
    """A stretch of time in a few figures.

    Attributes:
        requests: served.
        costs: by what for.
        top_tier_usd: what the top tier alone would have cost.
        pairs: judged upwards, of requests of this time.
    """

    requests: int
    costs: Costs
    top_tier_usd: float
    pairs: int

    @property
    def saving(self) -> float | None:
        """By serving alone."""
        return self.costs.saving(self.top_tier_usd)

    @property
    def net_saving(self) -> float | None:
        """Once everything is paid for."""
        return self.costs.saving_net_of_evaluation(self.top_tier_usd)


@dataclass(frozen=True, slots=True)
class Cell:
    """A tier's misroute rate on one task type.

    ``state`` is where its interval lies, ``doubtful`` where only the estimate is above.
    """

    tier: str
    rate: Figure
    state: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A task type at every tier that has one above; a tier without pairs of it has no rate."""

    task_type: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class OverTime:
    """A stretch of time on the overview.

    Attributes:
        totals: of it.
        before: of the period of the same length before it; None where it is not asked for.
        rates: misroute rate by tier, with too few pairs as well.
        charts: of quality, cost and tiers, then a misroute chart for each tier.
        heat: by task type, those above their tolerance first.
        heat_tiers: the columns of ``heat``.
    """

    totals: Totals
    before: Totals | None
    rates: Mapping[str, Figure]
    charts: tuple[Chart, ...]
    heat: tuple[HeatRow, ...]
    heat_tiers: tuple[str, ...]


def over_time(
    connection: Connection,
    config: Config,
    asked: TimeRange,
    *,
    tolerances: Mapping[str, float | None],
    found: MisroutesOverTime,
    served: Sequence[TierStep],
    spent: Spent,
    monitors: Sequence[TierMonitor],
    before: Totals | None = None,
) -> OverTime:
    """Fill it.

    Args:
        connection: any.
        config: tiers, and how many pairs are enough.
        asked: the stretch.
        tolerances: by tier that has one above it, with the response cache where it is shown.
        found: misroutes in it, in `STEPS`.
        served: in the same steps.
        spent: on evaluation in it.
        monitors: of whole tiers.
        before: the period before; None where that is not asked for.
    """
    marks = event_marks(events(connection, asked.since, asked.until))
    needed = config.evaluation.min_pairs
    span = (asked.since.timestamp(), asked.until.timestamp())
    of_tiers = {one.tier: one for one in monitors}
    below = tuple(name for name, it in tolerances.items() if name in found.tiers or it is not None)
    scene = Scene(tuple(tier.name for tier in config.tiers), span, marks, needed)
    return OverTime(
        totals=totals_of(served, sum(sums.pairs for sums in found.tiers.values()), spent),
        before=before,
        rates={name: rate_figure(found.tiers.get(name), needed=needed) for name in below},
        charts=(
            quality_and_cost(found, served, scene),
            tier_mix(served, scene),
            spend(served, scene),
            *(
                rate_chart(
                    f"Misroute rate of {name}",
                    {step: sums for (tier, step), sums in found.steps.items() if tier == name},
                    span,
                    levels=_tolerated(tolerances[name]),
                    marks=marks,
                    needed=needed,
                    monitor=of_tiers.get(name),
                )
                for name in below
            ),
        ),
        heat=heat_map(found.cells, below, tolerances, needed),
        heat_tiers=below,
    )


def event_marks(found: Iterable[Event]) -> tuple[Mark, ...]:
    """Events on a chart, each with a link to what it is about."""
    return tuple(
        Mark(
            one.at.timestamp(),
            one.words,
            _EVENT_TONES.get(one.kind, "quiet"),
            _address(one),
        )
        for one in found
    )


def _address(event: Event) -> str:
    if event.kind == "alert":
        return url_for("alert.show", alert_id=int(event.subject))
    return url_for("policies.show" if event.kind in {"policy", "drain"} else "judge.show")


def _tolerated(tolerance: float | None) -> tuple[Level, ...]:
    return () if tolerance is None else (Level("tolerated", tolerance, "warn"),)


def totals_of(served: Sequence[TierStep], pairs: int, spent: Spent) -> Totals:
    """A stretch of time in a few figures."""
    classifier_usd = sum(step.classifier_usd for step in served)
    return Totals(
        requests=sum(step.requests for step in served),
        costs=Costs(
            serving_usd=sum(step.cost_usd for step in served) - classifier_usd,
            classifier_usd=classifier_usd,
            shadow_usd=spent.shadow_usd,
            judge_usd=spent.judge_usd,
            checks_usd=spent.checks_usd,
        ),
        top_tier_usd=sum(step.top_tier_usd for step in served),
        pairs=pairs,
    )


def heat_map(
    cells: Mapping[tuple[str, str], RateSums],
    tiers: Sequence[str],
    tolerances: Mapping[str, float | None],
    needed: int,
) -> tuple[HeatRow, ...]:
    """Rates by task type and tier; types above a tolerance first, then by how many pairs."""
    rows = []
    for task_type in {task_type for _, task_type in cells}:
        line = []
        for tier in tiers:
            rate = rate_figure(cells.get((tier, task_type)), needed=needed)
            line.append(Cell(tier, rate, _state(rate, tolerances.get(tier))))
        rows.append(HeatRow(task_type, tuple(line)))
    return tuple(sorted(rows, key=_worst_first))


def _state(rate: Figure, tolerance: float | None) -> str:
    state = rate.against(tolerance)
    doubtful = state == "undecided" and (rate.value or 0.0) > (tolerance or 0.0)
    return "doubtful" if doubtful else state


def _worst_first(row: HeatRow) -> tuple[int, int, str]:
    above = sum({"above": 100, "doubtful": 1}.get(cell.state, 0) for cell in row.cells)
    return -above, -sum(cell.rate.n for cell in row.cells), row.task_type
