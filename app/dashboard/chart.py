"""The chart of a tier's misroute rate over its requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from tierwatch.dashboard.figures import interval, percent
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.store.pages.overview import LossSums


@dataclass(frozen=True, slots=True)
class ChartBar:
    """One stretch of requests: where its interval and its estimate lie, in the chart's pixels."""

    x: float
    top: float
    bottom: float
    middle: float
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Misroute rate of one tier over its requests, ready to draw.

    Attributes:
        tier: whose.
        width: of the drawing, pixels.
        height: of the drawing, pixels.
        bars: stretches with pairs; one without is a gap, not a zero.
        tolerance_y: where the tolerated rate lies, or None.
        tolerance: the tolerated rate, or None.
        highest: rate at the upper edge.
        first_request: at the left edge.
        last_request: at the right edge.
    """

    tier: str
    width: int
    height: int
    bars: tuple[ChartBar, ...]
    tolerance_y: float | None
    tolerance: float | None
    highest: float
    first_request: int
    last_request: int


CHART_BUCKETS = 16
_WIDTH, _HEIGHT = 480, 120


def chart(tier: str, sums: Sequence[LossSums], tolerance: float | None) -> Chart | None:
    """Lay out a tier's misroute rate by stretches of requests; None without pairs.

    Each stretch has the weighted rate and a 95 % interval on design-effective counts that holds
    however often the growing stretch is checked
    (`evaluation.rates.confidence_sequence.always_valid_interval`).
    """
    if not sums:
        return None
    rates: list[tuple[LossSums, float, float, float]] = []
    for group in sums:
        n_eff = group.weight**2 / group.weight_squares
        rate = min(1.0, group.weighted_loss / group.weight)
        low, high = always_valid_interval(min(n_eff, rate * n_eff), n_eff)
        rates.append((group, rate, low, high))
    # A stretch with a handful of pairs reaches to 1; scaled to it, the others would be flat.
    highest = min(1.0, 1.25 * max(*(rate for _, rate, _, _ in rates), tolerance or 0.0, 0.04))

    def y(rate: float) -> float:
        return round(_HEIGHT * (1 - min(rate, highest) / highest), 1)

    bars = tuple(
        ChartBar(
            x=round(_WIDTH * (group.bucket + 0.5) / CHART_BUCKETS, 1),
            top=y(high),
            bottom=y(low),
            middle=y(rate),
            title=(
                f"requests {group.first_request:,} to {group.last_request:,}: {percent(rate)}"
                f" ({interval(low, high)}), {group.n} pairs"
            ),
            state="above" if tolerance is not None and low > tolerance else "",
        )
        for group, rate, low, high in rates
    )
    return Chart(
        tier=tier,
        width=_WIDTH,
        height=_HEIGHT,
        bars=bars,
        tolerance_y=None if tolerance is None else y(tolerance),
        tolerance=tolerance,
        highest=highest,
        first_request=min(group.first_request for group in sums),
        last_request=max(group.last_request for group in sums),
    )
