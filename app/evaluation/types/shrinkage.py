"""A head of its own for each task type, beside the global one: an offset in its log-odds.

The global head reads words. Where it misses a type's rate, an offset moves all prompts of the type
together. A few pairs of a type say little, so each offset is shrunk towards 0, as far as the types
themselves tell (empirical Bayes), and none is used unless it helps on pairs that came later.

References: Efron and Morris, "Data analysis using Stein's estimator" (1975), for shrinkage to what
the groups show; DerSimonian and Laird, "Meta-analysis in clinical trials" (1986), for the variance
between groups from its moment; Wedderburn, "Quasi-likelihood functions" (1974), for dispersion.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.comparison import HeldOut, log_losses
from tierwatch.evaluation.rates.estimation import Floats
from tierwatch.routing.classify.type_offsets import LARGEST_OFFSET, NO_OFFSETS, Offsets

# The pairs in order as twelve parts: two to begin with, ten that each measure what came before.
_PARTS = 12
_FIRST_PARTS = 2
_LAST_PARTS = 3
_HEADS = ("worse", "better")
_SHOWN = math.log(20)
_LEAST = 1e-9
_HALVINGS = 40  # of an interval of 6: far below what pairs can tell


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Judged pairs about one boundary in the order they were learned; columns of one length.

    Attributes:
        log_odds: what both heads said, calibrated, before they learned the pair; shape (n, 2).
        task_types: the type of each prompt.
        held_out: verdicts, weights and conversations.

    Raises:
        EvidenceError: columns of different length, or log-odds that are not finite.
    """

    log_odds: Floats
    task_types: Sequence[str]
    held_out: HeldOut

    def __post_init__(self) -> None:
        n = len(self.held_out.verdicts)
        if self.log_odds.shape != (n, len(_HEADS)) or len(self.task_types) != n:
            raise EvidenceError(
                f"found log-odds of shape {self.log_odds.shape} and {len(self.task_types)} task"
                f" types; accepted: ({n}, 2) and {n}"
            )
        if not np.isfinite(self.log_odds).all():
            raise EvidenceError("log-odds: found one that is not finite; accepted: finite numbers")

    def at(self, places: Sequence[int]) -> "ScoredPairs":
        """Some of the pairs."""
        told = self.held_out
        return ScoredPairs(
            self.log_odds[list(places)].reshape(-1, len(_HEADS)),
            [self.task_types[place] for place in places],
            HeldOut(
                [told.verdicts[place] for place in places],
                [told.weights[place] for place in places],
                [told.sessions[place] for place in places],
            ),
        )

    def chances(self, offsets: Mapping[str, Offsets]) -> Floats:
        """What `LocalClassifier.predict` gives with these offsets; shape (n, 2)."""
        added = np.array([offsets.get(name, NO_OFFSETS) for name in self.task_types])
        alone: Floats = expit(self.log_odds + added.reshape(-1, len(_HEADS)))
        found: Floats = alone / np.maximum(1.0, alone.sum(axis=1, keepdims=True))
        return found


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
        for head, scores in zip(_HEADS, pairs.log_odds.T, strict=True)
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


@dataclass(frozen=True, slots=True)
class InOrder:
    """What offsets do to pairs that came after those they were estimated from.

    Attributes:
        pairs: measured, one of each conversation.
        log_loss: mean without offsets and with them; None without pairs.
        evidence: for the offsets, in nats: the sum of the gains in log loss.
        lately: what the last three of the twelve parts add to it.
    """

    pairs: int
    log_loss: tuple[float, float] | None
    evidence: float
    lately: float

    @property
    def helps(self) -> bool:
        """Whether offsets gained on the whole, and lately are not shown to harm.

        No test: what carries the offsets is tested as a whole (`compare_models`), on other pairs.
        """
        return self.evidence > 0 and self.lately > -_SHOWN


def offsets_in_order(pairs: ScoredPairs) -> InOrder:
    """Do offsets help on pairs that come after those they were estimated from?

    The pairs in order are cut into twelve parts. From the third on each is scored with the offsets
    of all parts before it, and without any. The first pair of each conversation counts, in the
    part it is in; one that began in the first two parts does not.

    A head that learns fast leaves old offsets behind. Where the last three parts speak against
    them by log 20, which true offsets do once in 20 times at most (Ville's inequality), they do
    not help, whatever they did before.
    """
    sessions = pairs.held_out.sessions
    begun: set[str] = set()
    gains, plain_losses = [np.zeros(0)], [np.zeros(0)]
    for number, part in enumerate(np.array_split(np.arange(len(sessions)), _PARTS)):
        places = []
        for at in part.tolist():
            if sessions[at] not in begun:
                begun.add(sessions[at])
                places.append(at)
        if number < _FIRST_PARTS:
            continue
        offsets = estimate_offsets(pairs.at(range(int(part[0])))) if places else {}
        now = pairs.at(places)
        plain = log_losses(now.chances({}), now.held_out.verdicts)
        gains.append(plain - log_losses(now.chances(offsets), now.held_out.verdicts))
        plain_losses.append(plain)
    gain, without = np.concatenate(gains), np.concatenate(plain_losses)
    before = float(without.mean()) if len(without) else 0.0
    return InOrder(
        pairs=len(gain),
        log_loss=(before, before - float(gain.mean())) if len(gain) else None,
        evidence=float(gain.sum()),
        lately=float(np.concatenate(gains[-_LAST_PARTS:]).sum()),
    )
