"""How often a judge and the people who labelled its pairs say the same, along the time."""

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, text

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.traffic.exchanges import first_id

Period = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class AgreementStep:
    """Labelled pairs of a judge that arrived in a day, week or month, UTC.

    Attributes:
        start: of it; weeks begin on Monday.
        judge_version: that judged them.
        labels: pairs with a label.
        same: of them, those where the judge said the same of the three words as the first label.
            What it left inconclusive is none of these.
    """

    start: dt.datetime
    judge_version: str
    labels: int
    same: int


# A label's key leads with the pair's id, which leads with its arrival: a stretch of time reads its
# own labels, and the verdicts on them by their key.
_STEPS: Final = text(
    """
    with said as (
        select distinct on (exchange_id) exchange_id, preferred from labels
        where exchange_id >= :first and exchange_id < :end
        order by exchange_id, created_at, reviewer
    )
    select date_trunc(:period, arrival_of(l.exchange_id), 'UTC') as start, v.judge_version,
           count(*) as labels,
           count(*) filter (where v.preferred = l.preferred and v.basis <> :contradicting) as same
    from said l join verdicts v using (exchange_id)
    where v.preferred is not null
    group by 1, 2 order by 1, 2
    """
)


def agreement_steps(
    connection: Connection, since: dt.datetime, until: dt.datetime, *, period: Period
) -> list[AgreementStep]:
    """Agreement on pairs that arrived in a stretch of time, in order; empty steps are absent."""
    rows = connection.execute(
        _STEPS,
        {
            "first": first_id(since),
            "end": first_id(until),
            "period": period,
            "contradicting": SWAP_DISAGREEMENT,
        },
    )
    return [AgreementStep(*row) for row in rows]
