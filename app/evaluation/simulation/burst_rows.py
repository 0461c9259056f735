"""Rows of the certificate about bursts: delays in days, in pairs and in money."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tierwatch.evaluation.simulation import bursts
from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, mean_row, share_row

# 20,000 requests a day of which 5 % are sampled: pairs a day of a median task type of the first
# tier, and of all of the second.
MEDIAN_TYPE, SECOND_TIER = 36.0, 250.0
_DAYS = "mean days to the alarm"


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """What bursts are worth, and what they cost."""
    for rate, limit in ((0.10, 6.0), (0.15, 2.5)):
        ours, plain = _both(effort, seed, rate, MEDIAN_TYPE)
        yield mean_row(
            "A",
            f"{MEDIAN_TYPE:.0f} pairs a day: the rate jumps from 5 % to {100 * rate:.0f} %",
            _DAYS,
            ours.days,
            limit,
            others=f"without bursts {plain.days.mean():.1f}",
        )
        if rate == 0.10:  # noqa: PLR2004 - of the two, the one that METHODS has a bar for
            yield mean_row(
                "A",
                "the same",
                "mean delay in pairs of the plan",
                ours.days * MEDIAN_TYPE,
                220.0,
                others=f"without bursts {plain.days.mean() * MEDIAN_TYPE:.0f}; judged in it"
                f" {ours.pairs.mean():.0f} for {plain.pairs.mean():.0f}",
            )
    ours, plain = _both(effort, seed, 0.10, SECOND_TIER)
    yield mean_row(
        "A",
        f"{SECOND_TIER:.0f} pairs a day, a whole tier: the rate jumps from 5 % to 10 %",
        _DAYS,
        ours.days,
        1.0,
        others=f"without bursts {plain.days.mean():.1f}",
    )
    yield from _money(effort, seed)
    yield _null(effort, seed)


def _both(
    effort: Effort, seed: int, rate: float, per_day: float, before: float = 0.05
) -> tuple[bursts.Found, bursts.Found]:
    """Delays with bursts and without."""

    def found(density: float) -> bursts.Found:
        return bursts.delays(
            seed,
            rate=rate,
            per_day=per_day,
            runs=effort.of(1_500),
            density=density,
            before=before,
        )

    return found(bursts.DENSITY), found(1.0)


def _money(effort: Effort, seed: int) -> Iterator[Row]:
    """Pairs are what money is spent on: a shadow answer and two readings each."""

    def cost(rate: float, per_day: float) -> NDArray[np.float64]:
        runs, days = effort.of(200), 200 * effort.length
        return bursts.quiet_cost(seed, rate=rate, per_day=per_day, runs=runs, days=days)

    yield mean_row(
        "A",
        "no change: a quiet stream at 4 %",
        "judged pairs, of those without bursts",
        cost(0.04, MEDIAN_TYPE),
        1.01,
        others=f"exactly at its tolerance {cost(0.05, MEDIAN_TYPE).mean():.2f}",
    )
    ours, plain = _both(effort, seed, 0.10, MEDIAN_TYPE, before=0.04)
    parts = ours.days / plain.days.mean()
    part = float(parts.mean())
    less, _ = _both(effort, seed, 0.10, part * MEDIAN_TYPE, before=0.04)
    yield mean_row(
        "A",
        f"{100 * part * 0.05:.1f} % sampled with bursts for 5 % without: from 4 % to 10 %",
        "judge and shadow money a day, of that without",
        parts * cost(0.04, part * MEDIAN_TYPE).mean(),
        0.45,
        others=f"days to the alarm {less.days.mean():.1f} for {plain.days.mean():.1f}, pairs in"
        f" them {less.pairs.mean():.0f} for {plain.pairs.mean():.0f}",
    )


def _null(effort: Effort, seed: int) -> Row:
    runs, pairs = effort.of(2_000), round(100_000 * effort.length)
    alarmed, _ = bursts.false_alarms(seed, runs=runs, pairs=pairs)
    return share_row(
        "A",
        f"no change: 12 task types and their tier at the tolerance, {pairs:,} pairs with bursts",
        "runs with a false alarm",
        alarmed,
        runs,
        # 1 % in 100,000 pairs, with the Monte Carlo slack that D1 has.
        limit=31 / 2_000 * effort.length,
    )
