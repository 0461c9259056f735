"""What is learned at a boundary: two logistic heads, from judged pairs."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self
from zlib import crc32

from tierwatch.errors import EvidenceError
from tierwatch.routing.classify.familiarity.ends import end_words
from tierwatch.routing.classify.features import Features, features_of, hashed_words
from tierwatch.routing.classify.linear import LinearModel
from tierwatch.routing.classify.platt import Sigmoid, chance, fitted_sigmoid

VERDICTS = ("worse", "tie", "better")
_PASSES = 2  # of a fit over its pairs; a third recovers less
_THIRDS = 3
_WORSE, _BETTER = VERDICTS.index("worse"), VERDICTS.index("better")

Chances = tuple[float, float]
Scored = tuple[float, float, int, float]  # score of each head before learning, verdict, weight


class Pair(NamedTuple):
    """A judged pair, read; ``ends`` are the words that say what kind of prompt it is."""

    features: Features
    verdict: int
    weight: float
    third: int
    ends: set[int]

    @property
    def targets(self) -> Chances:
        """What the heads should say: 1 for the one that is right, if either is."""
        return float(self.verdict == _WORSE), float(self.verdict == _BETTER)


def judged_pair(text: str, verdict: str, weight: float) -> Pair:
    """A pair whose verdict and weight are accepted.

    Raises:
        EvidenceError: another verdict, or a weight that is not a positive number.
    """
    if verdict not in VERDICTS:
        raise EvidenceError(f"verdict: found {verdict!r}; accepted: {', '.join(VERDICTS)}")
    check_weight(weight)
    # Equal prompts fall into one third, or a model would be calibrated on what it learned.
    third = crc32(text.encode("utf-8", "surrogatepass")) % _THIRDS
    hashed = hashed_words(text)
    features = features_of(hashed, len(text))
    return Pair(features, VERDICTS.index(verdict), weight, third, end_words(hashed))


def check_weight(weight: float) -> None:
    """Refuse a weight that is not a positive number.

    Raises:
        EvidenceError: it is not.
    """
    if not (math.isfinite(weight) and weight > 0):
        raise EvidenceError(f"weight: found {weight}; accepted: a number above 0")


class Heads(NamedTuple):
    """What is learned: for each head a model of words and form, and one of the form alone."""

    words: tuple[LinearModel, ...]
    form: tuple[LinearModel, ...]

    def models(self) -> tuple[LinearModel, ...]:
        """All of them, in the order of the artefact."""
        return (*self.words, *self.form)

    def scores(self, features: Features) -> tuple[float, float]:
        """Log-odds before calibration that the higher and that the lower tier is better."""
        higher, lower = self.words
        return higher.score(features), lower.score(features)

    def step(self, features: Features, targets: Chances, weight: float) -> tuple[float, float]:
        """Learn targets in both heads; gives the scores from before."""
        scores = []
        for words, form, target in zip(self.words, self.form, targets, strict=True):
            score = words.score(features)
            words.learn(features, weight * (chance(score) - target))
            form.learn(features, weight * (chance(form.score(features)) - target))
            scores.append(score)
        return scores[0], scores[1]

    def after(self, pairs: Sequence[Pair]) -> Self:
        """What these would be after these pairs.

        Online learning leans on the pairs it learned last, by as much as calibration errs. So
        they are learned in their order and, apart, in its reverse, and the mean of both is taken.
        """
        there, back = (
            type(self)(*(tuple(model.copy() for model in models) for models in self))
            for _ in range(2)
        )
        for heads, order in ((there, pairs), (back, pairs[::-1])):
            for _ in range(_PASSES):
                for pair in order:
                    heads.step(pair.features, pair.targets, pair.weight)
        return type(self)(
            *(tuple(map(LinearModel.mean, *both)) for both in zip(there, back, strict=True))
        )


def unseen_scores(begun: Heads, pairs: Sequence[Pair]) -> list[Scored]:
    """The scores that each third of the prompts gets from a model of the other two thirds."""
    parts = [
        begun.after([pair for pair in pairs if pair.third != third]) for third in range(_THIRDS)
    ]
    return [(*parts[pair.third].scores(pair.features), pair.verdict, pair.weight) for pair in pairs]


def sigmoids_of(unseen: Iterable[Scored]) -> tuple[Sigmoid, Sigmoid]:
    """What turns the scores of both heads into chances, from pairs they had not learned yet."""
    pairs = list(unseen)
    better = [(higher, float(verdict == _WORSE), weight) for higher, _, verdict, weight in pairs]
    worse = [(lower, float(verdict == _BETTER), weight) for _, lower, verdict, weight in pairs]
    return fitted_sigmoid(better), fitted_sigmoid(worse)
