"""The newest requests that one tier served and another may serve instead."""

from typing import Final

from sqlalchemy import Connection, func, select

from tierwatch.store.schema.exchanges import ExchangeRow, ExchangeTextRow
from tierwatch.store.schema.traffic import OutsideCountRow
from tierwatch.store.traffic.stored_request import STORED_REQUEST, StoredRequest, stored_request

# Shares of so many are within 7 points, and reading them takes a tenth of a second.
_NEWEST: Final = 200


def recent_requests(
    connection: Connection, *, served: str, alternative: str, task_type: str | None = None
) -> list[StoredRequest]:
    """The newest stored requests, as long as their text is kept.

    Args:
        connection: in a transaction.
        served: the tier that served them.
        alternative: the tier whose answer was asked for beside it.
        task_type: of one type alone.
    """
    found = (
        select(*STORED_REQUEST)
        .select_from(ExchangeRow)
        .join(ExchangeTextRow, ExchangeTextRow.id == ExchangeRow.id)
        .where(
            ExchangeRow.tier == served,
            ExchangeRow.alternative_tier == alternative,
            ExchangeRow.direction != "top",
        )
        .order_by(ExchangeRow.id.desc())
        .limit(_NEWEST)
    )
    if task_type is not None:
        found = found.where(ExchangeRow.task_type == task_type)
    rows = (stored_request(*row) for row in connection.execute(found))
    return [one for one in rows if one is not None]


def share_not_taken(connection: Connection, *, served: str, reason: str) -> float | None:
    """Share of a tier's drawn exchanges whose alternative could not be asked the same question.

    Args:
        connection: in a transaction.
        served: the tier that served them.
        reason: what that is counted under.

    Returns:
        None where none was drawn.
    """
    drawn = OutsideCountRow.tier == served, OutsideCountRow.drawn > 0
    whole = func.sum(OutsideCountRow.requests).filter(*drawn)
    part = func.sum(OutsideCountRow.requests).filter(*drawn, OutsideCountRow.reason == reason)
    total, refused = connection.execute(select(whole, part)).one()
    return float(refused or 0) / float(total) if total else None
