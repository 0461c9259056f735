"""The pairs that a person should check, and the way to label one."""

import uuid
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint
from sqlalchemy import Connection

from tierwatch.dashboard.arguments import before_id
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.dashboard.frame import render
from tierwatch.dashboard.site import this_site
from tierwatch.evaluation.rates.label_slips import ENOUGH_TWICE
from tierwatch.loop.compare.calibrate import by_labels
from tierwatch.loop.compare.slips import PeopleSlips
from tierwatch.loop.compare.tier_rates import TierNeed, tier_needs, tier_rates
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.labels.labels import label_counts
from tierwatch.store.pages.lists import PAGE
from tierwatch.store.pages.pair_filter import PairFilter
from tierwatch.store.pages.pairs import PairLine, pairs

routes = Blueprint("review", __name__)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree with each other and with the judge that spoke last.

    Attributes:
        labelled: its pairs that have a label.
        judged: its pairs.
        people: slips and second labels, over all tiers and judges.
        needed: second labels that it takes to measure slips.
        slips: their rate.
        same_word: how often two people say the same of three words.
        kappa: the same beyond chance.
        with_judge: how often the judge and the first label say the same of three words.
    """

    labelled: int
    judged: int
    people: PeopleSlips
    needed: int
    slips: Figure
    same_word: Figure
    kappa: Figure
    with_judge: Figure


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """How far people agree, where labels help, and what the judge left open.

    Attributes:
        needs: tiers with pairs that nobody labelled, the one that a label narrows most first.
        pairs: those that are unscored, or were decided by the order of the answers; newest first.
    """

    template: ClassVar[str] = "review.html"

    agreement: Agreement
    needs: tuple[TierNeed, ...]
    pairs: tuple[PairLine, ...]
    before: uuid.UUID | None


@routes.get("/review")
def show() -> str:
    """Pairs to check, newest first."""
    with this_site().engine.connect() as connection:
        page = review_page(connection, before_id())
    return render(page)


def review_page(connection: Connection, before: uuid.UUID | None) -> ReviewPage:
    """Fill a page of pairs to check."""
    found = tuple(pairs(connection, PairFilter(for_review=True), before=before))
    judge = newest_judge_version(connection) or ""
    rates = tier_rates(connection, judge)
    return ReviewPage(
        agreement=_agreement(connection, judge, rates.people),
        needs=tuple(tier_needs(rates)),
        pairs=found,
        before=found[-1].id if len(found) == PAGE else None,
    )


def _agreement(connection: Connection, judge: str, people: PeopleSlips) -> Agreement:
    labelled, judged = label_counts(connection, judge)
    return Agreement(
        labelled=labelled,
        judged=judged,
        people=people,
        needed=ENOUGH_TWICE,
        slips=figure(people.counts.rate()),
        same_word=figure(people.same_word),
        kappa=figure(people.kappa),
        with_judge=figure(by_labels(connection, judge).agreement),
    )
