"""A teacher: slower than the classifier that decides, and only its chances are kept.

Two logistic regressions, P(higher tier better) and P(lower tier better), are fitted in one go to
all judged pairs over the classifier's own hashed words and form and, for kind ``static``, over a
sentence embedding. Its chances for prompts nobody judged are what a student imitates
(`LocalClassifier.imitate`) before it learns the pairs themselves: Hinton, Vinyals and Dean,
"Distilling the knowledge in a neural network" (2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse, special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.sampling.outcome import LOWER_VERDICTS
from tierwatch.routing.classify.features import BUCKETS, FORM, prompt_features
from tierwatch.routing.classify.heads import Chances
from tierwatch.training.embeddings import StaticEmbeddings, load_embeddings

TEACHERS = ("static", "words")
# An embedding has length 1 as the hashed words have; scaled so that it is heard beside 32,768 of
# them.
_EMBEDDING_SCALE = 5.0
# Pulls of the weights towards 0 that are tried on a held-out quarter.
_PULLS = (3.0, 10.0, 30.0, 100.0)
# Enough for the order of prompts; the pull is chosen by loss, not by convergence.
_MOST_STEPS = 60
_HELD_OUT = 4
_FEWEST_PAIRS = 40


@dataclass(frozen=True)
class Teacher:
    """A fitted teacher.

    Attributes:
        kind: ``static | words``.
        pull: the L2 penalty chosen on the held-out quarter.
    """

    kind: str
    pull: float
    _heads: tuple[Floats, Floats]
    _embeddings: StaticEmbeddings | None

    def chances(self, texts: Sequence[str]) -> list[Chances]:
        """The chances that the higher and that the lower tier's answer is better, for prompts."""
        if not texts:
            return []
        matrix = _matrix(texts, self._embeddings)
        higher, lower = (special.expit(matrix.scores(head)) for head in self._heads)
        together = np.maximum(1.0, higher + lower)
        return list(zip((higher / together).tolist(), (lower / together).tolist(), strict=True))

    def told(self, texts: Sequence[str]) -> Mapping[str, Chances]:
        """The same by prompt: what `LocalClassifier.fit` asks its teacher for, computed at once."""
        different = list(dict.fromkeys(texts))
        return dict(zip(different, self.chances(different), strict=True))


def fit_teacher(
    kind: str, texts: Sequence[str], verdicts: Sequence[str], weights: Sequence[float] | None = None
) -> Teacher:
    """Fit a teacher to judged pairs.

    The penalty is the one with the least log loss on the last quarter, fitted to the first three;
    then all pairs are fitted with it. Deterministic. 5,000 pairs take a few seconds.

    Args:
        kind: ``static`` (hashed words and embeddings, extra ``train``) or ``words``.
        texts: prompts, as `routed_text` gives them, the oldest first.
        verdicts: ``worse | tie | better``, of the lower tier's answer.
        weights: 1 / pi; equal where absent.

    Raises:
        EvidenceError: another kind or verdict, other lengths, or fewer than 40 pairs.
        UsageError: the extra is missing.
    """
    if kind not in TEACHERS:
        raise EvidenceError(f"teacher: found {kind!r}; accepted: {', '.join(TEACHERS)}")
    given = [1.0] * len(texts) if weights is None else weights
    if not len(texts) == len(verdicts) == len(given) or set(verdicts) - set(LOWER_VERDICTS):
        raise EvidenceError(
            f"found {len(texts)} texts, {len(verdicts)} verdicts and {len(given)} weights;"
            f" accepted: as many of each, verdicts of {', '.join(LOWER_VERDICTS)}"
        )
    if len(texts) < _FEWEST_PAIRS:
        raise EvidenceError(f"found {len(texts)} pairs; a teacher needs {_FEWEST_PAIRS}")
    embeddings = load_embeddings() if kind == "static" else None
    matrix = _matrix(texts, embeddings)
    w = np.asarray(given, float) / float(np.mean(given))
    said = np.asarray(verdicts)
    targets = [(said == verdict).astype(float) for verdict in ("worse", "better")]
    cut = len(texts) - len(texts) // _HELD_OUT
    losses = {}
    for pull in _PULLS:
        scores = [
            matrix[cut:].scores(_fitted(matrix[:cut], y[:cut], w[:cut], pull)) for y in targets
        ]
        losses[pull] = sum(
            float(np.average(np.logaddexp(0, s) - y[cut:] * s, weights=w[cut:]))
            for s, y in zip(scores, targets, strict=True)
        )
    pull = min(_PULLS, key=losses.__getitem__)
    higher, lower = (_fitted(matrix, y, w, pull) for y in targets)
    return Teacher(kind, pull, (higher, lower), embeddings)


class _Beside:
    """Sparse columns and dense ones, kept apart: each is multiplied at its own speed."""

    def __init__(self, words: Any, dense: Floats) -> None:
        self.words, self.dense = words, dense
        self.shape = (words.shape[0], words.shape[1] + dense.shape[1])

    def __getitem__(self, rows: slice) -> "_Beside":
        return _Beside(self.words[rows], self.dense[rows])

    def scores(self, head: Floats) -> Floats:
        """Log-odds of each prompt."""
        cut = self.words.shape[1]
        found: Floats = self.words @ head[:cut] + self.dense @ head[cut:]
        return found

    def slopes(self, slope: Floats) -> Floats:
        """Gradient of the weights, from that of the scores."""
        return np.concatenate([self.words.T @ slope, self.dense.T @ slope])


def _matrix(texts: Sequence[str], embeddings: StaticEmbeddings | None) -> _Beside:
    """Hashed words and form, and beside them the embedding, of each prompt."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    form_columns = range(BUCKETS, BUCKETS + FORM)
    for text in texts:
        buckets, unit, form = prompt_features(text)
        columns += [*buckets, *form_columns]
        values += [unit] * len(buckets)
        values += form
        ends.append(len(columns))
    words = sparse.csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS + FORM))
    if embeddings is None:
        return _Beside(words, np.zeros((len(texts), 0)))
    return _Beside(words, _EMBEDDING_SCALE * embeddings.embed(texts).astype(float))


def _fitted(matrix: _Beside, target: Floats, w: Floats, pull: float) -> Floats:
    """Weights of the logistic regression with an L2 penalty, by L-BFGS.

    The constant is not pulled: that would pull the base rate to a half. Words that no prompt has
    keep the weight 0, and are left out of the work.
    """
    wide = matrix.words.shape[1]
    used = np.union1d(matrix.words.indices, np.arange(wide - FORM, wide))
    full, matrix = matrix, _Beside(matrix.words[:, used], matrix.dense)
    pulls = np.full(matrix.shape[1], pull)
    pulls[used.size - FORM] = 0.0  # the constant stands first in the form

    def objective(head: Floats) -> tuple[float, Floats]:
        score = matrix.scores(head)
        slope = w * (special.expit(score) - target)
        loss = float(w @ (np.logaddexp(0, score) - target * score)) + float(pulls @ head**2) / 2
        return loss, matrix.slopes(slope) + pulls * head

    found = optimize.minimize(
        objective,
        np.zeros(matrix.shape[1]),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MOST_STEPS},
    )
    head = np.zeros(full.shape[1])
    head[used], head[wide:] = found.x[: used.size], found.x[used.size :]
    return head
