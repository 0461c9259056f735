"""A verdict as a score, for tools that show one beside an answer: a name, 0 or 1, a word."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from tierwatch.evaluation.sampling.outcome import Preferred

Label = Literal["pass", "fail", "inconclusive"]

NAMES: Final[Mapping[str, str]] = {
    "up": "tierwatch.misroute",
    "down": "tierwatch.overspend",
    "top": "tierwatch.below_top",
}


class Score(NamedTuple):
    """What one verdict says of the answer that was served.

    Attributes:
        name: what is asked: whether the next tier's answer was materially better
            (``tierwatch.misroute``), whether the cheaper tier's would have done
            (``tierwatch.overspend``), whether the top tier's was better (``tierwatch.below_top``).
        value: 1.0 where that is so, else 0.0. The mean over answers is *not* the rate that
            tierwatch gives: answers are sampled with different probabilities.
        label: ``fail`` for 1 and ``pass`` for 0; ``inconclusive``, with 0, where the judge's two
            orders contradict each other, so that nothing was shown.
    """

    name: str
    value: float
    label: Label


def score_of(preferred: Preferred, *, direction: str) -> Score:
    """The score of a verdict.

    Args:
        preferred: the materially better answer, or that there is none.
        direction: of the pair: ``up``, ``down`` or ``top``.

    >>> score_of("alternative", direction="up")
    Score(name='tierwatch.misroute', value=1.0, label='fail')
    >>> score_of("tie", direction="down").value, score_of("served", direction="down").value
    (1.0, 0.0)
    """
    name = NAMES[direction]
    if preferred == "inconclusive":
        return Score(name, 0.0, "inconclusive")
    shown = preferred != "served" if direction == "down" else preferred == "alternative"
    return Score(name, float(shown), "fail" if shown else "pass")
