"""What the local classifier is printed beside: models of the same features, fitted otherwise.

`one_head` has the classifier's features, learner, passes and orders, and asks one yes-or-no
question. `Batch` has its features and both heads, fitted at once: logistic regression with a
quadratic penalty that is chosen on a fifth of the training pairs.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit

from tierwatch.routing.classify.features import BUCKETS, FORM, Features
from tierwatch.routing.classify.linear import LinearModel

PASSES = 2
FIRST = -1.4
# Of the penalty on words; the form is left free, or nearly.
PENALTIES = (3.0, 1.0, 0.3)
FORM_PENALTY = 0.1
CHECKED = 5  # one in so many training pairs chooses the penalty

Numbers = NDArray[np.float64]


def one_head(
    train: Sequence[Features], answers: NDArray[np.bool_], test: Sequence[Features]
) -> Numbers:
    """Scores of the test prompts by one linear model of one question; (len(test),)."""
    pairs = list(zip(train, answers.tolist(), strict=True))
    there, back = LinearModel(FIRST, BUCKETS), LinearModel(FIRST, BUCKETS)
    for model, order in ((there, pairs), (back, pairs[::-1])):
        for features, answer in order * PASSES:
            score = max(-500.0, min(500.0, model.score(features)))
            model.learn(features, 1 / (1 + math.exp(-score)) - answer)
    mean = there.mean(back)
    return np.array([mean.score(features) for features in test])


class Batch:
    """Both heads by L-BFGS on all pairs at once."""

    def __init__(self, train: Sequence[Features], gains: Numbers) -> None:
        """Fit on pairs; ``gains`` is 1 where the higher tier was better, -1 where the lower was."""
        table = _table(train)
        check = np.arange(len(gains)) % CHECKED == 0
        self._heads = []
        self.penalties = []
        for sign in (1, -1):
            answers = (gains == sign).astype(float)
            weights = np.zeros(BUCKETS + FORM)
            tried = []
            for penalty in PENALTIES:
                weights = _logistic(table[~check], answers[~check], penalty, weights)
                tried.append((_log_loss(table[check] @ weights, answers[check]), penalty, weights))
            _, penalty, weights = min(tried, key=lambda one: one[0])
            self.penalties.append(penalty)
            self._heads.append(_logistic(table, answers, penalty, weights))

    def net_gains(self, test: Sequence[Features]) -> Numbers:
        """P(higher tier better) - P(lower tier better) of each prompt; (len(test),)."""
        table = _table(test)
        higher, lower = (expit(table @ head) for head in self._heads)
        return higher - lower


def _table(rows: Sequence[Features]) -> csr_array:
    """The features as a sparse matrix, (n, BUCKETS + FORM)."""
    counts = [len(row.buckets) + FORM for row in rows]
    columns = np.concatenate([[*row.buckets, *range(BUCKETS, BUCKETS + FORM)] for row in rows])
    values = np.concatenate([[*[row.unit] * len(row.buckets), *row.form] for row in rows])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((values, columns, starts), shape=(len(rows), BUCKETS + FORM))


def _logistic(table: csr_array, answers: Numbers, penalty: float, start: Numbers) -> Numbers:
    """Weights that minimise the log-loss plus half of ``penalty`` times their squares."""
    penalties = np.concatenate([np.full(BUCKETS, penalty), np.full(FORM, FORM_PENALTY)])
    turned = table.T.tocsr()

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        scores = table @ weights
        slope = turned @ (expit(scores) - answers) + penalties * weights
        punished = 0.5 * float(penalties @ weights**2)
        return _log_loss(scores, answers) * len(answers) + punished, slope

    options = {"maxiter": 200, "ftol": 1e-8}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    weights: Numbers = found.x
    return weights


def _log_loss(scores: Numbers, answers: Numbers) -> float:
    return float(np.mean(np.logaddexp(0, scores) - answers * scores))
