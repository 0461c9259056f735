"""What serving costs in a day, and how many requests a day lie between two thresholds."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from tierwatch.store.schema.traffic import BoundaryCountRow, RollupRow

# Of today and the six days before, so that each day of the week is among them.
_DAYS: Final = 7
_DAY_S: Final = 86_400
# The traffic of a first minute says nothing of a day.
_LEAST_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class DailyBill:
    """A mean day of the last seven, or of as long as there has been traffic: an hour at least.

    Attributes:
        usd: what serving cost, classifiers included.
        moving: requests with a confidence between the two thresholds.
    """

    usd: float
    moving: float


def daily_bill(
    connection: Connection, boundary: str, *, low: float, high: float, now: dt.datetime
) -> DailyBill | None:
    """What a day costs, and how many of its requests are at or above ``low`` and below ``high``.

    Of requests that came to the boundary, by their confidence in the lower tier.

    Returns:
        None without traffic in the last seven days.
    """
    today = dt.datetime.combine(now.date(), dt.time(), dt.UTC)
    since = today - dt.timedelta(days=_DAYS - 1)
    row = connection.execute(
        select(
            func.min(RollupRow.minute), func.sum(RollupRow.cost_usd + RollupRow.classifier_cost_usd)
        ).where(RollupRow.minute >= since)
    ).one()
    first: dt.datetime | None = row[0]
    if first is None:
        return None
    moving = connection.execute(
        select(func.sum(BoundaryCountRow.requests)).where(
            BoundaryCountRow.boundary == boundary,
            BoundaryCountRow.day >= since.date(),
            BoundaryCountRow.cents >= round(low * 100),
            BoundaryCountRow.cents < round(high * 100),
        )
    ).scalar_one()
    days = max((now - first).total_seconds(), _LEAST_S) / _DAY_S
    return DailyBill(float(row[1] or 0) / days, float(moving or 0) / days)


def tier_day_usd(connection: Connection, tier: str, *, now: dt.datetime) -> float | None:
    """What a mean day of a tier's answers costs, of the last seven; None without traffic."""
    today = dt.datetime.combine(now.date(), dt.time(), dt.UTC)
    row = connection.execute(
        select(func.min(RollupRow.minute), func.sum(RollupRow.cost_usd)).where(
            RollupRow.tier == tier, RollupRow.minute >= today - dt.timedelta(days=_DAYS - 1)
        )
    ).one()
    first: dt.datetime | None = row[0]
    if first is None:
        return None
    return float(row[1] or 0) / (max((now - first).total_seconds(), _LEAST_S) / _DAY_S)
