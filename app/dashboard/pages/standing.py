"""How far the judge can be trusted, as its page shows it."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.figures import Figure, figure
from tierwatch.evaluation.calibration.judge_calibration import JudgeCalibration
from tierwatch.evaluation.calibration.weakness import Weakness
from tierwatch.loop.compare.calibrate import judge_health
from tierwatch.loop.compare.slips import PeopleSlips
from tierwatch.loop.compare.tier_rates import MisrouteRate, tier_rates
from tierwatch.store.certificates import newest_certificate
from tierwatch.store.labels.second_labels import all_labels
from tierwatch.store.pages.judge import RunLine, newest_runs

_KAPPA = "Kappa (0 is chance, 1 always the same)"


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One measure of the judge, by labels and by anchors; ``share`` is shown in per cent."""

    name: str
    share: bool
    labels: Figure
    anchors: Figure


@dataclass(frozen=True, slots=True)
class Certificate:
    """What `tierwatch simulate` measured last."""

    made_at: dt.datetime
    version: str
    quick: bool
    rows: tuple[Mapping[str, Any], ...]

    def count(self, verdict: str) -> int:
        """Bars with this verdict."""
        return sum(row["verdict"] == verdict for row in self.rows)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the judge that spoke last.

    Attributes:
        judge_version: of it; empty before the first verdict.
        lines: its measures.
        labelled: pairs with a label.
        pairs: pairs it judged.
        weak_for: by tier, why it could not certify the tier's tolerance.
        halve: by tier, how many more labels would halve the interval of its corrected rate; None if
            none would, while that rate is not shown, and once slips are in it: then second labels
            narrow it as well, and the plan knows nothing of them.
        too_few: tiers that have labels, and too few of them for a corrected rate.
        slips: what is known of people's slips, in a sentence; empty before the first label.
        runs: the newest runs of anchors and probes.
        certificate: the newest; None before the first.
    """

    judge_version: str
    lines: tuple[StandingLine, ...]
    labelled: int
    pairs: int
    weak_for: Mapping[str, Weakness]
    halve: Mapping[str, int | None]
    too_few: tuple[str, ...]
    slips: str
    runs: tuple[RunLine, ...]
    certificate: Certificate | None


def standing(connection: Connection, config: Config, judge: str) -> Standing:
    """Fill it, for the judge that spoke last; empty before the first verdict."""
    evaluation = config.evaluation
    labels = all_labels(connection, judge, verdicts=True)
    by_tier = tier_rates(connection, judge, labels=labels)
    health = judge_health(
        connection,
        judge,
        evaluation.tolerance,
        labels=labels,
        pairs=by_tier.pairs,
        delta=evaluation.retune.delta,
    )
    people = by_tier.people
    rates = {tier: by_tier.misroute(tier) for tier in evaluation.tolerance}
    return Standing(
        judge_version=judge,
        lines=tuple(_lines(health.labels, health.anchors)),
        labelled=health.labelled,
        pairs=health.pairs,
        weak_for=health.weak_for,
        halve={
            tier: by_tier.labels_to_halve(tier) if _more_labels_help(rate, people) else None
            for tier, rate in rates.items()
        },
        too_few=tuple(
            tier
            for tier, rate in rates.items()
            if rate.labels and rate.corrected is None and not people.leaning
        ),
        slips=people.sentence if people.reviewers else "",
        runs=tuple(newest_runs(connection)),
        certificate=_certificate(connection),
    )


def _lines(labels: JudgeCalibration, anchors: JudgeCalibration) -> Iterator[StandingLine]:
    for name, by_labels, by_anchors in (
        ("Recognises worse answers", labels.sensitivity, anchors.sensitivity),
        ("Clears the others", labels.specificity, anchors.specificity),
        ("Same verdict (better, tie, worse)", labels.agreement, anchors.agreement),
        (_KAPPA, labels.kappa, anchors.kappa),
        ("Same verdict in both orders", labels.position_consistency, anchors.position_consistency),
        (
            "Prefers the longer of two equal answers (50 % is no preference)",
            labels.length_preference,
            anchors.length_preference,
        ),
    ):
        yield StandingLine(name, name != _KAPPA, figure(by_labels), figure(by_anchors))


def _more_labels_help(rate: MisrouteRate, people: PeopleSlips) -> bool:
    return rate.corrected is not None and not people.measured


def _certificate(connection: Connection) -> Certificate | None:
    found = newest_certificate(connection)
    if found is None:
        return None
    return Certificate(found.created_at, found.version, found.quick, tuple(found.rows))
