"""How often a tier's answers were worse than the next tier's, or better than they had to be."""

from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import effective_n
from tierwatch.store.judgements.labels import has_labels, reviewed_outcomes


def misroute_rate(
    connection: Connection, tier: str, judge_version: str, *, level: float = 0.95
) -> Estimate:
    """How often a tier's answers are materially worse than the next tier's.

    With people's labels on some of the pairs, the judge's errors are corrected (double sampling).
    Without, it is the judge's own rate and called so.
    """
    if has_labels(connection, tier, judge_version=judge_version):
        seen = reviewed_outcomes(connection, tier, judge_version=judge_version)
        return estimate_rate(seen.judged, seen.weights, seen.strata, seen.labels, level=level)
    return judge_rate(connection, tier, judge_version, direction="up", level=level)


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
