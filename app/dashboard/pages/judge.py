"""The judge: what it did, and how far it can be trusted."""

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.pages.standing import Standing, standing
from tierwatch.dashboard.site import this_site
from tierwatch.loop.compare.first_judge import FirstJudgeStanding, configured_first_judge
from tierwatch.loop.compare.second_opinion import second_opinion
from tierwatch.loop.compare.unscored import TOLERATED
from tierwatch.loop.watch.judge.orders import INCONCLUSIVE_TOLERATED
from tierwatch.store.costs import spent_today
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.pages.judge import JudgeVersion, judge_versions
from tierwatch.store.pages.overview import failure_counts

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
def show() -> str:
    """What the judge did."""
    site = this_site()
    with site.engine.connect() as connection:
        page = judge_page(connection, site.config)
    return render(page)


def judge_page(connection: Connection, config: Config) -> JudgePage:
    """Fill the judge's page."""
    return JudgePage(
        standing=standing(connection, config),
        first=configured_first_judge(connection, config.evaluation.judge),
        versions=tuple(judge_versions(connection)),
        opinions=tuple(
            OpinionLine(one.what, one.known, one.said, figure(one.correlation))
            for one in second_opinion(connection, newest_judge_version(connection) or "")
        ),
        failures=failure_counts(connection),
        unscored_tolerated=TOLERATED,
        inconclusive_tolerated=INCONCLUSIVE_TOLERATED,
        min_pairs=config.evaluation.min_pairs,
        spent_today_usd=spent_today(connection),
        budget_usd_per_day=config.evaluation.budget_usd_per_day,
    )
