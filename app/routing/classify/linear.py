"""One linear model over a prompt's features, learned online by AdaGrad.

Duchi, Hazan, Singer: "Adaptive subgradient methods for online learning and stochastic
optimization" (JMLR 2011). A word that is seen often moves in ever smaller steps, a rare one in
large ones. Plain Python over arrays of 32-bit floats: what is saved is what was computed with.
"""

import math
from array import array
from operator import itemgetter, mul

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.features import FORM, Features

# Chosen together (docs/decisions/0029). With .2 and .03 rare words move further, which pays where
# words tell much and costs where pairs are few.
_RATE = 0.25  # AdaGrad's step
_DAMPING = 0.15  # added to the sum of squares: bounds the step of a word's first sight


class LinearModel:
    """A score over hashed words and form, or over form alone.

    Args:
        first: score of every prompt before anything is learned.
        buckets: number of word weights; 0 for a model of the form alone.
    """

    __slots__ = ("form", "form_squares", "squares", "words")

    def __init__(self, first: float, buckets: int) -> None:
        self.words = array("f", bytes(4 * buckets))
        self.squares = array("f", bytes(4 * buckets))
        self.form = array("f", [first] + [0.0] * (FORM - 1))
        self.form_squares = array("f", bytes(4 * FORM))

    def score(self, features: Features) -> float:
        """The score of a prompt: log-odds, or whatever the owner takes it for."""
        buckets, unit, form = features
        score: float = sum(map(mul, self.form, form))
        if self.words and len(buckets) > 1:
            score += unit * sum(itemgetter(*buckets)(self.words))
        elif self.words and buckets:
            score += unit * self.words[buckets[0]]
        return score

    def learn(self, features: Features, slope: float) -> None:
        """Step against a gradient of ``slope`` in the score."""
        buckets, unit, form = features
        if self.words:
            step = slope * unit
            square, rate = step * step, _RATE * step
            words, squares, sqrt = self.words, self.squares, math.sqrt
            for bucket in buckets:
                total = squares[bucket] + square
                squares[bucket] = total
                words[bucket] -= rate / sqrt(total + _DAMPING)
        for place, value in enumerate(form):
            step = slope * value
            self.form_squares[place] += step * step
            self.form[place] -= _RATE * step / math.sqrt(self.form_squares[place] + _DAMPING)

    def copy(self) -> "LinearModel":
        """The same model, to be learned on apart."""
        copied = LinearModel(0.0, 0)
        for name in self.__slots__:
            setattr(copied, name, getattr(self, name)[:])
        return copied

    def mean(self, other: "LinearModel") -> "LinearModel":
        """The model whose scores are the mean of both models' scores; of the same size."""
        half = LinearModel(0.0, 0)
        for name in self.__slots__:
            both = zip(getattr(self, name), getattr(other, name), strict=True)
            setattr(half, name, array("f", [(ours + theirs) / 2 for ours, theirs in both]))
        return half

    def numbers(self) -> "tuple[array[float], ...]":
        """All numbers, in the order of the artefact."""
        return (self.form, self.form_squares, self.words, self.squares)

    def restore(self, kind: str, numbers: "array[float]") -> "array[float]":
        """Take this model's numbers from the front; gives what is left.

        Raises:
            ArtefactError: there are too few, or one is not finite; names the ``kind``.
        """
        for part in self.numbers():
            found = numbers[: len(part)]
            if len(found) != len(part) or not all(map(math.isfinite, found)):
                raise ArtefactError(f"{kind}: its numbers are too few, or one is not finite")
            part[:] = found
            numbers = numbers[len(part) :]
        return numbers
