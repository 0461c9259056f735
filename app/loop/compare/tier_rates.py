"""How often a tier's answers were worse than the next tier's, or better than they had to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.correction import corrects_usefully, useful_width
from tierwatch.evaluation.rates.double_sampling import LabelledPair, estimate_of_sums
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.label_plan import Narrowing, labels_to_halve_sums, narrowing
from tierwatch.evaluation.rates.label_slips import supposed
from tierwatch.evaluation.rates.weighted import RateSums, rate_of_sums, rate_of_the_rest
from tierwatch.loop.compare.slips import PeopleSlips, slips_of_labels
from tierwatch.store.labels.second_labels import AllLabels, all_labels
from tierwatch.store.sums.judged import JudgedSums, all_judged


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


@dataclass(frozen=True, slots=True)
class TierRates:
    """The rates of every tier, of what one judge said.

    Attributes:
        judged: by tier, its pairs added up.
        by_type: the same by tier and task type.
        direct: by tier, its pairs compared with the top tier's answers directly.
        labelled: by tier, the pairs that people labelled.
        people: how far labels may be believed.
    """

    judged: Mapping[str, JudgedSums]
    by_type: Mapping[tuple[str, str], JudgedSums]
    direct: Mapping[str, RateSums]
    labelled: Mapping[str, Sequence[LabelledPair]]
    people: PeopleSlips

    def misroute(self, tier: str, *, level: float = 0.95) -> MisrouteRate:
        """A tier's misroute rate, as every page, report and metric shows it."""
        judged = rate_of_sums(self._of(tier).misroutes, level=level)
        labelled = self.labelled.get(tier, ())
        if not labelled or self.people.leaning:
            return MisrouteRate(judged, None, len(labelled))
        strata = self._strata(tier)
        slips = self.people.counts
        corrected = estimate_of_sums(strata, labelled, slips=slips, level=level)
        if not corrects_usefully(corrected, judged):
            return MisrouteRate(judged, None, len(labelled))
        told = None if self.people.measured else supposed(corrected)
        return MisrouteRate(judged, corrected, len(labelled), told)

    def labels_to_halve(self, tier: str) -> int | None:
        """How many more labels would halve the interval of a tier's corrected rate.

        None if none would; only where the tier has labels.
        """
        return labels_to_halve_sums(self._strata(tier), self.labelled.get(tier, ()))

    def narrowing(self, tier: str) -> Narrowing | None:
        """What further labels do to the interval of a tier's corrected rate.

        The width that is wanted first is the one from which the rate is shown. None where the tier
        has no pair without a label.
        """
        useful = useful_width(rate_of_sums(self._of(tier).misroutes))
        return narrowing(self._strata(tier), self.labelled.get(tier, ()), useful=useful)

    def direct_rate(self, tier: str, *, level: float = 0.95) -> Estimate:
        """How often a tier's answers were worse than the top tier's, by direct comparisons.

        Of what is sampled from two or more tiers below the top a share is compared so.
        """
        return rate_of_sums(self.direct.get(tier, RateSums()), level=level)

    def overspend(self, tier: str) -> Estimate:
        """How often the next tier down would have done, among all judged pairs downwards.

        The inconclusive ones are among these: contradicting orders show neither a misroute nor
        overspend.
        """
        return rate_of_the_rest(self._of(tier).needed)

    def inconclusive(self, tier: str) -> Estimate:
        """How often the judge's two orders contradict each other on a tier's pairs, up and down.

        The denominator is all judged pairs; those that are settled without a judge never
        contradict.
        """
        return rate_of_sums(self._of(tier).inconclusive)

    @property
    def pairs(self) -> int:
        """That the judge has judged, of all tiers."""
        return sum(sums.inconclusive.pairs for sums in self.judged.values())

    def _strata(self, tier: str) -> dict[str, RateSums]:
        return {
            task: sums.single_misroutes
            for (name, task), sums in self.by_type.items()
            if name == tier and sums.single_misroutes.pairs
        }

    def _of(self, tier: str) -> JudgedSums:
        return self.judged.get(tier, JudgedSums())


@dataclass(frozen=True, slots=True)
class TierNeed:
    """What labels do to the corrected misroute rate of a tier, by `label_plan.narrowing`.

    Shares, not percent.

    Attributes:
        labels: of its pairs upwards, so far.
        width: of its 95 % interval now, about; at most 1.
        narrows: by how much one more label makes it narrower, about.
        goal: the width to come to next: the one from which the rate is shown, then half of what
            it is.
        more: labels that it takes from now on, about; None where only more pairs would do.
    """

    tier: str
    labels: int
    width: float
    narrows: float
    goal: float
    more: int | None


def tier_needs(rates: TierRates) -> list[TierNeed]:
    """Tiers that have pairs without a label, the one that a label narrows most first.

    In this order the label page takes tiers (decision 0095). Within a tier it draws at random, so
    a tier's labels stay a plain sample of its pairs whatever the order.
    """
    found = ((tier, rates.narrowing(tier)) for tier in rates.judged)
    needs = [
        TierNeed(tier, len(rates.labelled.get(tier, ())), *narrowed)
        for tier, narrowed in found
        if narrowed is not None
    ]
    return sorted(needs, key=lambda need: (-need.narrows, need.tier))


def tier_rates(
    connection: Connection,
    judge_version: str,
    top: str = "",
    *,
    labels: AllLabels | None = None,
) -> TierRates:
    """The rates of every tier by a judge's verdicts, good for being watched.

    A conversation counts as one. Intervals are the time-uniform ones of as many equally weighted
    conversations as these weighted ones are worth (`evaluation.rates.weighted.rate_of_sums`). Read
    from sums (`store.sums`), however many pairs there are.

    Args:
        connection: any.
        judge_version: whose verdicts.
        top: the tier that answers are compared with directly; empty where that is not asked.
        labels: those beside this judge, for whoever has read them.
    """
    labels = all_labels(connection, judge_version) if labels is None else labels
    judged = all_judged(connection, judge_version, top)
    return TierRates(
        judged=judged.by_tier,
        by_type=judged.by_type,
        direct=judged.direct,
        labelled=labels.beside,
        people=slips_of_labels(labels),
    )


def _of_conversations(rows: Sequence[tuple[float, float, int]], level: float) -> Estimate:
    """A rate from each conversation's loss, weight and pairs."""
    return rate_of_sums(
        RateSums(
            pairs=sum(pairs for _, _, pairs in rows),
            weight=sum(weight for _, weight, _ in rows),
            lost=sum(weight * loss for loss, weight, _ in rows),
            squares=sum(weight**2 for _, weight, _ in rows),
        ),
        level=level,
    )


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

    What can be watched of the top tier, which nobody is above. Otherwise as `tier_rates`.
    """
    rows = connection.execute(_BEATEN, {"tier": tier, "judge": judge_version}).all()
    return _of_conversations([(row.loss, row.weight, row.pairs) for row in rows], 0.95)
