"""Where the monitors of whole tiers stand."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from tierwatch.store.documents import Json


@dataclass(frozen=True, slots=True)
class TierMonitor:
    """The misroute monitor of a tier's newest pairs.

    Attributes:
        tier: which.
        state: of the monitor, as its class wrote it.
        alarmed: whether it is in alarm.
    """

    tier: str
    state: Json
    alarmed: bool


# Of the rule and model that served the newest pair, the stream with most pairs: that of all task
# types, or that of requests without one where hardly any has a type.
_MONITORS: Final = text(
    """
    with whole as (
        select tier, state, alarmed, pairs, stream, split_part(stream, '|', 3) as rule,
               split_part(stream, '|', 4) as model, newest_request_no
        from monitors
        where kind = 'misroute' and task_type in ('*', 'all') and judge_version = :judge
    ), newest as (
        select distinct on (tier) tier, rule, model from whole
        order by tier, newest_request_no desc, stream
    )
    select distinct on (tier) tier, state, alarmed from whole join newest using (tier, rule, model)
    order by tier, pairs desc, stream
    """
)


def tier_monitors(connection: Connection, judge_version: str) -> list[TierMonitor]:
    """The monitor of each tier's newest pairs by a judge, at most one a tier."""
    rows = connection.execute(_MONITORS, {"judge": judge_version})
    return [TierMonitor(*row) for row in rows]
