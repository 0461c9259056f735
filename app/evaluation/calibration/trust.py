"""Whether a judge may be believed at all, by how often it is right on anchors."""

from dataclasses import dataclass
from typing import Final

from tierwatch.evaluation.rates.binomial import clopper_pearson_lower, clopper_pearson_upper

# Of three verdicts chance is right on a third of the shipped anchors, and one word for all on .38.
# On LLMBar's pairs, asked in both orders, GPT-4 is right on .71 to .83 and PaLM2 on .56 to .64,
# ChatGPT on .20 to .28 and LLaMA2 on .30 to .35: nothing that was ever of use is below a half.
LEAST_ACCURACY: Final = 0.5
# Of fewer a judge that is right on a half may be shown to be below it by one bad batch.
ENOUGH_ANCHORS: Final = 100
# Chance that one run calls a judge not trusted whose accuracy is the least: one in 1,000 runs.
_DELTA: Final = 0.001


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether a judge is trusted, and the anchors that say so.

    Attributes:
        trusted: whether it may be believed.
        right: anchors on which its verdict was the known one.
        n: anchors on which it had a verdict.
        low: one-sided lower bound of its accuracy, at 99.9 %.
        high: one-sided upper bound of it, likewise.
    """

    trusted: bool
    right: int
    n: int
    low: float
    high: float


def weigh_trust(right: int, n: int, *, was_trusted: bool = True) -> Trust:
    """Whether a judge is trusted after a run over the anchors.

    It stops to be when the exact upper bound of its accuracy is below `LEAST_ACCURACY`, and is
    again when the lower bound has reached it; in between, and with fewer than `ENOUGH_ANCHORS`, it
    stays what it was. So each move has been shown, at most once in 1,000 runs by chance, and a
    judge at the limit does not come and go. Bounds are those of `clopper_pearson`.

    Not guaranteed: anything about a judge that is trusted. It may still be too weak to certify a
    tolerance (`weakness`), and anchors are not your traffic.

    Raises:
        EvidenceError: more right than there are, or counts below 0.

    >>> weigh_trust(102, 408).trusted, weigh_trust(204, 408).trusted
    (False, True)
    >>> [weigh_trust(k, 408, was_trusted=False).trusted for k in (204, 230, 250)]
    [False, False, True]
    >>> weigh_trust(10, 99).trusted
    True
    """
    low = clopper_pearson_lower(right, n, _DELTA)
    high = clopper_pearson_upper(right, n, _DELTA)
    trusted = was_trusted
    if n >= ENOUGH_ANCHORS:
        trusted = high >= LEAST_ACCURACY if was_trusted else low >= LEAST_ACCURACY
    return Trust(trusted, right, n, low, high)
