"""Where the monitors of whole tiers stand."""

from dataclasses import dataclass
from typing import Final

from tierwatch.store.documents import Json
from tierwatch.store.judgements.outcomes import NEWEST_JUDGE
from tierwatch.store.reading.one_row import Part, json_rows, values_of


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
_MONITORS: Final = f"""
    with whole as (
        select tier, state, alarmed, pairs, stream, split_part(stream, '|', 3) as rule,
               split_part(stream, '|', 4) as model, newest_request_no
        from monitors
        where kind = 'misroute' and task_type in ('*', 'all') and judge_version = {NEWEST_JUDGE}
    ), newest as (
        select distinct on (tier) tier, rule, model from whole
        order by tier, newest_request_no desc, stream
    )
    select distinct on (tier) tier, state, alarmed from whole join newest using (tier, rule, model)
    order by tier, pairs desc, stream
"""  # noqa: S608 - ours
# By the judge that spoke last, the monitor of each tier's newest pairs, at most one a tier.
TIER_MONITORS: Final = Part((json_rows(_MONITORS),), values_of(TierMonitor))
