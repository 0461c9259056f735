"""Lines of the certificate: what was simulated, what was measured, whether the bar holds."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tierwatch.evaluation.rates.binomial import clopper_pearson

Verdict = Literal["holds", "undecided", "fails", "not promised"]
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
        promised: whether the limit is a promise. False for traffic on which none is made: that it
            is not kept is then shown and fails nothing.
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
    promised: bool = True

    @property
    def verdict(self) -> Verdict:
        """Whether the bar holds; undecided when too few runs leave it open."""
        if self.at_least:
            kept, possible = self.value >= self.limit, self.high >= self.limit
        else:
            kept, possible = self.value <= self.limit, self.low <= self.limit
        if kept:
            return "holds"
        if not self.promised:
            return "not promised"
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


def share_row(
    bar: str,
    recipe: str,
    measure: str,
    count: int,
    runs: int,
    *,
    limit: float,
    at_least: bool = False,
    others: str = "",
    promised: bool = True,
) -> Row:
    """A row whose measure is a share of the runs, with Clopper and Pearson's interval."""
    low, high = clopper_pearson(count, runs)
    return Row(
        bar, recipe, measure, count / runs, low, high, limit, at_least, runs, others, promised
    )


def mean_row(
    bar: str,
    recipe: str,
    measure: str,
    values: np.ndarray,
    limit: float,
    *,
    at_least: bool = False,
    others: str = "",
    promised: bool = True,
) -> Row:
    """A row whose measure is a mean over the runs, with a normal interval."""
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
        promised,
    )


def in_words(alarms: dict[str, int], runs: int) -> str:
    """How often each of other alarms was false.

    >>> in_words({"daily z-test": 99, "chunks": 1}, 100)
    'daily z-test 99 %, chunks 1 %'
    """
    return ", ".join(f"{name} {100 * alarmed / runs:.0f} %" for name, alarmed in alarms.items())
