"""How often alerts of a kind were right: the last ones that ended, counted by why."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

# A quarter's alerts of a kind, and few enough to have been read by the same people.
LAST = 20
BY_ITSELF, UNSAID = "by_itself", "unsaid"


@dataclass(frozen=True, slots=True)
class Record:
    """The last resolved alerts of a kind.

    Attributes:
        resolved: how many they are, at most `LAST`.
        by_reason: how many by the reason that a person chose; ``by_itself`` where tierwatch
            resolved it, ``unsaid`` where a person chose none.
    """

    resolved: int
    by_reason: Mapping[str, int]


def record_of(connection: Connection, kind: str, *, without: int) -> Record:
    """The record of a kind of alert.

    Args:
        connection: to read with.
        kind: of the alerts.
        without: id of the alert that asks.
    """
    found = connection.execute(
        text(
            """
            with last as (
                select resolved_by, resolution from alerts
                where kind = :kind and state = 'resolved' and id <> :without
                order by id desc limit :last
            )
            select case when resolved_by = 'tierwatch' then :by_itself
                        when jsonb_typeof(resolution -> 'reason') = 'string'
                        then resolution ->> 'reason' else :unsaid end as reason,
                   count(*) as n
            from last group by 1 order by n desc, reason
            """
        ),
        {
            "kind": kind, "without": without, "last": LAST, "by_itself": BY_ITSELF,
            "unsaid": UNSAID,
        },
    )  # fmt: skip
    by_reason = {row.reason: int(row.n) for row in found}
    return Record(sum(by_reason.values()), by_reason)
