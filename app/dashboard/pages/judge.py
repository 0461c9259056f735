"""The judge: what it did, and how far it can be trusted."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.charts.chart import TONES, Chart, Mark, Series, Tone
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import AROUND, put_around, render, surroundings_of
from tierwatch.dashboard.pages.calibration_charts import (
    agreement_chart,
    anchors_chart,
    period_of,
)
from tierwatch.dashboard.pages.standing import Standing, standing
from tierwatch.dashboard.site import this_moment, this_site
from tierwatch.dashboard.time_range import TimeRange, asked_range
from tierwatch.evaluation.rates.binomial import wilson_interval
from tierwatch.loop.compare.first_judge import FirstJudgeStanding, configured_first_judge
from tierwatch.loop.compare.second_opinion import second_opinion
from tierwatch.loop.compare.unscored import TOLERATED
from tierwatch.loop.watch.judge.orders import INCONCLUSIVE_TOLERATED
from tierwatch.store.costs import TODAY
from tierwatch.store.judgements.outcomes import JUDGE_VERSION
from tierwatch.store.pages.judge import JudgeVersion, judge_versions
from tierwatch.store.pages.over_time.agreement import agreement_steps
from tierwatch.store.pages.over_time.checks import CheckRun, check_runs
from tierwatch.store.pages.overview import MOST_FAILURES
from tierwatch.store.reading.one_row import Parts, read_parts
from tierwatch.store.sums.hour_details import FAILURES
from tierwatch.store.sums.hours import NEVER, REQUESTS
from tierwatch.store.traffic.outside_counts import COUNTED

USUAL: Final = "-30d"

routes = Blueprint("judge", __name__)


@dataclass(frozen=True, slots=True)
class OpinionLine:
    """A signal of users beside the judge's verdicts, as `second_opinion` has it."""

    what: str
    known: int
    said: int
    correlation: Figure


@dataclass(frozen=True, slots=True)
class JudgePage:
    """What the judge did, version by version, how far it can be trusted, what never reached it."""

    template: ClassVar[str] = "judge.html"

    range: TimeRange
    checks: tuple[Chart, ...]
    standing: Standing
    first: FirstJudgeStanding | None
    versions: tuple[JudgeVersion, ...]
    opinions: tuple[OpinionLine, ...]
    failures: dict[str, int]
    unscored_tolerated: float
    inconclusive_tolerated: float
    min_pairs: int
    spent_today_usd: float
    budget_usd_per_day: float | None


@routes.get("/judge")
def show() -> ResponseReturnValue:
    """What the judge did."""
    site = this_site()
    asked = asked_range(this_moment(), usual=USUAL)
    with site.engine.connect() as connection:
        read = read_small(connection)
        put_around(surroundings_of(read))
        page = judge_page(connection, site.config, asked, read=read)
    return render(page), 400 if asked.problem else 200


def read_small(connection: Connection) -> Parts:
    """What is one row each, and what stands around the page."""
    return read_parts(
        connection,
        *(*AROUND, JUDGE_VERSION, REQUESTS, COUNTED, TODAY, FAILURES),
        never=NEVER,
        most=MOST_FAILURES,
    )


def judge_page(
    connection: Connection, config: Config, asked: TimeRange, *, read: Parts | None = None
) -> JudgePage:
    """Fill the judge's page; its charts are of the time asked for, the rest is of all time."""
    read = read_small(connection) if read is None else read
    runs = check_runs(connection, asked.since, asked.until)
    asked = asked.seen_from(runs[0].at if runs else None)
    labelled = agreement_steps(connection, asked.since, asked.until, period=period_of(asked))
    shown = standing(connection, config, read[JUDGE_VERSION])
    return JudgePage(
        range=asked,
        checks=(
            check_chart(runs, "anchors", "Anchors judged rightly", asked),
            check_chart(runs, "probes", "Probes passed, by tier", asked),
            anchors_chart(runs, asked),
            agreement_chart(labelled, asked, needed=config.evaluation.min_pairs),
        ),
        standing=shown,
        first=configured_first_judge(connection, config.evaluation.judge),
        versions=tuple(judge_versions(connection)),
        opinions=tuple(
            OpinionLine(one.what, one.known, one.said, figure(one.correlation))
            for one in second_opinion(
                connection, shown.judge_version, read[REQUESTS], read[COUNTED]
            )
        ),
        failures=read[FAILURES],
        unscored_tolerated=TOLERATED,
        inconclusive_tolerated=INCONCLUSIVE_TOLERATED,
        min_pairs=config.evaluation.min_pairs,
        spent_today_usd=read[TODAY].total_usd,
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
    )


def check_chart(runs: Sequence[CheckRun], kind: str, title: str, asked: TimeRange) -> Chart:
    """How many items of each run were right, by judge or tier; a change of model is an event.

    The intervals are Wilson's, of one run alone; with several subjects they would hide each other.
    """
    shown = [one for one in runs if one.kind == kind]
    subjects = list(dict.fromkeys(one.subject for one in shown))
    moments = sorted({one.at for one in shown})
    return Chart(
        title=title,
        says="A point is a run; the band is its 95 % interval."
        if len(subjects) == 1
        else "A point is a run.",
        x=tuple(at.timestamp() for at in moments),
        series=tuple(
            _check_series(
                moments,
                {one.at: one for one in shown if one.subject == subject},
                TONES[place % len(TONES)],
                banded=len(subjects) == 1,
            )
            for place, subject in enumerate(subjects)
        ),
        marks=tuple(_changes(shown)),
        span=(asked.since.timestamp(), asked.until.timestamp()),
        missing="No run ended in this time.",
    )


def _check_series(
    moments: Sequence[dt.datetime],
    runs: Mapping[dt.datetime, CheckRun],
    tone: Tone,
    *,
    banded: bool,
) -> Series:
    own = [runs.get(at) for at in moments]
    ends = [None if one is None else wilson_interval(one.good, one.items) for one in own]
    return Series(
        next(iter(runs.values())).subject,
        tuple(None if one is None else one.good / one.items for one in own),
        low=tuple(None if one is None else one[0] for one in ends) if banded else (),
        high=tuple(None if one is None else one[1] for one in ends) if banded else (),
        notes=tuple("" if one is None else f"{one.good:,} of {one.items:,}" for one in own),
        tone=tone,
    )


def _changes(runs: Sequence[CheckRun]) -> Iterator[Mark]:
    models: dict[str, str] = {}
    for one in runs:
        before = models.get(one.subject)
        if before is not None and before != one.model:
            yield Mark(one.at.timestamp(), f"{one.subject} is {one.model} now", "warn")
        models[one.subject] = one.model
