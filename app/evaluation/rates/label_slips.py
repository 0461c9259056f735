"""How often people's labels are slips, from second labels, and what that does to a rate.

Reference: two independent readings by one instrument, Hui and Walter, "Estimating the error rates
of diagnostic tests" (Biometrics 1980), with both error rates equal; the correction is Rogan and
Gladen's (American Journal of Epidemiology 1978).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.percent import percent

# Of fewer, none that disagrees leaves slips of 9 % possible (n = 10), and nothing is shown by that.
ENOUGH_TWICE: Final = 20
# What the pages work out while slips are not measured.
SUPPOSED_SLIPS: Final = 0.05
# So near to one half a label says nothing of the pair, and dividing by 1 - 2 e says anything.
SAYS_NOTHING: Final = 0.49


@dataclass(frozen=True, slots=True)
class LabelSlips:
    """How often two people disagreed on whether the served answer was materially worse.

    **The model.** A person sees the truth and slips with a chance of e, to either side alike and
    whatever another person did. Two labels of a pair then disagree with ``d = 2 e (1 - e)``, so

        e = (1 - sqrt(1 - 2 d)) / 2

    and people find ``e + (1 - 2 e) rate`` of the pairs worse (`without_slips`).

    **Three words.** Only one question enters a rate: *alternative* or not. So d counts pairs on
    which just one of two people said it; *served* against *tie* is no disagreement. Where people
    slip to each other word with s / 2, a worse answer is missed with s and another accused with
    s / 2. Then ``d = 2 (s / 2) (1 - s / 2)`` but for the rare worse answers, so e is s / 2, what is
    taken off is right, and only the factor is ``1 - s`` instead of ``1 - 3 s / 2``: at slips of
    10 % the rate is told as .94 of itself.

    **Not guaranteed.** Where slips lean to one word, or people make the same mistakes, d does not
    show what they do: of two labels a pair nobody can tell a missed worse answer from an accused
    good one. Everybody's slips to *tie* with 10 % leave .9 of the rate, and this takes more off.
    `calibration.reviewers` refuses where single people lean. Slips of unequal chance for each
    pair: e is then told too small, at 10 % on average with a standard deviation of .1 by .01.

    Attributes:
        disagreed: pairs on which just one of two people found the served answer worse.
        twice: pairs that two people labelled, drawn at random among labelled ones.

    Raises:
        EvidenceError: no such counts.
    """

    disagreed: int
    twice: int

    def __post_init__(self) -> None:
        if not 0 <= self.disagreed <= self.twice:
            raise EvidenceError(f"{self.disagreed} of {self.twice} second labels is not a count")

    @property
    def measured(self) -> bool:
        """Whether there are enough of them to correct by."""
        return self.twice >= ENOUGH_TWICE

    def rate(self, level: float = 0.95) -> Estimate:
        """The chance of a slip, with the exact interval of the disagreements carried over.

        >>> round(LabelSlips(disagreed=18, twice=100).rate().value, 9)     # d = .18 = 2 * .1 * .9
        0.1
        >>> LabelSlips(0, 0).rate().value is None
        True
        """
        if self.twice == 0:
            return unknown("no pair has two labels", high=0.5)
        low, high = clopper_pearson(self.disagreed, self.twice, level)
        method = (
            f"two people disagree on {self.disagreed} of {self.twice} pairs, slips alike to either"
            " side"
        )
        value, least, most = (float(_slip(x)) for x in (self.disagreed / self.twice, low, high))
        return Estimate(value, least, most, self.twice, method)

    def draws(self, rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        """Draws of the least and of the greatest slip rate that fit; shape (count,) each.

        The disagreements' Beta(k, n - k + 1) and Beta(k + 1, n - k), whose quantiles are Clopper
        and Pearson's bounds, drawn together as two neighbouring order statistics of n uniform ones.
        """
        k, n = self.disagreed, self.twice
        least = rng.beta(k, n - k + 1, count) if k else np.zeros(count)
        gap = rng.beta(1, n - k, count) if k < n else np.ones(count)
        return _slip(least), _slip(least + (1 - least) * gap)


def without_slips(rate: Estimate, slip: float) -> Estimate:
    """A rate by labels as it would be if people slipped in a known share of them.

        (rate - e) / (1 - 2 e), within 0 and 1

    Raises:
        EvidenceError: a share outside [0, .49].

    >>> without_slips(Estimate(.095, .068, .14, 300, "double sampling"), .05).value
    0.05
    """
    if not 0 <= slip <= SAYS_NOTHING:
        raise EvidenceError(f"a slip rate lies from 0 to {SAYS_NOTHING}, not {slip}")
    if rate.value is None:
        return rate
    value, low, high = (
        min(1.0, max(0.0, round((x - slip) / (1 - 2 * slip), 12)))
        for x in (rate.value, rate.low, rate.high)
    )
    return replace(
        rate, value=value, low=low, high=high, method=f"{rate.method}, slips of {percent(slip)}"
    )


def ends_without_slips(
    lower: Floats, upper: Floats, slips: LabelSlips, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draws of a rate by labels, as draws of the true rate: of its lower and of its upper end.

    Each draw takes that of the two slip rates which moves it further out, so that neither end
    leans on the slips being what they seem. Where a slip rate comes near one half, labels say
    nothing, and the draw is 0 or 1.

    Args:
        lower: draws for the lower end of the rate by labels.
        upper: draws for the upper end; the same shape.
        slips: measured.
        rng: draws the slips.
    """
    least, most = slips.draws(rng, lower.size)
    low = np.minimum(_corrected(lower, least), _corrected(lower, most))
    high = np.maximum(_corrected(upper, least), _corrected(upper, most))
    nothing = most >= SAYS_NOTHING
    return np.where(nothing, 0.0, low), np.where(nothing, 1.0, high)


def _corrected(rate: Floats, slip: Floats) -> Floats:
    # The floor keeps the draws finite that `ends_without_slips` replaces.
    return np.clip((rate - slip) / np.maximum(1 - 2 * slip, 1 - 2 * SAYS_NOTHING), 0.0, 1.0)


def _slip(disagree: float | Floats) -> NDArray[np.float64]:
    return np.asarray((1 - np.sqrt(np.maximum(0.0, 1 - 2 * np.asarray(disagree)))) / 2)


def supposed(rate: Estimate) -> Estimate:
    """The rate if people slipped in 5 % of their labels, to show while nobody knows.

    >>> supposed(Estimate(.14, .05, .23, 300, "double sampling")).high
    0.2
    """
    return without_slips(rate, SUPPOSED_SLIPS)
