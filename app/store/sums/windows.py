"""What was judged and served in many stretches of time at once, in one statement each.

A stretch is cut to the whole hours inside it, by which everything is added up; one without a whole
hour has nothing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from tierwatch.evaluation.rates.weighted import RateSums
from tierwatch.store.sums.hours import HOURS, NEVER
from tierwatch.store.sums.judged import HOUR


class Stretch(NamedTuple):
    """From one moment up to another."""

    since: dt.datetime
    until: dt.datetime

    @property
    def whole_hours(self) -> "Stretch":
        """The hours that lie in it whole; it ends where it begins, or before, where there is none.

        >>> at = dt.datetime(2026, 11, 30, 9, 30, tzinfo=dt.UTC)
        >>> [f"{one:%H:%M}" for one in Stretch(at, at + 3 * HOUR).whole_hours]
        ['10:00', '12:00']
        """
        until = self.until.replace(minute=0, second=0, microsecond=0)
        since = self.since.replace(minute=0, second=0, microsecond=0)
        return Stretch(since if since == self.since else since + HOUR, until)

    @property
    def empty(self) -> bool:
        """Whether nothing lies in it."""
        return self.since >= self.until


@dataclass(frozen=True, slots=True)
class Served:
    """All traffic of a stretch of time.

    Attributes:
        requests: served.
        cost_usd: of serving, classifiers apart.
        top_tier_usd: what the top tier's price for the same tokens would be.
    """

    requests: int = 0
    cost_usd: float = 0.0
    top_tier_usd: float = 0.0

    @property
    def saving(self) -> float | None:
        """The share of the top tier's price that was not paid; None of no traffic."""
        return 1 - self.cost_usd / self.top_tier_usd if self.top_tier_usd > 0 else None


# A conversation's products with its own earlier hours count unless those are before the stretch
# (`store.sums.judged`). Hours are read once, however many stretches they lie in.
_JUDGED: Final = text(
    """
    with asked as (
        select * from unnest(cast(:places as int[]), cast(:tiers as text[]),
                             cast(:sinces as timestamptz[]), cast(:untils as timestamptz[]))
            as asked(place, tier, since, until)
    ), hours as materialized (
        select tier, start, up_pairs, up_losses, up_weight, up_lost, up_squares, up_crossing
        from outcome_sums
        where span = 'hour' and start >= :first and start < :last and task_type = '*'
          and judge_version = :judge and up_pairs > 0
    )
    select a.place, sum(up_pairs)::bigint, sum(up_losses), sum(up_weight), sum(up_lost),
           sum(up_squares) + coalesce(sum(up_crossing) filter (where h.start > a.since), 0)
    from asked a join hours h on h.tier = a.tier and h.start >= a.since and h.start < a.until
    group by a.place
    """
)
_SERVED: Final = text(
    f"""
    {HOURS}, served as materialized (
        select hour, sum(requests) as requests, sum(cost_usd) as cost, sum(cost_top_tier_usd) as top
        from hours where hour >= :first and hour < :last and requests > 0 group by hour
    ), asked as (
        select * from unnest(cast(:places as int[]), cast(:sinces as timestamptz[]),
                             cast(:untils as timestamptz[])) as asked(place, since, until)
    )
    select a.place, sum(s.requests)::bigint, sum(s.cost), sum(s.top)
    from asked a join served s on s.hour >= a.since and s.hour < a.until group by a.place
    """  # noqa: S608 - ours
)


def misroutes_in(
    connection: Connection, judge_version: str, asked: Sequence[tuple[str, Stretch]]
) -> list[RateSums]:
    """The misroutes of tiers in stretches of time, in the order asked for.

    Args:
        connection: any.
        judge_version: whose verdicts.
        asked: each a tier and a stretch.
    """
    whole = [(tier, stretch.whole_hours) for tier, stretch in asked]
    places = [place for place, (_, stretch) in enumerate(whole) if not stretch.empty]
    found = [RateSums()] * len(whole)
    if places:
        asked_for = {"judge": judge_version, "tiers": [whole[place][0] for place in places]}
        stretches = [whole[place][1] for place in places]
        for place, *sums in connection.execute(_JUDGED, asked_for | _columns(places, stretches)):
            found[place] = RateSums(*sums)
    return found


def served_in(connection: Connection, asked: Sequence[Stretch]) -> list[Served]:
    """All traffic in stretches of time, in the order asked for."""
    whole = [stretch.whole_hours for stretch in asked]
    places = [place for place, stretch in enumerate(whole) if not stretch.empty]
    found = [Served()] * len(whole)
    if places:
        columns = _columns(places, [whole[place] for place in places]) | {"never": NEVER}
        for place, *sums in connection.execute(_SERVED, columns):
            found[place] = Served(*sums)
    return found


def _columns(places: Sequence[int], stretches: Sequence[Stretch]) -> dict[str, object]:
    return {
        "places": list(places),
        "sinces": [one.since for one in stretches],
        "untils": [one.until for one in stretches],
        "first": min(one.since for one in stretches),
        "last": max(one.until for one in stretches),
    }
