"""When each policy became everybody's."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class PolicyTurn:
    """A policy version's place in time.

    Attributes:
        version: which.
        made_at: when it was stored; a rollout begins then.
        active_at: when it became everybody's: at once, or at the end of its rollout. None of one
            that is being rolled out, and of one that was taken back before.
    """

    version: int
    made_at: dt.datetime
    active_at: dt.datetime | None


# A proposal that was active and is rolled back keeps only that moment; the audit has the other.
_TURNS: Final = text(
    """
    with shown as (
        select version, created_at from policies where version between :first and :last
    ), tried as (
        select candidate_version as version, state, ended_at from proposals
        where candidate_version between :first and :last
    ), completed as (
        select subject, min(at) as at from audit
        where action = 'rollout.completed'
          and subject in (select 'policy/' || version from tried where state = 'rolled_back')
        group by subject
    )
    select s.version, s.created_at,
           case when t.version is null then s.created_at
                when t.state = 'active' then t.ended_at else c.at end
    from shown s left join tried t using (version)
    left join completed c on c.subject = 'policy/' || s.version
    order by s.version
    """
)


def policy_turns(connection: Connection, first: int, last: int) -> list[PolicyTurn]:
    """When the versions from ``first`` to ``last`` became everybody's, in their order."""
    rows = connection.execute(_TURNS, {"first": first, "last": last})
    return [PolicyTurn(*row) for row in rows]
