"""How often a tier's answers were worse than the next tier's, or better than they had to be."""

import math
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.correction import corrects_usefully
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import effective_n
from tierwatch.store.judgements.labels import has_labels, reviewed_outcomes


@dataclass(frozen=True, slots=True)
class MisrouteRate:
    """How often a tier's answers are materially worse than the next tier's.

    Attributes:
        judged: the judge's own rate over all pairs. It is what every place shows.
        corrected: the same corrected for the judge's errors by people's labels, to be shown beside
            ``judged`` and never in its place; None where `corrects_usefully` says no.
        labels: pairs of it that people labelled.
    """

    judged: Estimate
    corrected: Estimate | None
    labels: int


def misroute_rate(
    connection: Connection, tier: str, judge_version: str, *, level: float = 0.95
) -> MisrouteRate:
    """A tier's misroute rate, as every page, report and metric shows it."""
    judged = judge_rate(connection, tier, judge_version, direction="up", level=level)
    if not has_labels(connection, tier, judge_version=judge_version):
        return MisrouteRate(judged, None, 0)
    seen = reviewed_outcomes(connection, tier, judge_version=judge_version)
    corrected = estimate_rate(seen.judged, seen.weights, seen.strata, seen.labels, level=level)
    labels = sum(not math.isnan(label) for label in seen.labels)
    useful = corrects_usefully(corrected, judged)
    return MisrouteRate(judged, corrected if useful else None, labels)


def judge_rate(
    connection: Connection,
    tier: str,
    judge_version: str,
    *,
    direction: str,
    level: float = 0.95,
) -> Estimate:
    """The judge's rate, its interval good for being watched; a conversation counts as one.

    The interval is the time-uniform one of as many equally weighted conversations as these
    weighted ones are worth (`effective_n`).
    """
    rows = connection.execute(
        text(
            "select sum(loss / pi) / sum(1 / pi) as loss, sum(1 / pi) as weight, count(*) as pairs"
            " from outcomes where tier = :tier and direction = :direction"
            " and judge_version = :judge group by session"
        ),
        {"tier": tier, "direction": direction, "judge": judge_version},
    ).all()
    if not rows:
        return unknown()
    weights = [row.weight for row in rows]
    bad = sum(w * row.loss for w, row in zip(weights, rows, strict=True)) / sum(weights)
    n = effective_n(weights)
    low, high = always_valid_interval(min(n, bad * n), n, level)
    value = min(1.0, bad)
    if direction == "down":  # overspend: the cheaper answer would have done
        value, low, high = 1 - value, 1 - high, 1 - low
    method = f"judge rate, {n:.0f} effective conversations, interval may be watched"
    return Estimate(value, low, high, sum(row.pairs for row in rows), method)
