"""The local classifier: learns from the router's own judged pairs, decides in microseconds.

One `LocalClassifier` stands at a boundary between a tier and the next. Two logistic heads over
hashed words (Weinberger et al. 2009) estimate the chance that the higher tier's answer is better
and that the lower's is. They learn online by AdaGrad (Duchi, Hazan, Singer 2011), one pass over
the pairs as they are judged, and are calibrated by Platt's sigmoid (Platt 1999) on the scores they
gave to pairs *before* learning from them, which is what scores of unseen prompts look like.

Nothing but the standard library is needed, to decide or to learn.
"""

import math
import os
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter, mul
from pathlib import Path
from typing import Any, Self

from app.errors import ArtefactError, EvidenceError
from app.routing.artefact import LARGEST_BYTES, open_sealed, require, seal
from app.routing.classification import Classification, Messages
from app.routing.features import (
    BUCKETS,
    FEATURE_VERSION,
    FORM,
    Features,
    prompt_features,
    routed_text,
)

VERDICTS = ("worse", "tie", "better")
FORMAT_VERSION = 1
# Fewer pairs teach words nothing: the form alone decides until then.
WORDS_FROM = 200

_RATE = 0.2  # AdaGrad's step; .1 to .5 differ by .005 of the gap recovered
_DAMPING = 0.03  # added to the sum of squares: a word's first sight moves it by half a step
# Chances before any pair: what recorded ladders had, roughly.
_FIRST = (-1.4, -2.6)
_RECENT = 1_000  # pairs that calibrate
_CALIBRATE_FROM = 100
_CALIBRATE_EVERY = 50
# Weight of "the scores are right as they are", in pairs: keeps 100 pairs from bending them.
_PRIOR_PAIRS = 10.0
_KIND = "local classifier"
_WORSE, _BETTER = VERDICTS.index("worse"), VERDICTS.index("better")

Chances = tuple[float, float]


def _chance(score: float) -> float:
    if score >= 0:
        return 1 / (1 + math.exp(-min(score, 700.0)))
    grown = math.exp(max(score, -700.0))
    return grown / (1 + grown)


class _Head:
    """One logistic regression: over words and form, or over form alone."""

    __slots__ = ("form", "form_squares", "squares", "words")

    def __init__(self, first: float, buckets: int) -> None:
        self.words = array("f", bytes(4 * buckets))
        self.squares = array("f", bytes(4 * buckets))
        self.form = array("f", [first] + [0.0] * (FORM - 1))
        self.form_squares = array("f", bytes(4 * FORM))

    def score(self, features: Features) -> float:
        """Log-odds."""
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

    def numbers(self) -> "tuple[array[float], ...]":
        """All numbers, in the order of the artefact."""
        return (self.form, self.form_squares, self.words, self.squares)


class LocalClassifier:
    """Estimates, for one boundary, which tier's answer to a prompt would be better.

    Not safe for learning from two threads at once; any number may predict while nobody learns.

    Attributes:
        pairs: judged pairs learned from.

    >>> classifier = LocalClassifier()
    >>> for _ in range(150):
    ...     classifier.learn("Prove the theorem.", "worse")
    ...     classifier.learn("What is the capital of France?", "tie")
    >>> higher, lower = classifier.predict("Prove this theorem.")
    >>> higher > .5 > classifier.predict("What is the capital of Spain?")[0]
    True
    """

    def __init__(self) -> None:
        self.pairs = 0
        self._words = tuple(_Head(first, BUCKETS) for first in _FIRST)
        self._form = tuple(_Head(first, 0) for first in _FIRST)
        self._sigmoids = ((1.0, 0.0), (1.0, 0.0))
        # (score of each head before learning, verdict, weight) of the last pairs.
        self._recent: deque[tuple[float, float, int, float]] = deque(maxlen=_RECENT)

    def learn(self, text: str, verdict: str, weight: float = 1.0) -> None:
        """Learn from one judged pair, in some 100 microseconds.

        Args:
            text: the prompt, as `routed_text` gives it.
            verdict: ``worse | tie | better``, of the lower tier's answer.
            weight: how many pairs it stands for, 1 / (probability of being sampled).

        Raises:
            EvidenceError: another verdict or a weight that is not a positive number. Nothing is
                learned.
        """
        if verdict not in VERDICTS:
            raise EvidenceError(f"verdict: found {verdict!r}; accepted: {', '.join(VERDICTS)}")
        if not (math.isfinite(weight) and weight > 0):
            raise EvidenceError(f"weight: found {weight}; accepted: a number above 0")
        features = prompt_features(text)
        targets = (float(verdict == "worse"), float(verdict == "better"))
        scores = self._step(features, targets, weight)
        self._recent.append((*scores, VERDICTS.index(verdict), weight))
        self.pairs += 1
        if self.pairs >= _CALIBRATE_FROM and self.pairs % _CALIBRATE_EVERY == 0:
            self._calibrate()

    def imitate(self, text: str, chances: Chances, weight: float = 1.0) -> None:
        """Learn a teacher's chances for a prompt that was not judged; counts as no pair.

        Raises:
            EvidenceError: chances outside [0, 1], or a weight that is not a positive number.
        """
        if not all(0 <= chance <= 1 for chance in chances):
            raise EvidenceError(f"chances: found {chances}; accepted: two numbers from 0 to 1")
        if not (math.isfinite(weight) and weight > 0):
            raise EvidenceError(f"weight: found {weight}; accepted: a number above 0")
        self._step(prompt_features(text), chances, weight)

    def predict(self, text: str) -> tuple[float, float]:
        """The chances that the higher and that the lower tier's answer is better.

        Each is in [0, 1]; the rest to 1 is a tie. The same text and state give the same chances
        on every machine.
        """
        return self._chances(prompt_features(text))

    def fit(
        self,
        texts: Sequence[str],
        verdicts: Sequence[str],
        unlabelled: Iterable[str] | None = None,
        *,
        weights: Sequence[float] | None = None,
        teacher: Callable[[str], Chances] | None = None,
    ) -> Self:
        """Forget everything and learn these pairs, in their order, the latest last.

        Args:
            texts: prompts.
            verdicts: one for each.
            unlabelled: prompts nobody judged. They are imitated from the teacher before the pairs
                are learned, and are of no use without one.
            weights: one for each pair; 1 where absent.
            teacher: gives chances for a prompt, as `predict` does.

        Raises:
            EvidenceError: lengths differ, or what `learn` refuses. The classifier is as before.
        """
        if len(texts) != len(verdicts) or (weights is not None and len(weights) != len(texts)):
            raise EvidenceError(
                f"found {len(texts)} texts, {len(verdicts)} verdicts"
                f"{'' if weights is None else f' and {len(weights)} weights'};"
                " accepted: as many of each"
            )
        fresh = type(self)()
        if teacher is not None:
            for text in unlabelled or ():
                fresh.imitate(text, teacher(text))
        for place, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
            fresh.learn(text, verdict, 1.0 if weights is None else weights[place])
        fresh._calibrate()  # noqa: SLF001 - of the same class
        self.__dict__.update(fresh.__dict__)
        return self

    def to_bytes(self) -> bytes:
        """The whole state as an artefact of at most 1 MiB: learning goes on where it stopped."""
        header = {
            "format": FORMAT_VERSION,
            "features": FEATURE_VERSION,
            "buckets": BUCKETS,
            "pairs": self.pairs,
            "sigmoids": self._sigmoids,
            "recent": list(self._recent),
        }
        return seal(_KIND, header, self._numbers())

    @classmethod
    def from_bytes(cls, artefact: bytes) -> Self:
        """Read an artefact.

        Raises:
            ArtefactError: it is cut, changed, of another format or made with other features.
        """
        header, numbers = open_sealed(_KIND, artefact)
        made = {"format": FORMAT_VERSION, "features": FEATURE_VERSION, "buckets": BUCKETS}
        require(_KIND, header, made)
        restored = cls()
        parts = restored._numbers()
        expected = sum(map(len, parts))
        if len(numbers) != expected or not all(map(math.isfinite, numbers)):
            raise ArtefactError(
                f"{_KIND}: found {len(numbers):,} numbers, not all finite or not as many as"
                f" accepted: {expected:,}"
            )
        try:
            restored.pairs = int(header["pairs"])
            (a, b), (c, d) = header["sigmoids"]
            restored._sigmoids = ((float(a), float(b)), (float(c), float(d)))
            restored._recent.extend(
                (float(higher), float(lower), int(verdict), float(weight))
                for higher, lower, verdict, weight in header["recent"]
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise ArtefactError(f"{_KIND}: its header cannot be read: {problem!r}") from None
        start = 0
        for part in parts:
            part[:] = numbers[start : start + len(part)]
            start += len(part)
        return restored

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the artefact to a file, whole or not at all."""
        target = Path(path)
        beside = target.with_name(f".{target.name}.new")
        beside.write_bytes(self.to_bytes())
        beside.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read the artefact in a file.

        Raises:
            ArtefactError: it cannot be read or used; names the file.
        """
        try:
            with Path(path).open("rb") as file:
                return cls.from_bytes(file.read(LARGEST_BYTES + 1))
        except OSError as problem:
            raise ArtefactError(f"{os.fspath(path)}: {problem.strerror}") from None
        except ArtefactError as problem:
            raise ArtefactError(f"{os.fspath(path)}: {problem}") from None

    def _numbers(self) -> "list[array[float]]":
        heads = (*self._words, *self._form)
        return [part for head in heads for part in head.numbers()]

    def _step(self, features: Features, targets: Chances, weight: float) -> tuple[float, float]:
        """Learn targets in both heads; gives the scores from before."""
        scores = []
        for words, form, target in zip(self._words, self._form, targets, strict=True):
            score = words.score(features)
            words.learn(features, weight * (_chance(score) - target))
            form.learn(features, weight * (_chance(form.score(features)) - target))
            scores.append(score)
        return scores[0], scores[1]

    def _chances(self, features: Features) -> Chances:
        if self.pairs < WORDS_FROM:
            higher, lower = (_chance(head.score(features)) for head in self._form)
        else:
            higher, lower = (
                _chance(slope * head.score(features) + offset)
                for head, (slope, offset) in zip(self._words, self._sigmoids, strict=True)
            )
        # Two heads that were fitted apart may promise more than 1 together.
        together = max(1.0, higher + lower)
        return higher / together, lower / together

    def _calibrate(self) -> None:
        better = [(a, float(v == _WORSE), w) for a, _, v, w in self._recent]
        worse = [(b, float(v == _BETTER), w) for _, b, v, w in self._recent]
        self._sigmoids = (_platt(better), _platt(worse))


def _platt(points: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Slope and offset of the sigmoid that fits (score, 0 or 1, weight) best.

    Newton's method on the weighted log-loss with a quadratic pull of ten pairs towards (1, 0). A
    slope that is not positive would turn the order round and is not taken: (1, 0) then.
    """
    slope, offset = 1.0, 0.0
    mean = sum(weight for _, _, weight in points) / len(points) if points else 1.0
    pull = _PRIOR_PAIRS * mean * 0.25
    for _ in range(20):
        g_slope, g_offset = pull * (slope - 1), pull * offset
        h_slope, h_cross, h_offset = pull, 0.0, pull
        for score, target, weight in points:
            chance = _chance(slope * score + offset)
            miss = weight * (chance - target)
            curve = weight * chance * (1 - chance)
            g_slope += miss * score
            g_offset += miss
            h_slope += curve * score * score
            h_cross += curve * score
            h_offset += curve
        determinant = h_slope * h_offset - h_cross * h_cross
        by_slope = (h_offset * g_slope - h_cross * g_offset) / determinant
        by_offset = (h_slope * g_offset - h_cross * g_slope) / determinant
        slope, offset = slope - by_slope, offset - by_offset
        if abs(by_slope) + abs(by_offset) < 1e-6:  # noqa: PLR2004 - far below what a score resolves
            break
    if not (math.isfinite(offset) and 0 < slope < math.inf):
        return 1.0, 0.0
    return slope, offset


class LocalTierClassifier:
    """Scores every tier with one `LocalClassifier` a boundary.

    The confidence that a tier suffices is ``1 - max(0, P(next tier better) - P(this tier
    better))``: 1 less the chance that going up helps, net of the chance that it hurts. Ranked by
    that difference a classifier recovers .03 more of the quality gap than by the first chance
    alone (benchmarks/router.py).

    Args:
        tiers: names of two or more tiers, cheapest first.
        boundaries: the classifier of each tier but the top one, by the tier's name.

    Raises:
        ArtefactError: a boundary has no classifier, or there is one for no boundary.
    """

    def __init__(self, tiers: Sequence[str], boundaries: Mapping[str, LocalClassifier]) -> None:
        self._below_top = tuple(tiers[:-1])
        self._top = tiers[-1]
        if set(boundaries) != set(self._below_top):
            raise ArtefactError(
                f"{_KIND}: found boundaries {sorted(boundaries)}; accepted: exactly"
                f" {sorted(self._below_top)}"
            )
        self._boundaries = tuple((tier, boundaries[tier]) for tier in self._below_top)

    def classify(
        self,
        messages: Messages,
        *,
        tools: Sequence[Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
    ) -> Classification:
        """Score a chat in OpenAI's form.

        The label is the first tier with a confidence of .5 or more, else the top tier.
        """
        text = routed_text(messages, tools=tools, response_format=response_format)
        features = prompt_features(text)
        confidences = {
            tier: net_confidence(classifier._chances(features))  # noqa: SLF001 - of this module
            for tier, classifier in self._boundaries
        }
        for tier, confidence in confidences.items():
            if confidence >= 0.5:  # noqa: PLR2004 - more likely than not
                return Classification(tier, confidence, confidences=confidences)
        last = confidences[self._below_top[-1]]
        return Classification(self._top, 1 - last, confidences=confidences)


def net_confidence(chances: Chances) -> float:
    """The confidence that the lower tier suffices, from what `LocalClassifier.predict` gives.

    >>> round(net_confidence((.3, .1)), 9), net_confidence((.1, .2))
    (0.8, 1.0)
    """
    higher, lower = chances
    return 1 - max(0.0, higher - lower)
