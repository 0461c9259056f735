"""A head of its own for each task type, beside the global one: an offset in its log-odds.

The global head reads words. Where it misses a type's rate, an offset moves all prompts of the type
together. A few pairs of a type say little, so each offset is shrunk towards 0, as far as the types
themselves tell (empirical Bayes), and none is used unless it helps on pairs that came later.

References: Efron and Morris, "Data analysis using Stein's estimator" (1975), for shrinkage to what
the groups show; DerSimonian and Laird, "Meta-analysis in clinical trials" (1986), for the variance
between groups from its moment; Wedderburn, "Quasi-likelihood functions" (1974), for dispersion.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.types.scored_pairs import HEADS, ScoredPairs
from tierwatch.routing.classify.type_offsets import LARGEST_OFFSET, Offsets

_LEAST = 1e-9
_HALVINGS = 40  # of an interval of 6: far below what pairs can tell


def estimate_offsets(pairs: ScoredPairs) -> dict[str, Offsets]:
    """The offset of each type and head.

    With s_i the log-odds of pair i, y_i whether its verdict is the head's, w_i its weight (of mean
    1), p_i = 1 / (1 + exp(-s_i)), and sums over the pairs of type t:

        g = sum w (y - p),  I = sum w p (1 - p),  V = max(sum w^2 p (1 - p), sum_s u_s^2)

    u_s is the part of g that conversation s has, so V is the variance of g when pairs are
    independent, or when conversations are, whichever is larger. d = g / I estimates t's offset with
    variance v = V / I^2, and the variance between k types is taken from its moment,

        tau^2 = max(0, (sum_t d^2 / v - k) / sum_t 1 / v).

    The offset is the mode of the quasi-likelihood with dispersion V / I under the prior
    N(0, tau^2), in [-3, 3]. Types that differ no more than chance has it give tau^2 = 0, and all
    offsets are 0.

    Returns:
        Offsets by type, of every type that has pairs; empty where all would be 0.

    >>> from tierwatch.evaluation.models.held_out import HeldOut
    >>> verdicts = ["worse", "tie"] * 60 + ["worse", *["tie"] * 7] * 15   # chances .5 and .125
    >>> told = HeldOut(verdicts, [1.0] * 240, list(map(str, range(240))))
    >>> said = np.full((240, 2), [-.79, -9.])   # .3125 for all, which is right of their mean
    >>> found = estimate_offsets(ScoredPairs(said, ["sql"] * 120 + ["poem"] * 120, told))
    >>> [round(found[name][0], 2) for name in ("sql", "poem")]   # .79 and -1.16 unshrunk
    [0.74, -1.05]
    """
    if not pairs.task_types:
        return {}
    names, types = np.unique(np.array(pairs.task_types, dtype=str), return_inverse=True)
    _, talks = np.unique(np.array(pairs.held_out.sessions, dtype=str), return_inverse=True)
    w = np.asarray(pairs.held_out.weights, float)
    verdicts = np.array(pairs.held_out.verdicts, dtype=str)
    columns = [
        _head_offsets(scores, verdicts == head, w / w.mean(), types, talks)
        for head, scores in zip(HEADS, pairs.log_odds.T, strict=True)
    ]
    if not any(column.any() for column in columns):
        return {}
    higher, lower = (column.tolist() for column in columns)
    return dict(zip(names.tolist(), zip(higher, lower, strict=True), strict=True))


def _head_offsets(
    scores: Floats,
    hit: NDArray[np.bool_],
    w: Floats,
    types: NDArray[np.intp],
    talks: NDArray[np.intp],
) -> Floats:
    chance = expit(scores)
    miss = w * (hit - chance)
    g = np.bincount(types, miss)
    # Where a head is so sure that nothing is left to rounding, no pair says anything.
    information = np.maximum(_LEAST, np.bincount(types, w * chance * (1 - chance)))
    apart = np.bincount(types, w**2 * chance * (1 - chance))
    together = np.zeros(len(g))
    # A conversation may be of several types; its part in each counts there.
    cells, of_cell = np.unique(np.stack([types, talks]), axis=1, return_inverse=True)
    np.add.at(together, cells[0], np.bincount(of_cell.reshape(-1), miss) ** 2)
    spread = np.maximum.reduce([apart, together, np.full(len(g), _LEAST)])
    shown = g**2 / spread
    tau2 = float((shown.sum() - len(g)) / (information**2 / spread).sum())
    if not tau2 > 0:
        return np.zeros(len(g))
    pull = spread / information / tau2
    low, high = np.full(len(g), -LARGEST_OFFSET), np.full(len(g), LARGEST_OFFSET)
    for _ in range(_HALVINGS):  # the slope falls all the way, so halving finds its zero
        middle = (low + high) / 2
        slope = np.bincount(types, w * (hit - expit(scores + middle[types]))) - pull * middle
        low, high = np.where(slope > 0, middle, low), np.where(slope > 0, high, middle)
    found: Floats = (low + high) / 2
    return found
