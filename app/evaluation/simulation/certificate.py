"""The certificate: METHODS.md's recipes run against the installed code, with what was measured.

A full run has the sizes of the bars. A quick one has fewer runs; then a bar holds when its measure
keeps to the limit, and is undecided when the measure does not but its error bar reaches it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tierwatch.evaluation.rates.estimation import clopper_pearson
from tierwatch.evaluation.simulation import drift, estimates, monitoring, thresholds

Verdict = Literal["holds", "undecided", "fails"]

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the certificate.

    Attributes:
        bar: its name in METHODS.md.
        recipe: what was simulated, in words.
        measure: what was measured, in words.
        value: measured.
        low: lower end of its 95 % interval over the simulated runs.
        high: upper end.
        limit: that the value must keep to.
        at_least: whether the limit is a lower one.
        runs: simulated.
        others: what other methods reach on the same data, in words; empty where none was run.
    """

    bar: str
    recipe: str
    measure: str
    value: float
    low: float
    high: float
    limit: float
    at_least: bool
    runs: int
    others: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the bar holds; undecided when too few runs leave it open."""
        if self.at_least:
            kept, possible = self.value >= self.limit, self.high >= self.limit
        else:
            kept, possible = self.value <= self.limit, self.low <= self.limit
        if kept:
            return "holds"
        return "undecided" if possible else "fails"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is simulated: a share of the full runs, and of the longest streams."""

    runs: float
    length: float

    def of(self, runs: int, least: int = 20) -> int:
        """Runs to make where the bar asks for so many."""
        return max(least, round(runs * self.runs))


FULL = Effort(1.0, 1.0)
# Sized so that all recipes together stay under a minute on one core of 2026.
QUICK = Effort(0.15, 0.5)


def certificate(
    *, quick: bool, seed: int = 20_261_124, said: Callable[[Row], None] | None = None
) -> tuple[Row, ...]:
    """Run every recipe.

    Args:
        quick: fewer runs, under a minute.
        seed: of everything random.
        said: told each row as it is measured.

    Raises:
        AssertionError: a simulated twin is not the installed monitor.
    """
    effort = QUICK if quick else FULL
    found = []
    for row in _rows(effort, seed):
        found.append(row)
        if said is not None:
            said(row)
    return tuple(found)


def _rows(effort: Effort, seed: int) -> Iterator[Row]:
    differences = (monitoring.twin_difference(seed), drift.twin_difference(seed, 20))
    if max(differences) > 1e-9:  # noqa: PLR2004 - rounding
        raise AssertionError(f"the simulated monitors differ from the installed: {differences}")
    yield from _alarm_rows(effort, seed)
    yield from _estimate_rows(effort, seed)
    yield from _threshold_rows(effort, seed)
    yield from _drift_rows(effort, seed)


def _alarm_rows(effort: Effort, seed: int) -> Iterator[Row]:
    pairs = round(100_000 * effort.length)
    runs = effort.of(2_000)
    others = monitoring.competitors(seed, runs=effort.of(200), pairs=pairs)
    yield _share(
        "D1",
        f"no change: 100 segments and all pooled, {pairs:,} pairs",
        "runs with a false alarm",
        monitoring.false_alarms(seed, runs=runs, pairs=pairs),
        runs,
        limit=31 / 2_000 * effort.length,
        others=_words(others, effort.of(200)),
    )
    bars = {0.08: 1_490.0, 0.10: 640.0, 0.15: 213.0, 0.25: 73.0}
    heights = monitoring.oracle_heights(seed, tuple(bars), runs=effort.of(1_500, least=100))
    for rate, limit in bars.items():
        runs = effort.of(1_500)
        found = monitoring.delay(seed, rate=rate, change=500, height=heights[rate], runs=runs)
        yield _mean(
            "D2",
            f"the rate jumps from 5 % to {100 * rate:.0f} % at pair 500",
            "mean pairs to the alarm",
            found.delays,
            limit,
            others=f"a CUSUM that knows both rates {found.oracle:.0f}",
        )
    yield _mean(
        "D3",
        "a segment of 3 % of the traffic doubles its rate",
        "mean of its own pairs to the alarm",
        monitoring.segment_delays(seed, runs=effort.of(200, least=100)),
        700.0,
    )
    for size in (3, 8):
        runs = effort.of(500)
        alarmed, naive = monitoring.conversation_false_alarms(
            seed, size=size, runs=runs, pairs=pairs
        )
        yield _share(
            "D4",
            f"no change: conversations of {size} pairs, intra-class correlation .3",
            "runs with a false alarm",
            alarmed,
            runs,
            limit=10 / 500,
            others=f"pairs taken as independent {100 * naive / runs:.0f} %",
        )


def _estimate_rows(effort: Effort, seed: int) -> Iterator[Row]:
    runs = effort.of(2_000, least=100)
    for pairs, gold, widest in estimates.CELLS:
        found = estimates.coverage(seed, pairs=pairs, gold=gold, runs=runs)
        recipe = f"{pairs:,} judged pairs and {gold} labels in 4 strata"
        yield _share(
            "C1",
            recipe,
            "intervals that cover",
            found.hits,
            runs,
            limit=0.94,
            at_least=True,
            others=f"the judge's rate alone {100 * found.judge_hits / runs:.0f} %",
        )
        yield _mean("C1", recipe, "mean width", found.widths, widest)
    runs = effort.of(1_500, least=100)
    ever, once = estimates.ever_misses(seed, runs=runs)
    yield _share(
        "C2",
        "a rate of 5 %, looked at after each of 3,000 pairs",
        "runs that ever miss it",
        ever,
        runs,
        limit=0.05,
        others=f"Wilson's interval {100 * once / runs:.0f} %",
    )


def _threshold_rows(effort: Effort, seed: int) -> Iterator[Row]:
    runs = effort.of(1_500, least=100)
    for weighted in (False, True):
        for n in (200, 500, 2_000):
            kind = "weighted" if weighted else "uniform"
            found = thresholds.certificates(seed, n=n, weighted=weighted, runs=runs)
            yield _share(
                "T1",
                f"one retune from {n:,} {kind} pairs, alpha = delta = .05",
                "wrong certificates",
                found.wrong,
                runs,
                limit=95 / 1_500,
                others=f"the smallest point estimate {100 * found.naive_wrong / runs:.0f} %",
            )
            if n == 2_000:  # noqa: PLR2004 - the size T2 is about
                yield _mean(
                    "T2",
                    f"the same: traffic kept ({kind})",
                    "of what an oracle would keep",
                    found.kept,
                    0.84 if weighted else 0.87,
                    at_least=True,
                )
    runs = effort.of(200)
    year = thresholds.year_of_retunes(seed, runs=runs)
    yield _share(
        "T4",
        "52 weekly retunes of 500 pairs",
        "years ever above alpha",
        year.ever_over,
        runs,
        limit=18 / 200,
    )
    yield _mean("T4", "the same", "of what an oracle would keep", year.kept, 0.70, at_least=True)
    runs = effort.of(400)
    for n in (2_000, 10_000):
        wrong, certified = thresholds.judged_certificates(seed, n=n, runs=runs)
        yield _share(
            "T5",
            f"{n:,} pairs, judge of sensitivity .70 and specificity .997, 100 + 100 gold pairs",
            "wrong certificates",
            wrong,
            runs,
            limit=0.05,
            others=f"certifies in {100 * certified / runs:.0f} % of runs",
        )


def _drift_rows(effort: Effort, seed: int) -> Iterator[Row]:
    runs, requests = effort.of(300), round(100_000 * effort.length)
    highest = drift.highest_statistics(seed, bins=20, runs=runs, requests=requests)
    yield _share(
        "I1",
        f"no change: {requests:,} requests",
        "runs with a false alarm",
        int((highest >= drift.LEVEL).sum()),
        runs,
        limit=8 / 300 * effort.length,
    )
    yield _mean(
        "I1",
        "confidences from Beta(2.5, 1.5) to Beta(1.8, 1.8) at request 2,000",
        "mean requests to the alarm",
        drift.delays(seed, change=2_000, bins=20, runs=effort.of(300)),
        400.0,
    )


def _share(
    bar: str,
    recipe: str,
    measure: str,
    count: int,
    runs: int,
    *,
    limit: float,
    at_least: bool = False,
    others: str = "",
) -> Row:
    low, high = clopper_pearson(count, runs)
    return Row(bar, recipe, measure, count / runs, low, high, limit, at_least, runs, others)


def _mean(
    bar: str,
    recipe: str,
    measure: str,
    values: np.ndarray,
    limit: float,
    *,
    at_least: bool = False,
    others: str = "",
) -> Row:
    value = float(values.mean())
    error = _Z * float(values.std(ddof=1)) / math.sqrt(values.size)
    return Row(
        bar,
        recipe,
        measure,
        value,
        value - error,
        value + error,
        limit,
        at_least,
        int(values.size),
        others,
    )


def _words(alarms: dict[str, int], runs: int) -> str:
    return ", ".join(f"{name} {100 * alarmed / runs:.0f} %" for name, alarmed in alarms.items())
