"""What judged pairs add up to: of all time, of a stretch of time, and in steps of it.

A stretch is rounded outwards to whole hours; where it begins before `HOURS_KEPT` ago and task types
are asked for, to whole days, UTC. A conversation that began before a stretch counts in it with all
its weight: the interval is then wider than that of the stretch's pairs alone, never narrower.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, RowMapping, text

from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT

HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
# Hours of single task types are kept as long as the minutes of traffic are; days as long as the
# outcomes of their month.
HOURS_KEPT: Final = dt.timedelta(days=35)
Span = Literal["hour", "day"]
_NOTHING: Final = RateSums()


@dataclass(frozen=True, slots=True)
class JudgedSums:
    """Judged pairs of a tier, or of one of its task types, added up.

    Attributes:
        misroutes: pairs upwards, lost where the served answer was worse.
        needed: pairs downwards, lost where the cheaper answer was worse or the judge's two orders
            contradict each other. Overspend is the rest (`weighted.rate_of_the_rest`).
        inconclusive: pairs either way, lost where the judge's two orders contradict each other.
        single_misroutes: as ``misroutes``, each pair for itself whatever its conversation.
    """

    misroutes: RateSums = _NOTHING
    needed: RateSums = _NOTHING
    inconclusive: RateSums = _NOTHING
    single_misroutes: RateSums = _NOTHING


class MisroutesOverTime(NamedTuple):
    """Misroutes of a stretch of time.

    Attributes:
        steps: by tier and number of the step, from 0; steps without a pair are absent.
        cells: by tier and task type.
        tiers: by tier, all of it.
    """

    steps: Mapping[tuple[str, int], RateSums]
    cells: Mapping[tuple[str, str], RateSums]
    tiers: Mapping[str, RateSums]


@dataclass(frozen=True, slots=True)
class AllJudged:
    """All pairs of a judge, of one moment.

    Attributes:
        by_tier: of each tier.
        by_type: of each tier's task types.
        direct: by tier, its answers compared with the top tier's directly; lost where that was
            better.
    """

    by_tier: Mapping[str, JudgedSums]
    by_type: Mapping[tuple[str, str], JudgedSums]
    direct: Mapping[str, RateSums]


def all_judged(connection: Connection, judge_version: str, top: str = "") -> AllJudged:
    """All pairs by tier, by tier and task type, and directly against the ``top`` tier."""
    asked = {"judge": judge_version, "top": top, "contradicting": SWAP_DISAGREEMENT}
    tiers, types = dict[str, JudgedSums](), dict[tuple[str, str], JudgedSums]()
    direct = dict[str, RateSums]()
    for kind, tier, task_type, numbers in connection.execute(_ALL, asked):
        if kind == "ever":
            found = _judged(dict(zip(_NAMES, numbers, strict=True)))
            if task_type == "*":
                tiers[tier] = found
            else:
                types[tier, task_type] = found
        else:
            pairs, weight, lost, squares = numbers
            direct[tier] = RateSums(int(pairs), weight=weight, lost=lost, squares=squares)
    return AllJudged(tiers, types, direct)


def misroutes_over_time(
    connection: Connection,
    judge_version: str,
    since: dt.datetime,
    until: dt.datetime,
    *,
    steps: int,
) -> MisroutesOverTime:
    """The misroutes of a stretch of time, of its steps, tiers and task types.

    Args:
        connection: any.
        judge_version: whose verdicts.
        since: rounded down to the hour; for task types to the day, where it is long ago.
        until: not included; rounded up to the hour.
        steps: equal ones of an hour or more; an hour belongs to the step in which it begins.
    """
    recent = since >= dt.datetime.now(dt.UTC) - HOURS_KEPT + DAY
    asked = _stretch(judge_version, since, until, "hour")
    of_types = _stretch(judge_version, since, until, "hour" if recent else "day")
    found = connection.execute(
        _OVER_TIME,
        asked
        | {
            "types_span": of_types["span"],
            "types_since": of_types["since"],
            "begin": since,
            "step_s": (until - since).total_seconds() / steps,
            "last": steps - 1,
        },
    )
    by_step: dict[tuple[str, int], RateSums] = {}
    cells: dict[tuple[str, str], RateSums] = {}
    tiers: dict[str, RateSums] = {}
    for row in found.mappings():
        sums = _misroutes(row)
        if not sums.pairs:
            continue
        if row["number"] is not None:
            by_step[row["tier"], row["number"]] = sums
        elif row["task_type"] is not None:
            cells[row["tier"], row["task_type"]] = sums
        else:
            tiers[row["tier"]] = sums
    return MisroutesOverTime(by_step, cells, tiers)


# What a conversation shares with its own earlier rows counts unless those are before the stretch.
_UP: Final = """
    sum(up_pairs)::bigint as up_pairs, sum(up_losses) as up_losses,
    sum(up_weight) as up_weight, sum(up_lost) as up_lost,
    sum(up_squares) + coalesce(sum(up_crossing) filter (where start > begin), 0) as up_squares
"""
_FROM_THE_FIRST: Final = """
    select *, cast(:since as timestamptz) as begin from outcome_sums
    where span = :span and judge_version = :judge and start >= :since and start < :until
"""
_OVER_TIME: Final = text(
    f"""
    with hours as ({_FROM_THE_FIRST} and task_type = '*'), numbered as (
        select hours.*, least(greatest(floor(
            extract(epoch from start - cast(:begin as timestamptz)) / :step_s), 0), :last)::int
            as number
        from hours
    ), stepped as (
        select tier, number, start, up_pairs, up_losses, up_weight, up_lost, up_squares,
               up_crossing, min(start) over (partition by tier, number) as begin
        from numbered
    ), typed as (
        select *, cast(:types_since as timestamptz) as begin from outcome_sums
        where span = :types_span and judge_version = :judge and task_type <> '*'
          and start >= :types_since and start < :until
    )
    select tier, null as task_type, number, {_UP} from stepped group by tier, number
    union all
    select tier, task_type, null, {_UP} from typed group by tier, task_type
    union all
    select tier, null, null, {_UP} from hours group by tier
    """  # noqa: S608 - ours
)


_WITH_EARLIER: Final = {
    "up_squares": "up_squares + up_crossing",
    "down_squares": "down_squares + down_crossing",
    "squares": "squares + crossing",
}
_NAMES: Final = (
    "up_pairs", "up_losses", "up_weight", "up_lost", "up_alone", "up_squares", "down_pairs",
    "down_needed", "down_weight", "down_lost", "down_squares", "inconclusive",
    "inconclusive_weight", "squares",
)  # fmt: skip
# Of all time every earlier row counts. A conversation of twins is one, as one of pairs is.
_ALL: Final = text(
    f"""
    select 'ever' as kind, tier, task_type,
           array[{", ".join(f"sum(({_WITH_EARLIER.get(name, name)})::float)" for name in _NAMES)}]
               as numbers
    from outcome_sums where span = 'day' and judge_version = :judge group by tier, task_type
    union all
    select 'direct', tier, null,
           array[sum(pairs)::float, sum(weight), sum(weight * loss), sum(weight * weight)]
    from (
        select e.tier, count(*) as pairs, sum(1 / d.pi) as weight,
               sum((v.preferred = 'alternative' and v.basis <> :contradicting)::int / d.pi)
                   / sum(1 / d.pi) as loss
        from direct_pairs d
        join exchanges e on e.id = d.twin_id
        join verdicts v on v.exchange_id = d.twin_id
        where d.tier = :top and v.judge_version = :judge and v.preferred is not null
        group by e.tier, e.session
    ) talks group by tier
    """  # noqa: S608 - ours
)


def _stretch(
    judge_version: str, since: dt.datetime, until: dt.datetime, span: Span
) -> dict[str, object]:
    since = since.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    if span == "day":
        since = since.replace(hour=0)
    return {"judge": judge_version, "span": span, "since": since, "until": until}


def _judged(row: Mapping[str, float]) -> JudgedSums:
    """The sums of one row of `_ALL`, by the names of `_NAMES`."""
    misroutes = _misroutes(row)
    up, down = misroutes.pairs, int(row["down_pairs"])
    return JudgedSums(
        misroutes=misroutes,
        single_misroutes=replace(misroutes, squares=row["up_alone"]),
        needed=RateSums(
            down,
            row["down_needed"],
            row["down_weight"],
            row["down_lost"],
            row["down_squares"],
        ),
        inconclusive=RateSums(
            up + down,
            row["inconclusive"],
            row["up_weight"] + row["down_weight"],
            row["inconclusive_weight"],
            row["squares"],
        ),
    )


def _misroutes(row: RowMapping | Mapping[str, float]) -> RateSums:
    return RateSums(
        int(row["up_pairs"]), row["up_losses"], row["up_weight"], row["up_lost"], row["up_squares"]
    )
