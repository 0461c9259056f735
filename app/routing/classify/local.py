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
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from zlib import crc32

from tierwatch.errors import ArtefactError, EvidenceError
from tierwatch.routing.classify.answer_cost import AnswerCost
from tierwatch.routing.classify.artefact import LARGEST_BYTES, open_sealed, require, seal
from tierwatch.routing.classify.classification import Classification, Messages
from tierwatch.routing.classify.features import (
    BUCKETS,
    FEATURE_VERSION,
    Features,
    features_of,
    hashed_words,
    prompt_features,
    routed_text,
)
from tierwatch.routing.classify.linear import LinearModel
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.classify.type_offsets import NO_OFFSETS, TypeOffsets
from tierwatch.routing.policy import ALL_TASKS

if TYPE_CHECKING:
    from array import array

VERDICTS = ("worse", "tie", "better")
FORMAT_VERSION = 1
# Fewer pairs teach words nothing: the form alone decides until then.
WORDS_FROM = 200

# Log-odds that learning begins at: what recorded ladders had, roughly.
_FIRST = (-1.4, -2.6)
# What is said with no pair at all, and less and less until 200. A confidence of .62: below the
# usual threshold, so that an untrained router sends everything up. Trust is earned.
_UNKNOWN = (0.45, 0.07)
_RECENT = 1_000  # pairs that calibrate
_CALIBRATE_FROM = 100
_CALIBRATE_EVERY = 50
_PASSES = 2  # of a fit over its pairs; a third recovers less
SUREST = 0.999  # a threshold of 1 keeps nothing
_THIRDS = 3
# Weight of "the scores are right as they are", in pairs: keeps 100 pairs from bending them.
_PRIOR_PAIRS = 10.0
_KIND = "local classifier"
_WORSE, _BETTER = VERDICTS.index("worse"), VERDICTS.index("better")

Chances = tuple[float, float]
_Sigmoids = tuple[tuple[float, float], tuple[float, float]]  # slope and offset of each head


def _chance(score: float) -> float:
    if score >= 0:
        return 1 / (1 + math.exp(-min(score, 700.0)))
    grown = math.exp(max(score, -700.0))
    return grown / (1 + grown)


class LocalClassifier:
    """Estimates, for one boundary, which tier's answer to a prompt would be better.

    Not safe for learning from two threads at once; any number may predict while nobody learns.

    Attributes:
        pairs: judged pairs learned from.
        type_offsets: what each task type adds to this very state's log-odds, or None. Learning
            gives them up.

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
        self.type_offsets: TypeOffsets | None = None
        self._heads = _Heads(
            tuple(LinearModel(first, BUCKETS) for first in _FIRST),
            tuple(LinearModel(first, 0) for first in _FIRST),
        )
        self._sigmoids: _Sigmoids = ((1.0, 0.0), (1.0, 0.0))
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
        pair = _checked(text, verdict, weight)
        self.type_offsets = None
        scores = self._heads.step(pair.features, pair.targets, weight)
        self._recent.append((*scores, pair.verdict, weight))
        self.pairs += 1
        if self.pairs >= _CALIBRATE_FROM and self.pairs % _CALIBRATE_EVERY == 0:
            self._sigmoids = _sigmoids(self._recent)

    def imitate(self, text: str, chances: Chances, weight: float = 1.0) -> None:
        """Learn a teacher's chances for a prompt that was not judged; counts as no pair.

        Raises:
            EvidenceError: chances outside [0, 1], or a weight that is not a positive number.
        """
        if not all(0 <= chance <= 1 for chance in chances):
            raise EvidenceError(f"chances: found {chances}; accepted: two numbers from 0 to 1")
        _check_weight(weight)
        self.type_offsets = None
        self._heads.step(prompt_features(text), chances, weight)

    def predict(self, text: str, types: TaskTypes | None = None) -> tuple[float, float]:
        """The chances that the higher and that the lower tier's answer is better.

        Each is in [0, 1]; the rest to 1 is a tie. The same text and state give the same chances
        on every machine.

        Args:
            text: the prompt, as `routed_text` gives it.
            types: the task types in force. Offsets for their version count, others do not.
        """
        hashed = hashed_words(text)
        features = features_of(hashed, len(text))
        offsets = self.offsets_under(types)
        if types is None or not offsets:
            return self._chances(features)
        return self._chances(features, offsets.get(types.assign_words(hashed), NO_OFFSETS))

    def log_odds(self, text: str) -> tuple[float, float] | None:
        """What both heads say, calibrated, each by itself and before any offset.

        None below 200 pairs: until then no words decide, and nothing is added to them.
        """
        if self.pairs < WORDS_FROM:
            return None
        return self._calibrated(self._heads.scores(prompt_features(text)))

    def offsets_under(self, types: TaskTypes | None) -> Mapping[str, Chances]:
        """By task type, what is added to the log-odds under these types; empty for nothing."""
        if types is None or self.type_offsets is None or self.pairs < WORDS_FROM:
            return {}
        return self.type_offsets.under(types.version)

    def fit(
        self,
        texts: Sequence[str],
        verdicts: Sequence[str],
        unlabelled: Iterable[str] | None = None,
        *,
        weights: Sequence[float] | None = None,
        teacher: Callable[[str], Chances] | None = None,
    ) -> Self:
        """Forget everything and learn these pairs, none for being the latest.

        They are learned in their order and in its reverse, in two passes each where `learn` makes
        one, and the mean of both models is kept. It is calibrated on the scores that each third of
        the prompts gets from a model of the other two, and takes some millisecond a pair.

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
        each = [1.0] * len(texts) if weights is None else weights
        pairs = [_checked(*pair) for pair in zip(texts, verdicts, each, strict=True)]
        fresh = type(self)()
        if teacher:
            for text in unlabelled or ():
                fresh.imitate(text, teacher(text))
        begun = fresh._heads  # noqa: SLF001 - of this class
        unseen = []
        if len(pairs) >= _CALIBRATE_FROM:
            parts = [
                begun.after([pair for pair in pairs if pair.third != third])
                for third in range(_THIRDS)
            ]
            unseen = [
                (*parts[pair.third].scores(pair.features), pair.verdict, pair.weight)
                for pair in pairs
            ]
        self.pairs, self._heads = len(pairs), begun.after(pairs)
        self.type_offsets = None
        self._sigmoids = _sigmoids(unseen)
        self._recent = deque(unseen, maxlen=_RECENT)
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
        if self.type_offsets is not None:
            header["type_offsets"] = self.type_offsets.to_json()
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
        if "type_offsets" in header:
            restored.type_offsets = TypeOffsets.from_json(header["type_offsets"])
        for model in restored._heads.models():
            numbers = model.restore(_KIND, numbers)
        if numbers:
            raise ArtefactError(f"{_KIND}: found {len(numbers):,} numbers too many")
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
        return [part for model in self._heads.models() for part in model.numbers()]

    def _calibrated(self, scores: tuple[float, float]) -> tuple[float, float]:
        (a, b), (c, d) = self._sigmoids
        return a * scores[0] + b, c * scores[1] + d

    def _chances(self, features: Features, offsets: Chances = NO_OFFSETS) -> Chances:
        if self.pairs < WORDS_FROM:
            known = self.pairs / WORDS_FROM
            higher, lower = (
                known * _chance(head.score(features)) + (1 - known) * unknown
                for head, unknown in zip(self._heads.form, _UNKNOWN, strict=True)
            )
        else:
            first, second = self._calibrated(self._heads.scores(features))
            higher, lower = _chance(first + offsets[0]), _chance(second + offsets[1])
        # Two heads that were fitted apart may promise more than 1 together.
        together = max(1.0, higher + lower)
        return higher / together, lower / together


class _Heads(NamedTuple):
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
            words.learn(features, weight * (_chance(score) - target))
            form.learn(features, weight * (_chance(form.score(features)) - target))
            scores.append(score)
        return scores[0], scores[1]

    def after(self, pairs: "Sequence[_Pair]") -> Self:
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


class _Pair(NamedTuple):
    """A judged pair, read."""

    features: Features
    verdict: int
    weight: float
    third: int

    @property
    def targets(self) -> Chances:
        return float(self.verdict == _WORSE), float(self.verdict == _BETTER)


def _checked(text: str, verdict: str, weight: float) -> _Pair:
    if verdict not in VERDICTS:
        raise EvidenceError(f"verdict: found {verdict!r}; accepted: {', '.join(VERDICTS)}")
    _check_weight(weight)
    # Equal prompts fall into one third, or a model would be calibrated on what it learned.
    third = crc32(text.encode("utf-8", "surrogatepass")) % _THIRDS
    return _Pair(prompt_features(text), VERDICTS.index(verdict), weight, third)


def _check_weight(weight: float) -> None:
    if not (math.isfinite(weight) and weight > 0):
        raise EvidenceError(f"weight: found {weight}; accepted: a number above 0")


def _sigmoids(unseen: Iterable[tuple[float, float, int, float]]) -> _Sigmoids:
    """Of both heads, from (score of each head before learning, verdict, weight) of pairs."""
    pairs = list(unseen)
    better = [(a, float(v == _WORSE), w) for a, _, v, w in pairs]
    worse = [(b, float(v == _BETTER), w) for _, b, v, w in pairs]
    return _platt(better), _platt(worse)


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

    At the boundary above tier t the net gain is ``g_t = P(next tier better) - P(t better)``; going
    up from t to k gains ``g_t + ... + g_(k-1)``. The confidence that t suffices is 1 less the most
    that any way up gains, and less still where the answer would be cheap, more where it would be
    dear: ``c_t = 1 - max(0, most gain) / relative cost``, at most .999. A prompt that the next
    tier fails as well and a higher one does not must not look easy at the bottom.

    Args:
        tiers: names of two or more tiers, cheapest first.
        boundaries: the classifier of each tier but the top one, by the tier's name.
        cost: what answers cost; without it each costs the same.
        types: the task types in force. They name the type of what is asked, from one reading of
            it, and offsets that a boundary has for their version count.

    Raises:
        ArtefactError: a boundary has no classifier, or there is one for no boundary.
    """

    def __init__(
        self,
        tiers: Sequence[str],
        boundaries: Mapping[str, LocalClassifier],
        cost: AnswerCost | None = None,
        types: TaskTypes | None = None,
    ) -> None:
        self._below_top = tuple(tiers[:-1])
        self._top = tiers[-1]
        if set(boundaries) != set(self._below_top):
            raise ArtefactError(
                f"{_KIND}: found boundaries {sorted(boundaries)}; accepted: exactly"
                f" {sorted(self._below_top)}"
            )
        self._boundaries = tuple(boundaries[tier] for tier in self._below_top)
        self._cost = cost
        self._types = types
        self._offsets = tuple(one.offsets_under(types) for one in self._boundaries)

    def with_types(self, types: TaskTypes | None) -> "LocalTierClassifier":
        """The same classifier under other task types, or under none."""
        boundaries = dict(zip(self._below_top, self._boundaries, strict=True))
        return LocalTierClassifier(
            (*self._below_top, self._top), boundaries, cost=self._cost, types=types
        )

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
        found, task_type = self._scored(text)
        confidences = dict(zip(self._below_top, found, strict=True))
        for tier, confidence in confidences.items():
            if confidence >= 0.5:  # noqa: PLR2004 - more likely than not
                return Classification(tier, confidence, task_type, confidences)
        return Classification(self._top, 1 - found[-1], task_type, confidences)

    def confidences(self, text: str) -> tuple[float, ...]:
        """The confidence of each tier but the top one, cheapest first, for a `routed_text`."""
        return self._scored(text)[0]

    def _scored(self, text: str) -> tuple[tuple[float, ...], str]:
        """Confidences and task type, of one reading of the text."""
        hashed = hashed_words(text)
        features = features_of(hashed, len(text))
        task_type = ALL_TASKS if self._types is None else self._types.assign_words(hashed)
        cost = 1.0 if self._cost is None else self._cost.relative(features)
        found: list[float] = []
        most = 0.0
        for classifier, by_type in zip(
            reversed(self._boundaries), reversed(self._offsets), strict=True
        ):
            offsets = by_type.get(task_type, NO_OFFSETS)
            higher, lower = classifier._chances(features, offsets)  # noqa: SLF001 - of this module
            most = max(0.0, most) + higher - lower
            found.append(min(SUREST, max(0.0, 1 - max(0.0, most) / cost)))
        return tuple(reversed(found)), task_type
