"""All requests that came to a boundary, by day and confidence: how many, how they were drawn."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from tierwatch.store.schema.traffic import BoundaryCountRow

# Confidences in cents, 0 to 100.
_CENTS = 100


def add_boundary_counts(
    connection: Connection, rows: Sequence[tuple[dt.date, str, int, int]]
) -> None:
    """Add counts of (day, boundary, confidence in cents, requests)."""
    if not rows:
        return
    given = insert(BoundaryCountRow)
    names = ("day", "boundary", "cents", "requests")
    connection.execute(
        given.on_conflict_do_update(
            index_elements=["day", "boundary", "cents"],
            set_={"requests": BoundaryCountRow.requests + given.excluded.requests},
        ),
        [dict(zip(names, row, strict=True)) for row in sorted(rows)],
    )


def boundary_traffic(
    connection: Connection, boundary: str, *, since: dt.datetime
) -> tuple[list[float], list[int]]:
    """Confidences (middles of cents) and counts of all requests that came to a boundary."""
    # Days are counted in UTC; times come in the time zone that the server is set to.
    first = since.astimezone(dt.UTC).date()
    rows = connection.execute(
        select(BoundaryCountRow.cents, func.sum(BoundaryCountRow.requests).label("requests"))
        .where(BoundaryCountRow.boundary == boundary, BoundaryCountRow.day >= first)
        .group_by(BoundaryCountRow.cents)
        .order_by(BoundaryCountRow.cents)
    ).all()
    # A cent holds [c, c + .01), and 100 is exactly 1.
    middles = [min(1.0, (row.cents + 0.5) / 100) for row in rows]
    return middles, [int(row.requests) for row in rows]


def note_largest_weights(
    connection: Connection, rows: Sequence[tuple[dt.date, str, int, float]]
) -> None:
    """Keep the largest weights of (day, boundary, confidence in cents, weight).

    A weight that is no larger than what is there writes nothing: after a day's first minutes that
    is nearly all of them.
    """
    if not rows:
        return
    given = insert(BoundaryCountRow)
    largest, new = BoundaryCountRow.largest_weight, given.excluded.largest_weight
    names = ("day", "boundary", "cents", "largest_weight")
    connection.execute(
        given.on_conflict_do_update(
            index_elements=["day", "boundary", "cents"],
            set_={"largest_weight": new},
            where=or_(largest.is_(None), largest < new),
        ),
        [{**dict(zip(names, row, strict=True)), "requests": 0} for row in sorted(rows)],
    )


def weight_caps(
    connection: Connection, boundary: str, *, since: dt.date | None, unknown: float
) -> list[float]:
    """The largest weight that a pair of a boundary may have, for each confidence in cents.

    Args:
        connection: any.
        boundary: the lower tier.
        since: day of the oldest pair; None for all days.
        unknown: stands for what a version that noted no weights counted.

    Returns:
        101 weights; 0 where no request could be drawn, ``unknown`` throughout where nothing at all
        was counted.
    """
    weight = func.max(func.coalesce(BoundaryCountRow.largest_weight, unknown)).label("largest")
    query = select(BoundaryCountRow.cents, weight).where(BoundaryCountRow.boundary == boundary)
    if since is not None:
        query = query.where(BoundaryCountRow.day >= since)
    rows = connection.execute(query.group_by(BoundaryCountRow.cents))
    found = {row.cents: float(row.largest) for row in rows}
    if not found:
        return [unknown] * (_CENTS + 1)
    return [found.get(cents, 0.0) for cents in range(_CENTS + 1)]
