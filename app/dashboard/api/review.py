"""Review: how far people agree with each other and with the judge, and where labels help."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tierwatch.dashboard.api.route import Route
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.label_slips import ENOUGH_TWICE
from tierwatch.loop.compare.calibrate import by_labels
from tierwatch.loop.compare.slips import ReviewerLine
from tierwatch.loop.compare.tier_rates import TierNeed, tier_needs, tier_rates
from tierwatch.store.judgements.outcomes import newest_judge_version
from tierwatch.store.labels.labels import label_counts


@dataclass(frozen=True, slots=True)
class Review:
    """What the review page says of labels; each figure as there."""

    sentence: str
    measured: bool
    labelled: int
    judged: int
    drawn: int
    twice: int
    needed: int
    disagreed: int
    slips: Estimate
    same_word: Estimate
    kappa: Estimate
    with_judge: Estimate
    reviewers: list[ReviewerLine]
    queue: list[TierNeed]


def _review(connection: Connection) -> Review:
    judge = newest_judge_version(connection) or ""
    rates = tier_rates(connection, judge)
    people = rates.people
    labelled, judged = label_counts(connection, judge)
    return Review(
        sentence=people.sentence,
        measured=people.measured,
        labelled=labelled,
        judged=judged,
        drawn=people.drawn,
        twice=people.counts.twice,
        needed=ENOUGH_TWICE,
        disagreed=people.counts.disagreed,
        slips=people.counts.rate(),
        same_word=people.same_word,
        kappa=people.kappa,
        with_judge=by_labels(connection, judge).agreement,
        reviewers=list(people.reviewers),
        queue=tier_needs(rates),
    )


ROUTES = (
    Route(
        "GET",
        "/review",
        "How far people agree, how often they slip, and where labels help.",
        Review,
        _review,
    ),
)
