"""How often a tier's answers were worse than the next tier's, or better than they had to be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.correction import corrects_usefully
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.label_slips import supposed
from tierwatch.evaluation.rates.weighted import effective_n
from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.loop.compare.slips import people_slips
from tierwatch.store.direct_pairs import direct_losses
from tierwatch.store.labels.labels import has_labels, reviewed_outcomes


@dataclass(frozen=True, slots=True)
class MisrouteRate:
    """How often a tier's answers are materially worse than the next tier's.

    Attributes:
        judged: the judge's own rate over all pairs. It is what every place shows.
        corrected: the same corrected for the judge's errors by people's labels, to be shown beside
            ``judged`` and never in its place; None where `corrects_usefully` says no, or while
            reviewers lean (`PeopleSlips`). People's slips are taken off once they are measured.
        supposed: ``corrected`` if people slipped in 5 % of labels, while nobody knows; else None.
        labels: pairs of it that people labelled.
    """

    judged: Estimate
    corrected: Estimate | None
    labels: int
    supposed: Estimate | None = None


def misroute_rate(
    connection: Connection, tier: str, judge_version: str, *, level: float = 0.95
) -> MisrouteRate:
    """A tier's misroute rate, as every page, report and metric shows it."""
    judged = judge_rate(connection, tier, judge_version, direction="up", level=level)
    if not has_labels(connection, tier, judge_version=judge_version):
        return MisrouteRate(judged, None, 0)
    seen = reviewed_outcomes(connection, tier, judge_version=judge_version)
    labels = sum(not math.isnan(label) for label in seen.labels)
    people = people_slips(connection)
    if people.leaning:
        return MisrouteRate(judged, None, labels)
    corrected = estimate_rate(
        seen.judged, seen.weights, seen.strata, seen.labels, slips=people.counts, level=level
    )
    if not corrects_usefully(corrected, judged):
        return MisrouteRate(judged, None, labels)
    return MisrouteRate(judged, corrected, labels, None if people.measured else supposed(corrected))


def judge_rate(
    connection: Connection,
    tier: str,
    judge_version: str,
    *,
    direction: str,
    level: float = 0.95,
) -> Estimate:
    """The judge's rate, its interval good for being watched; a conversation counts as one.

    Overspend counts what the judge found as good or better among all judged pairs, the inconclusive
    ones included: contradicting orders show neither a misroute nor overspend.

    The interval is the time-uniform one of as many equally weighted conversations as these
    weighted ones are worth (`effective_n`).
    """
    counted: _Counted = "misroute" if direction == "up" else "needed"
    rate = _rate(connection, tier, judge_version, counted, level=level)
    if direction == "down" and rate.value is not None:  # the cheaper answer would have done
        return replace(rate, value=1 - rate.value, low=1 - rate.high, high=1 - rate.low)
    return rate


def inconclusive_rate(connection: Connection, tier: str, judge_version: str) -> Estimate:
    """How often the judge's two orders contradict each other on a tier's pairs, up and down.

    The denominator is all judged pairs; those that are settled without a judge never contradict.
    """
    return _rate(connection, tier, judge_version, "inconclusive", level=0.95)


def direct_rate(
    connection: Connection, tier: str, top: str, judge_version: str, *, level: float = 0.95
) -> Estimate:
    """How often a tier's answers were worse than the top tier's, by the judge's direct comparisons.

    Of what is sampled from two or more tiers below the top a share is compared so. The interval is
    that of `judge_rate`.
    """
    found = direct_losses(connection, tier, top, judge_version)
    return _of_conversations([(one.loss, one.weight, one.pairs) for one in found], level)


# ``needed``: the dearer answer was, or nothing was said; what is left of pairs down is overspend.
_Counted = Literal["misroute", "needed", "inconclusive"]
_SUMS = """
with counted as (
    select session, pi, case :counted
               when 'misroute' then loss
               when 'needed' then case when basis = :contradicting then 1 else loss end
               else (basis = :contradicting)::int end as x
    from outcomes
    where tier = :tier and judge_version = :judge
      and (direction = case :counted when 'misroute' then 'up' when 'needed' then 'down'
                       else direction end)
)
select sum(x / pi) / sum(1 / pi) as loss, sum(1 / pi) as weight, count(*) as pairs
from counted group by session
"""


def _rate(
    connection: Connection, tier: str, judge_version: str, counted: _Counted, *, level: float
) -> Estimate:
    rows = connection.execute(
        text(_SUMS),
        {
            "tier": tier,
            "judge": judge_version,
            "counted": counted,
            "contradicting": SWAP_DISAGREEMENT,
        },
    ).all()
    return _of_conversations([(row.loss, row.weight, row.pairs) for row in rows], level)


def _of_conversations(rows: Sequence[tuple[float, float, int]], level: float) -> Estimate:
    """A rate from each conversation's loss, weight and pairs."""
    if not rows:
        return unknown()
    weights = [weight for _, weight, _ in rows]
    bad = sum(weight * loss for loss, weight, _ in rows) / sum(weights)
    n = effective_n(weights)
    low, high = always_valid_interval(min(n, bad * n), n, level)
    value = min(1.0, bad)
    method = f"judge rate, {n:.0f} effective conversations, interval may be watched"
    return Estimate(value, low, high, sum(pairs for _, _, pairs in rows), method)


_BEATEN = text(
    """
select sum((v.preferred = 'alternative')::int / o.pi) / sum(1 / o.pi) as loss,
       sum(1 / o.pi) as weight, count(*) as pairs
from outcomes o join verdicts v using (exchange_id, judge_version)
where o.tier = :tier and o.judge_version = :judge and o.direction = 'down'
group by o.session
"""
)


def beaten_from_below(connection: Connection, tier: str, judge_version: str) -> Estimate:
    """How often a tier's answers are materially worse than those of the tier below.

    What can be watched of the top tier, which nobody is above. Otherwise as `judge_rate`.
    """
    rows = connection.execute(_BEATEN, {"tier": tier, "judge": judge_version}).all()
    return _of_conversations([(row.loss, row.weight, row.pairs) for row in rows], 0.95)
