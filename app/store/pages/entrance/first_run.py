"""How far a new system has come, in one statement: each is there, or not yet."""

from dataclasses import dataclass

from sqlalchemy import Connection, exists, select

from tierwatch.store.schema.checks import EvalsetRunRow
from tierwatch.store.schema.exchanges import ExchangeRow
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.schema.traffic import RollupRow

_ANCHORS = "anchors"


@dataclass(frozen=True, slots=True)
class Reached:
    """What has happened at least once.

    Attributes:
        served: a request was counted.
        sampled: one was kept for an evaluation.
        judged: a pair was compared.
        anchored: a judge was asked all anchors.
    """

    served: bool
    sampled: bool
    judged: bool
    anchored: bool


def reached(connection: Connection) -> Reached:
    """What has happened at least once."""
    anchored = (EvalsetRunRow.kind == _ANCHORS) & EvalsetRunRow.ended_at.is_not(None)
    found = connection.execute(
        select(
            exists(select(RollupRow.requests).where(RollupRow.requests > 0)),
            exists(select(ExchangeRow.id)),
            exists(select(VerdictRow.exchange_id)),
            exists(select(EvalsetRunRow.id).where(anchored)),
        )
    ).one()
    return Reached(*found)
