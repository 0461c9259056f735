"""What an answer to a prompt will cost, relative to the usual: learned from answers that were paid.

Going up a tier costs a long answer more than a short one, and how long an answer gets is easier to
foresee than whether it will be right. Escalating where the same gain costs less saves .02 more at
the same quality on recorded traffic (docs/decisions).
"""

import math
from typing import Self

from tierwatch.errors import ArtefactError, EvidenceError
from tierwatch.routing.classify.artefact import open_sealed, require, seal
from tierwatch.routing.classify.features import BUCKETS, FEATURE_VERSION, Features, prompt_features
from tierwatch.routing.classify.linear import LinearModel

FORMAT_VERSION = 1

_KIND = "answer cost"
# Beyond a factor of three the guess is worse than none.
_MOST = 3.0
# A miss counts as one of at most e^2: one odd bill must not turn the model round.
_LARGEST_MISS = 2.0
_SHARE_OF_NEW = 0.005  # of the running mean; some 200 answers
_FROM = 100


class AnswerCost:
    """Foresees the cost of answers; learns online.

    The model is of the logarithm of USD: squared error, AdaGrad. What is usual is a running mean
    of what it foresaw.

    Attributes:
        answers: how many were learned from.

    >>> cost = AnswerCost()
    >>> for _ in range(300):
    ...     cost.learn("Write an essay.", .03)
    ...     cost.learn("Is it true?", .001)
    >>> essay, fact = (cost.relative(prompt_features(t)) for t in ("An essay.", "Is it?"))
    >>> essay > 1 > fact
    True
    """

    def __init__(self) -> None:
        self.answers = 0
        self._usual = 0.0
        self._model = LinearModel(0.0, BUCKETS)

    def learn(self, text: str, cost_usd: float) -> None:
        """Learn from one answer.

        Raises:
            EvidenceError: a cost that is not a number above 0. Nothing is learned.
        """
        if not (math.isfinite(cost_usd) and cost_usd > 0):
            raise EvidenceError(f"cost: found {cost_usd}; accepted: USD above 0")
        features = prompt_features(text)
        if not self.answers:
            self._model.form[0] = math.log(cost_usd)
        foreseen = self._model.score(features)
        share = max(_SHARE_OF_NEW, 1 / (self.answers + 1))
        self._usual += share * (math.exp(min(foreseen, 50.0)) - self._usual)
        miss = foreseen - math.log(cost_usd)
        self._model.learn(features, max(-_LARGEST_MISS, min(_LARGEST_MISS, miss)))
        self.answers += 1

    def relative(self, features: Features) -> float:
        """Cost of answering this prompt as a multiple of the usual, from 1/3 to 3.

        1 until 100 answers are known.
        """
        if self.answers < _FROM or self._usual <= 0:
            return 1.0
        foreseen = math.exp(min(self._model.score(features), 50.0))
        return min(_MOST, max(1 / _MOST, foreseen / self._usual))

    def to_bytes(self) -> bytes:
        """The whole state as an artefact of at most 1 MiB."""
        header = {
            "format": FORMAT_VERSION,
            "features": FEATURE_VERSION,
            "buckets": BUCKETS,
            "answers": self.answers,
            "usual": self._usual,
        }
        return seal(_KIND, header, self._model.numbers())

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
            restored.answers = int(header["answers"])
            restored._usual = float(header["usual"])
        except (KeyError, TypeError, ValueError) as problem:
            raise ArtefactError(f"{_KIND}: its header cannot be read: {problem!r}") from None
        restored._model.restore(_KIND, numbers)
        return restored
