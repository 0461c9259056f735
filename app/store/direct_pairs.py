"""Direct comparisons with the top tier: which exchange has a twin, what the judge said of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.store.schema.exchanges import DirectPairRow


class DirectColumns(TypedDict):
    """A direct comparison to add; `schema.exchanges.DirectPairRow` explains it."""

    exchange_id: uuid.UUID
    tier: str
    twin_id: uuid.UUID
    share: float
    pi: float


def add_direct_pairs(connection: Connection, rows: Sequence[DirectColumns]) -> None:
    """Add direct comparisons; what is there already changes nothing."""
    if rows:
        connection.execute(
            insert(DirectPairRow).on_conflict_do_nothing(), [dict(row) for row in rows]
        )


def original_of(connection: Connection, exchange_id: uuid.UUID) -> uuid.UUID:
    """The exchange that a twin repeats; of any other exchange its own id."""
    found = connection.execute(
        select(DirectPairRow.exchange_id).where(DirectPairRow.twin_id == exchange_id)
    ).scalar_one_or_none()
    return exchange_id if found is None else found


@dataclass(frozen=True, slots=True)
class DirectLosses:
    """Judged twins of a conversation: how often the top tier's answer was better.

    Attributes:
        loss: share of them, weighted with 1 / pi.
        weight: sum of 1 / pi.
        pairs: how many.
    """

    loss: float
    weight: float
    pairs: int


def direct_losses(
    connection: Connection, tier: str, top: str, judge_version: str
) -> list[DirectLosses]:
    """What a tier's answers lost against the top tier's directly, a row a conversation.

    Args:
        connection: any.
        tier: that served.
        top: that it was compared with.
        judge_version: whose verdicts.
    """
    rows = connection.execute(
        text(
            """
            select sum(lost / pi) / sum(1 / pi) as loss, sum(1 / pi) as weight, count(*) as pairs
            from (
                select e.session, d.pi,
                       (v.preferred = 'alternative' and v.basis <> :contradicting)::int as lost
                from direct_pairs d
                join exchanges e on e.id = d.twin_id
                join verdicts v on v.exchange_id = d.twin_id
                where d.tier = :top and e.tier = :tier and v.judge_version = :judge
                  and v.preferred is not null
            ) as judged group by session
            """
        ),
        {"top": top, "tier": tier, "judge": judge_version, "contradicting": SWAP_DISAGREEMENT},
    )
    return [DirectLosses(row.loss, row.weight, row.pairs) for row in rows]
