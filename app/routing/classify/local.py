"""The local classifier: learns from the router's own judged pairs, decides in microseconds.

One `LocalClassifier` stands at a boundary between a tier and the next. Two logistic heads over
hashed words (Weinberger et al. 2009) estimate the chance that the higher tier's answer is better
and that the lower's is. They learn online by AdaGrad (Duchi, Hazan, Singer 2011), one pass over
the pairs as they are judged, and are calibrated by Platt's sigmoid (Platt 1999) on the scores they
gave to pairs *before* learning from them, which is what scores of unseen prompts look like.

Nothing but the standard library is needed, to decide or to learn.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tierwatch.errors import ArtefactError, EvidenceError
from tierwatch.routing.classify.artefact import LARGEST_BYTES, open_sealed, require, seal
from tierwatch.routing.classify.familiarity.familiar import Familiar
from tierwatch.routing.classify.familiarity.seen_prompts import SeenPrompts
from tierwatch.routing.classify.features import (
    BUCKETS,
    FEATURE_VERSION,
    Features,
    features_of,
    hashed_words,
    prompt_features,
)
from tierwatch.routing.classify.heads import (
    Chances,
    Heads,
    Scored,
    check_weight,
    judged_pair,
    sigmoids_of,
    unseen_scores,
)
from tierwatch.routing.classify.linear import LinearModel
from tierwatch.routing.classify.platt import Sigmoid, chance
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.classify.type_offsets import NO_OFFSETS, TypeOffsets

if TYPE_CHECKING:
    from array import array

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
_KIND = "local classifier"


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
        self._heads = Heads(
            tuple(LinearModel(first, BUCKETS) for first in _FIRST),
            tuple(LinearModel(first, 0) for first in _FIRST),
        )
        self._sigmoids: tuple[Sigmoid, Sigmoid] = ((1.0, 0.0), (1.0, 0.0))
        # Of the last pairs.
        self._recent: deque[Scored] = deque(maxlen=_RECENT)
        self._seen = SeenPrompts()

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
        pair = judged_pair(text, verdict, weight)
        self.type_offsets = None
        scores = self._heads.step(pair.features, pair.targets, weight)
        self._recent.append((*scores, pair.verdict, weight))
        self._seen.add(pair.ends, weight)
        self.pairs += 1
        if self.pairs >= _CALIBRATE_FROM and self.pairs % _CALIBRATE_EVERY == 0:
            self._sigmoids = sigmoids_of(self._recent)

    def imitate(self, text: str, chances: Chances, weight: float = 1.0) -> None:
        """Learn a teacher's chances for a prompt that was not judged; counts as no pair.

        Raises:
            EvidenceError: chances outside [0, 1], or a weight that is not a positive number.
        """
        if not all(0 <= chance <= 1 for chance in chances):
            raise EvidenceError(f"chances: found {chances}; accepted: two numbers from 0 to 1")
        check_weight(weight)
        self.type_offsets = None
        self._heads.step(prompt_features(text), chances, weight)

    def predict(self, text: str, types: TaskTypes | None = None) -> tuple[float, float]:
        """The chances that the higher and that the lower tier's answer is better.

        Each is in [0, 1]; the rest to 1 is a tie. The same text and state give the same chances
        on every machine.

        Args:
            text: the prompt, as `routed_text` gives it.
            types: the active task types. Offsets for their version count, others do not.
        """
        hashed = hashed_words(text)
        features = features_of(hashed, len(text))
        offsets = self.offsets_under(types)
        if types is None or not offsets:
            return self.chances(features)
        return self.chances(features, offsets.get(types.assign_words(hashed), NO_OFFSETS))

    def chances(self, features: Features, offsets: Chances = NO_OFFSETS) -> Chances:
        """The chances that `predict` gives, for features that are read already.

        Args:
            features: of the prompt.
            offsets: what the prompt's task type adds to the log-odds of both heads.
        """
        if self.pairs < WORDS_FROM:
            known = self.pairs / WORDS_FROM
            higher, lower = (
                known * chance(head.score(features)) + (1 - known) * unknown
                for head, unknown in zip(self._heads.form, _UNKNOWN, strict=True)
            )
        else:
            first, second = self._calibrated(self._heads.scores(features))
            higher, lower = chance(first + offsets[0]), chance(second + offsets[1])
        # Two heads that were fitted apart may promise more than 1 together.
        together = max(1.0, higher + lower)
        return higher / together, lower / together

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

    def familiar(self, share: float) -> Familiar | None:
        """The rule that tells prompts like those judged here from others; None tells none.

        Args:
            share: of prompts like those judged, at most, that it calls unfamiliar; from 0 to 1.
        """
        return self._seen.familiar(share)

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
        pairs = [judged_pair(*pair) for pair in zip(texts, verdicts, each, strict=True)]
        fresh = type(self)()
        if teacher:
            for text in unlabelled or ():
                fresh.imitate(text, teacher(text))
        begun = fresh._heads  # noqa: SLF001 - of this class
        unseen = unseen_scores(begun, pairs) if len(pairs) >= _CALIBRATE_FROM else []
        self.pairs, self._heads = len(pairs), begun.after(pairs)
        self.type_offsets = None
        self._sigmoids = sigmoids_of(unseen)
        self._recent = deque(unseen, maxlen=_RECENT)
        self._seen = SeenPrompts()
        for pair in pairs:
            self._seen.add(pair.ends, pair.weight)
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
            "seen": self._seen.to_json(),
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
        if "seen" in header:  # not in artefacts of before 30 November 2026
            restored._seen = SeenPrompts.from_json(header["seen"])
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
