"""The ceiling beside the saving: whether the top tier is as good as it was, month by month.

Routing is tuned against the top tier, and whoever watches the bill stops watching that tier: every
rate of ours may be good while what all of them are held against falls, or stands still for a year.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.evaluation.ceiling.trend import (
    LEAST,
    Direction,
    Passed,
    Trend,
    probe_trend,
)
from tierwatch.evaluation.rates.binomial import wilson_interval
from tierwatch.evaluation.rates.costs import Costs
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import rate_of_sums
from tierwatch.store.pages.ceiling.months import (
    LabelMonth,
    SpentMonth,
    label_months,
    probe_months,
    spent_months,
)
from tierwatch.store.sums.prompt_versions import VersionSums, version_sums

# A year, and the month that it is compared with.
MONTHS: Final = 13
_WORDS: Final[Mapping[Direction, str]] = {
    "down": "has fallen",
    "flat": "is flat",
    "up": "has risen",
    "unknown": "is not known",
}


@dataclass(frozen=True, slots=True)
class CeilingMonth:
    """A month of the top tier beside what routing saved in it.

    Attributes:
        month: its first day, UTC.
        requests: that all tiers served.
        net_saving: share of what the top tier alone would have cost, everything paid for.
        probes: share passed, over the probe set that is newest in the month.
        probe_set: its version; "" without answers.
        models: of the top tier that answered its probes.
        labels: share of people's labels that find the top tier's answer no worse than the other.
        changed: what makes the month another measurement than the one before; "" for nothing.
    """

    month: dt.date
    requests: int
    net_saving: float | None
    probes: Estimate
    probe_set: str
    models: tuple[str, ...]
    labels: Estimate
    changed: str


@dataclass(frozen=True, slots=True)
class VersionRate:
    """Misroutes of a tier among requests of one version of the prompt, in a month."""

    month: dt.date
    tier: str
    prompt_version: str
    rate: Estimate


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the top tier is as good as it was.

    Attributes:
        tier: the top one.
        direction: what the probes say.
        since: first day of the month that is compared with; None where nothing is known.
        words: the same as a sentence without its full stop.
        probes: where the share of passed probes went.
    """

    tier: str
    direction: Direction
    since: dt.date | None
    words: str
    probes: Trend


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The ceiling beside the saving.

    Attributes:
        standing: of the top tier.
        months: oldest first; those without anything are left out.
        versions: rates by version of the prompt, the newest month first.
        needed: answers that a month's share needs to be shown.
    """

    standing: Standing
    months: tuple[CeilingMonth, ...]
    versions: tuple[VersionRate, ...]
    needed: int


def ceiling(connection: Connection, tier: str, judge_version: str, today: dt.date) -> Ceiling:
    """The last year of a tier.

    Args:
        connection: any.
        tier: the top one.
        judge_version: whose verdicts give the rates by version of the prompt.
        today: by UTC.
    """
    since = first_month(today)
    probes = probe_months(connection, tier, since)
    return Ceiling(
        standing=standing_of(tier, probes, today),
        months=months_of(
            spent_months(connection, since), probes, label_months(connection, tier, since)
        ),
        versions=tuple(map(_version_rate, version_sums(connection, judge_version, since))),
        needed=LEAST,
    )


def first_month(today: dt.date) -> dt.date:
    """The first day of the oldest month that is looked at.

    >>> first_month(dt.date(2026, 11, 30))
    datetime.date(2025, 11, 1)
    """
    months = today.year * 12 + today.month - MONTHS
    return dt.date(months // 12, months % 12 + 1, 1)


def standing_of(tier: str, probes: Iterable[Passed], today: dt.date) -> Standing:
    """What the probes say, in a direction and in words."""
    trend = probe_trend(probes, today=today)
    words = f"The quality of {tier} itself {_WORDS[trend.direction]}"
    since = None if trend.direction == "unknown" else trend.since
    if since is not None:
        words += f" since {since:%B %Y}"
    return Standing(tier, trend.direction, since, words, trend)


def months_of(
    spent: Iterable[SpentMonth], probes: Iterable[Passed], labels: Iterable[LabelMonth]
) -> tuple[CeilingMonth, ...]:
    """Every month of which something is known, oldest first."""
    bills = {one.month: one for one in spent}
    said = {one.month: one for one in labels}
    passed: dict[dt.date, list[Passed]] = {}
    for one in probes:
        passed.setdefault(one.month, []).append(one)
    found: list[CeilingMonth] = []
    for month in sorted({*bills, *said, *passed}):
        before = next((one for one in reversed(found) if one.probe_set), None)
        bill, asked = bills.get(month), passed.get(month, [])
        found.append(_month(month, bill, asked, said.get(month), before))
    return tuple(found)


def _month(
    month: dt.date,
    bill: SpentMonth | None,
    probes: list[Passed],
    said: LabelMonth | None,
    before: CeilingMonth | None,
) -> CeilingMonth:
    probe_set = max(probes, key=lambda one: one.n).version if probes else ""
    asked = [one for one in probes if one.version == probe_set]
    models = tuple(sorted({one.model for one in asked}))
    return CeilingMonth(
        month=month,
        requests=0 if bill is None else bill.requests,
        net_saving=None if bill is None else _net_saving(bill),
        probes=share_of(sum(one.good for one in asked), sum(one.n for one in asked)),
        probe_set=probe_set,
        models=models,
        labels=unknown("no labels")
        if said is None
        else share_of(said.better + said.tie, said.better + said.tie + said.worse),
        changed=_changed(before, probe_set, models),
    )


def share_of(good: int, n: int) -> Estimate:
    """A share of independent answers with Wilson's interval.

    >>> share_of(9, 10).value, share_of(0, 0).value
    (0.9, None)
    """
    if n == 0:
        return unknown("no answers")
    low, high = wilson_interval(good, n)
    return Estimate(good / n, low, high, n, "share of answers, Wilson's interval")


def _net_saving(bill: SpentMonth) -> float | None:
    costs = Costs(
        serving_usd=bill.serving_usd,
        classifier_usd=bill.classifier_usd,
        shadow_usd=bill.shadow_usd,
        judge_usd=bill.judge_usd,
        checks_usd=bill.checks_usd,
    )
    return costs.saving_net_of_evaluation(bill.top_tier_usd)


def _changed(before: CeilingMonth | None, probe_set: str, models: tuple[str, ...]) -> str:
    if before is None or not probe_set:
        return ""
    changes = []
    if before.probe_set != probe_set:
        changes.append("other probes: not to be compared with the months before")
    if before.models[-1:] != models[-1:] or len(models) > 1:
        changes.append(f"model {' and '.join(models)}")
    return "; ".join(changes)


def _version_rate(one: VersionSums) -> VersionRate:
    return VersionRate(one.month, one.tier, one.prompt_version, rate_of_sums(one.sums))
