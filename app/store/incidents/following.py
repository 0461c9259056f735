"""Whether gateways follow a drain: requests counted since it began, by what decided them."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, text

from tierwatch.store.drains import Drain


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


def following(connection: Connection, drain: Drain) -> Following:
    """How far gateways follow a drain, by the counts of all traffic."""
    row = connection.execute(
        text(
            """
            select coalesce(sum(r.requests) filter (where p.drained -> :task_type ? :tier), 0)
                     ::bigint as with_it,
                   coalesce(sum(r.requests) filter
                     (where not coalesce(p.drained -> :task_type ? :tier, false)), 0)::bigint
                     as without_it,
                   max(r.minute) filter
                     (where not coalesce(p.drained -> :task_type ? :tier, false)) as last_without
            from rollups r join policies p on p.version = r.policy_version
            where r.minute >= date_trunc('minute', cast(:began as timestamptz))
                              + interval '1 minute'
              and r.minute < coalesce(cast(:ended as timestamptz), 'infinity')
            """
        ),
        {
            "task_type": drain.task_type,
            "tier": drain.tier,
            "began": drain.began_at,
            "ended": drain.ended_at,
        },
    ).one()
    return Following(row.with_it, row.without_it, row.last_without)
