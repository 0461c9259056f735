"""Who works on what: claims, tries, ends, and what was left lying."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import TypedDict, Unpack

from sqlalchemy import Connection, and_, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.exchanges import AlternativeRow, ExchangeRow
from tierwatch.store.schema.work import AttemptRow, ClaimRow, FailureRow


class AttemptColumns(TypedDict):
    """One call; ``error`` is empty when it was answered."""

    exchange_id: uuid.UUID | str
    step: str
    model: str
    error: str
    detail: str
    latency_ms: float


def claim(
    connection: Connection, exchange_id: uuid.UUID, step: str, *, hold_s: float
) -> int | None:
    """Claim a step of an exchange for ``hold_s`` seconds.

    One statement, so two workers cannot both succeed. A claim that ran out (its worker died, or
    the provider asked to wait) can be taken again.

    Returns:
        How often the step has been claimed, this time included; None when somebody holds it or
        the exchange has ended.
    """
    open_exchange = connection.execute(
        select(ExchangeRow.id)
        .where(ExchangeRow.id == exchange_id, ExchangeRow.ended_at.is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if open_exchange is None:
        return None
    until = func.now() + dt.timedelta(seconds=hold_s)
    new = insert(ClaimRow).values(
        exchange_id=exchange_id, step=step, token=uuid.uuid4(), tries=1, until=until
    )
    row = connection.execute(
        new.on_conflict_do_update(
            index_elements=[ClaimRow.exchange_id, ClaimRow.step],
            set_={"token": new.excluded.token, "tries": ClaimRow.tries + 1, "until": until},
            where=ClaimRow.until <= func.now(),
        ).returning(ClaimRow.tries)
    ).one_or_none()
    return None if row is None else row.tries


def give_back(
    connection: Connection, exchange_id: uuid.UUID, step: str, *, wait_s: float, tried: bool = True
) -> None:
    """Let anybody claim the step again, once ``wait_s`` seconds have passed.

    Args:
        connection: inside the caller's transaction.
        exchange_id: that was claimed.
        step: that was.
        wait_s: seconds from now.
        tried: whether this claim counts among the step's tries.
    """
    until = func.now() + dt.timedelta(seconds=wait_s)
    connection.execute(
        update(ClaimRow)
        .where(ClaimRow.exchange_id == exchange_id, ClaimRow.step == step)
        .values(until=until, tries=ClaimRow.tries - (0 if tried else 1))
    )


def release_absurd_claims(connection: Connection, *, longest_s: float) -> int:
    """End claims that hold open work for longer than any claim may.

    Whoever set them believed a number that somebody else named; they would hold for years.

    Args:
        connection: inside the caller's transaction.
        longest_s: seconds from now; no claim of ours reaches further.

    Returns:
        How many there were.
    """
    is_open = exists().where(ExchangeRow.id == ClaimRow.exchange_id, ExchangeRow.ended_at.is_(None))
    released = connection.execute(
        update(ClaimRow)
        .where(ClaimRow.until > func.now() + dt.timedelta(seconds=longest_s), is_open)
        .values(until=func.now())
        .returning(ClaimRow.exchange_id)
    )
    return len(released.all())


def add_attempt(connection: Connection, **columns: Unpack[AttemptColumns]) -> None:
    """Record one call."""
    connection.execute(insert(AttemptRow).values(**columns))


def add_attempts(connection: Connection, rows: Sequence[AttemptColumns]) -> None:
    """Record several calls."""
    if rows:
        connection.execute(insert(AttemptRow), [dict(row) for row in rows])


def end_exchange(connection: Connection, exchange_id: uuid.UUID) -> None:
    """Mark the exchange as finished: its verdict or failure is in the same transaction."""
    connection.execute(
        update(ExchangeRow)
        .where(ExchangeRow.id == exchange_id, ExchangeRow.ended_at.is_(None))
        .values(ended_at=func.now())
    )


def add_failure(connection: Connection, exchange_id: uuid.UUID, *, step: str, reason: str) -> None:
    """End an exchange that cannot be evaluated, saying why."""
    connection.execute(
        insert(FailureRow)
        .values(exchange_id=exchange_id, step=step, reason=reason[:2000])
        .on_conflict_do_nothing()
    )
    end_exchange(connection, exchange_id)


def left_lying(
    connection: Connection, *, older_than_s: float, limit: int
) -> list[tuple[uuid.UUID, str]]:
    """Unfinished exchanges nobody holds, oldest first, with the step each waits for."""
    shadowed = exists().where(AlternativeRow.exchange_id == ExchangeRow.id)
    step = case((shadowed, "judge"), else_="shadow")
    held = exists().where(and_(ClaimRow.exchange_id == ExchangeRow.id, ClaimRow.until > func.now()))
    stale = func.now() - dt.timedelta(seconds=older_than_s)
    expired = exists().where(
        and_(ClaimRow.exchange_id == ExchangeRow.id, ClaimRow.until <= func.now())
    )
    rows = connection.execute(
        select(ExchangeRow.id, step.label("step"))
        .where(
            ExchangeRow.ended_at.is_(None),
            or_(ExchangeRow.captured_at <= stale, expired),
            ~held,
        )
        .order_by(ExchangeRow.captured_at)
        .limit(limit)
    )
    return [(row.id, row.step) for row in rows]
