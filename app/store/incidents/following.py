"""Whether gateways follow drains: requests counted since each began, by what decided them."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Following:
    """Requests from the minute after a drain began, until it ended.

    Attributes:
        with_it: decided by a policy that sends the tier up.
        without_it: decided by another one.
        last_without: the minute of the last of those; None without any.
    """

    with_it: int
    without_it: int
    last_without: dt.datetime | None


_FOLLOWING: Final = text(
    """
    select d.id, counted.*
    from drains d cross join lateral (
        select coalesce(sum(r.requests) filter (where p.drained -> d.task_type ? d.tier), 0)
                 ::bigint as with_it,
               coalesce(sum(r.requests) filter
                 (where not coalesce(p.drained -> d.task_type ? d.tier, false)), 0)::bigint
                 as without_it,
               max(r.minute) filter
                 (where not coalesce(p.drained -> d.task_type ? d.tier, false)) as last_without
        from rollups r join policies p on p.version = r.policy_version
        where r.minute >= date_trunc('minute', d.began_at) + interval '1 minute'
          and r.minute < coalesce(d.ended_at, 'infinity')
    ) counted
    where d.id = any(:drains)
    """
)


def following(connection: Connection, drains: Collection[int]) -> Mapping[int, Following]:
    """How far gateways follow these drains, by the counts of all traffic; by drain."""
    if not drains:
        return {}
    rows = connection.execute(_FOLLOWING, {"drains": list(drains)})
    return {drain: Following(*counts) for drain, *counts in rows}
