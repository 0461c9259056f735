"""What routing saves and what the top tier passes, on one axis of months."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from tierwatch.dashboard.charts.chart import Chart, Mark, Series
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.loop.report.ceiling import Ceiling, CeilingMonth

# A month is drawn in its middle.
_MIDDLE: Final = 15


def ceiling_chart(found: Ceiling) -> Chart:
    """Saving and ceiling by month; what is of too few answers is a gap."""
    months = found.months
    tier = found.standing.tier
    return Chart(
        title="Saving beside the ceiling",
        says=f"What routing saves, and the share of its probes that {tier} passes; the band is the"
        " 95 % interval of a month.",
        x=tuple(_middle(one.month).timestamp() for one in months),
        series=(
            Series("net saving", tuple(one.net_saving for one in months), tone="one"),
            _shares(f"probes passed by {tier}", [one.probes for one in months], found.needed),
        ),
        marks=tuple(
            Mark(_first(one.month).timestamp(), one.changed, "warn")
            for one in months
            if one.changed
        ),
        span=_span(months),
        missing="Nothing was served and no probe was asked in the last year.",
    )


def _shares(name: str, shares: Sequence[Estimate], needed: int) -> Series:
    shown = [one if one.n >= needed else None for one in shares]
    return Series(
        name,
        tuple(None if one is None else one.value for one in shown),
        low=tuple(None if one is None else one.low for one in shown),
        high=tuple(None if one is None else one.high for one in shown),
        notes=tuple(f"{one.n:,} answers" for one in shares),
        tone="two",
    )


def _span(months: Sequence[CeilingMonth]) -> tuple[float, float] | None:
    if not months:
        return None
    after = (months[-1].month + dt.timedelta(days=32)).replace(day=1)
    return _first(months[0].month).timestamp(), _first(after).timestamp()


def _first(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def _middle(month: dt.date) -> dt.datetime:
    return _first(month.replace(day=_MIDDLE))
