"""Whether a cheap judge may stand before a strong one, by what both say of the same anchors."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tierwatch.evaluation.rates.binomial import clopper_pearson_lower, clopper_pearson_upper

# How much of the strong judge's accuracy on anchors may be given up. On LLMBar's pairs PaLM2 before
# GPT-4, both with criteria and reference, gives up .016 and asks GPT-4 of 23 %; ChatGPT gives up
# .167, for it is wrong in both orders alike (benchmarks/judges.py).
MOST_LOST: Final = 0.05
# Of fewer the bound is above `MOST_LOST` unless the two never differ.
ENOUGH_ANCHORS: Final = 100
# Chance that one comparison lets in a judge that gives up more.
_DELTA: Final = 0.1


@dataclass(frozen=True, slots=True)
class Weighed:
    """What both make of an anchor: whether the strong judge is right, and whether the two are."""

    strong_right: bool
    together_right: bool


@dataclass(frozen=True, slots=True)
class FirstJudge:
    """Whether the cheap judge stands first, and the anchors that say so.

    Attributes:
        stands: whether it is asked first.
        n: anchors that both the strong judge and the two together were asked.
        strong_right: of them, those on which the strong judge is right alone.
        together_right: those on which the two together are right.
        lost: accuracy given up; below 0 where the two are right more often.
        most: upper bound of it, one-sided, at 90 %.
    """

    stands: bool
    n: int
    strong_right: int
    together_right: int
    lost: float
    most: float


def weigh_first_judge(found: Iterable[Weighed], *, stood: bool) -> FirstJudge:
    """Whether a cheap judge may stand first.

    It comes in when the upper bound of the accuracy that is given up is at most `MOST_LOST`, and
    goes when the estimate itself is above: so its coming is shown, and the noise of one more run
    does not make two instruments take turns. Below `ENOUGH_ANCHORS` it does not stand.

    The bound is of a difference of paired shares, by squares of the distances of exact bounds
    (Newcombe, Statistics in Medicine 17, 1998, method of variance estimates recovery, with
    Clopper-Pearson for Wilson): with l anchors that only the strong judge has right and g that only
    the two together have, ``(l - g) / n + sqrt((u(l) - l / n)^2 + (g / n - d(g))^2)``.

    At exactly `MOST_LOST`, on 100 to 408 anchors, it lets in 4 to 11 % (20,000 runs a cell).

    Not guaranteed: that what holds on anchors holds on your traffic; labels say that, of the two as
    one judge.

    >>> both = [Weighed(True, True)] * 350 + [Weighed(False, False)] * 50
    >>> weigh_first_judge([*both, *[Weighed(True, False)] * 8], stood=False).stands
    True
    >>> weigh_first_judge([*both, *[Weighed(True, False)] * 60], stood=True).stands
    False
    """
    seen = list(found)
    n = len(seen)
    strong = sum(one.strong_right for one in seen)
    together = sum(one.together_right for one in seen)
    if n == 0:
        return FirstJudge(stands=False, n=0, strong_right=0, together_right=0, lost=0.0, most=1.0)
    losses = sum(one.strong_right and not one.together_right for one in seen)
    gains = sum(one.together_right and not one.strong_right for one in seen)
    lost = (losses - gains) / n
    worse = clopper_pearson_upper(losses, n, _DELTA) - losses / n
    better = gains / n - clopper_pearson_lower(gains, n, _DELTA)
    most = min(1.0, lost + math.hypot(worse, better))
    stands = n >= ENOUGH_ANCHORS and (lost if stood else most) <= MOST_LOST
    return FirstJudge(stands, n, strong, together, lost, most)
