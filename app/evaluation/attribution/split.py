"""The change of a rate as mix and within: Kitagawa, Oaxaca and Blinder's split."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.findings import SegmentShift
from tierwatch.evaluation.rates.columns import Floats

Flags = NDArray[np.bool_]
# What a person reads before stopping.
_SEGMENTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Split:
    """Shares, rates and their variances by cell; index 0 is before, 1 after."""

    keys: tuple[str, ...]
    n: int
    seen: tuple[Flags, Flags]
    shares: tuple[Floats, Floats]
    cell_rates: tuple[Floats, Floats]
    variances: tuple[Floats, Floats]
    squares: tuple[Floats, Floats]

    @property
    def rates(self) -> tuple[float, float]:
        """The rate of each window."""
        (s0, s1), (r0, r1) = self.shares, self.cell_rates
        return float(s0 @ r0), float(s1 @ r1)

    def contrast(self, mix: float, within: float) -> tuple[float, float]:
        """``mix * (mix part) + within * (within part)`` and its standard error.

        Linearised (Taylor) with variance ``r (1 - r) / n_eff`` in a cell. See docs/statistics.md,
        "Attribution".
        """
        (s0, s1), (r0, r1) = self.shares, self.cell_rates
        moved, share = s1 - s0, (s0 + s1) / 2
        rose, rate = r1 - r0, (r0 + r1) / 2
        value = float(mix * (moved @ rate) + within * (share @ rose))
        both = mix * moved
        slopes = (both / 2 - within * share, both / 2 + within * share)
        by_share = (-mix * rate + within * rose / 2, mix * rate + within * rose / 2)
        variance = 0.0
        for t in (0, 1):
            # A cell seen in one window only lends its rate to the other, so both slopes are its.
            slope = np.where(self.seen[1 - t], slopes[t], both)
            variance += float(slope**2 @ self.variances[t])
            spread = by_share[t] - self.shares[t] @ by_share[t]
            variance += float(self.squares[t] @ spread**2)
        return value, math.sqrt(variance)

    def segments(self) -> tuple[SegmentShift, ...]:
        """The cells that contributed most to the change, either way."""
        (s0, s1), (r0, r1) = self.shares, self.cell_rates
        # Moving traffic counts against the mean rate: shares sum to 1, so the parts stay the same.
        mix = (s1 - s0) * ((r0 + r1) / 2 - sum(self.rates) / 2)
        within = (r1 - r0) * (s0 + s1) / 2
        order = np.argsort(-np.abs(mix + within), kind="stable")[:_SEGMENTS_SHOWN]
        return tuple(
            SegmentShift(
                key=self.keys[i],
                share_before=float(s0[i]),
                share_after=float(s1[i]),
                rate_before=float(r0[i]) if self.seen[0][i] else None,
                rate_after=float(r1[i]) if self.seen[1][i] else None,
                mix=float(mix[i]),
                within=float(within[i]),
            )
            for i in order
        )


def split_windows(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> Split | None:
    """The two windows side by side; None when one of them has no pairs.

    With share s and rate r of each cell in each window (Kitagawa 1955; Oaxaca 1973; Blinder 1973),
    weights symmetric so that nothing is left over::

        mix    = sum (s1 - s0) (r0 + r1) / 2         within = sum (r1 - r0) (s0 + s1) / 2

    A cell seen in one window only keeps that window's rate: its arrival or departure is mix. See
    docs/statistics.md, "Attribution".

    >>> def cell(n, bad):
    ...     return Cell(n, n, n, bad)
    >>> split = split_windows({"easy": cell(600, 12), "hard": cell(400, 40)},
    ...                       {"easy": cell(400, 12), "hard": cell(600, 90)})
    >>> round(split.contrast(1, 0)[0], 3)         # -.2 * .025 + .2 * .125
    0.02
    >>> round(split.contrast(0, 1)[0], 3)         # .01 * .5 + .05 * .5
    0.03
    """
    empty = Cell(0, 0.0, 0.0, 0.0)
    keys = tuple(sorted(before.keys() | after.keys()))
    windows = [[window.get(key, empty) for key in keys] for window in (before, after)]
    counts = [sum(cell.n for cell in window) for window in windows]
    if not all(counts):
        return None
    seen, shares, rates, variances, squares = [], [], [], [], []
    for window in windows:
        weight = np.array([cell.weight for cell in window])
        square = np.array([cell.squared_weight for cell in window])
        rate = np.array([cell.rate for cell in window])
        effective = np.array([cell.effective for cell in window])
        here = effective > 0
        total = weight.sum()
        n = total**2 / square.sum()
        mean = float(np.nansum(weight * rate)) / total
        # Cells of few pairs often have no loss, and r (1 - r) would call them certain. One pair of
        # the window's rate in each, itself with one loss in two pairs added, keeps their variance.
        near = (mean * n + 1) / (n + 2)
        shrunk = (np.nan_to_num(rate) * effective + near) / (effective + 1)
        variances.append(np.where(here, shrunk * (1 - shrunk) / np.maximum(effective, 1.0), 0.0))
        seen.append(here)
        shares.append(weight / total)
        rates.append(rate)
        squares.append(square / total**2)
    filled = (
        np.where(seen[0], rates[0], np.nan_to_num(rates[1])),
        np.where(seen[1], rates[1], np.nan_to_num(rates[0])),
    )
    return Split(
        keys,
        sum(counts),
        (seen[0], seen[1]),
        (shares[0], shares[1]),
        filled,
        (variances[0], variances[1]),
        (squares[0], squares[1]),
    )


def total_rate(window: Mapping[str, Cell]) -> float:
    """The rate of a window's pairs; 0 without any."""
    weight = sum(cell.weight for cell in window.values())
    return sum(cell.weighted_loss for cell in window.values()) / weight if weight else 0.0
