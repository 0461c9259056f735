"""Recipe V2: certificates where a few pairs stand for many requests each, and for all losses.

A sampling rate went from 1 to .05, or a day's budget ran low: pairs of the leaner time are rare and
heavy. Where the losses are theirs, most samples hold none of them or one.
"""

from dataclasses import dataclass

import numpy as np

from tierwatch.evaluation.objectives.joint_choice import choose_jointly
from tierwatch.evaluation.objectives.routed_pairs import RoutedPairs
from tierwatch.evaluation.thresholds.choice import choose_threshold

ALPHA = DELTA = 0.05
# What is true is this much above what is allowed: a certificate is always wrong.
_ABOVE = 1.01


@dataclass(frozen=True, slots=True)
class RareWeights:
    """A cell of the recipe.

    Attributes:
        n: pairs.
        share: of the pairs that are heavy.
        heavy: their weight; the others' is 1.
        banded: whether the heavy ones are those of a band of confidence, below the others.
    """

    n: int
    share: float
    heavy: float
    banded: bool = False

    @property
    def loss(self) -> float:
        """Chance of a heavy pair to be lost, so that the whole rate is just above alpha."""
        mass = self.share * self.heavy
        return min(1.0, _ABOVE * ALPHA * (mass + 1 - self.share) / mass)


# Those of the reports, and others of their kind.
CELLS = (
    RareWeights(200, 0.01, 20),
    RareWeights(200, 0.01, 10),
    RareWeights(400, 0.005, 20),
    RareWeights(300, 0.01, 15, banded=True),
)
JOINT_CELLS = (
    RareWeights(500, 0.0028, 20, banded=True),
    RareWeights(500, 0.0055, 20, banded=True),
    RareWeights(400, 0.005, 12),
)


def _columns(rng: np.random.Generator, cell: RareWeights) -> tuple[np.ndarray, ...]:
    """Confidences from .62 to .97, weights and losses, each of shape (n,)."""
    is_heavy = rng.random(cell.n) < cell.share
    c = rng.uniform(0.66 if cell.banded else 0.62, 0.97, cell.n)
    if cell.banded:
        c = np.where(is_heavy, rng.uniform(0.62, 0.66, cell.n), c)
    lost = is_heavy & (rng.random(cell.n) < cell.loss)
    return c, np.where(is_heavy, cell.heavy, 1.0), lost


def wrong_thresholds(seed: int, cell: RareWeights, *, runs: int, declared: bool = True) -> int:
    """Runs that certify a threshold which keeps all pairs, whose rate is above alpha.

    Args:
        seed: of everything.
        cell: what is drawn.
        runs: to make.
        declared: whether the heavy weight is declared; else the bound knows the drawn ones alone.
    """
    rng = np.random.default_rng([seed, cell.n, round(cell.heavy)])
    wrong = 0
    for _ in range(runs):
        c, w, lost = _columns(rng, cell)
        choice = choose_threshold(
            c,
            lost,
            w,
            alpha=ALPHA,
            delta=DELTA,
            current=0.5,
            step=0.1,
            max_weight=cell.heavy if declared else None,
        )
        wrong += choice.certified
    return wrong


def wrong_joint(seed: int, cell: RareWeights, *, runs: int, declared: bool = True) -> int:
    """Runs whose joint bound of the total loss is at most what is allowed, though more is lost."""
    rng = np.random.default_rng([seed, cell.n, round(cell.heavy), 1])
    none = np.zeros(cell.n, dtype=int)
    wrong = 0
    for _ in range(runs):
        c, w, lost = _columns(rng, cell)
        choice = choose_jointly(
            RoutedPairs(c[:, None], none, none, none, lost.astype(float), w, none, [[0.6]]),
            current=[0.6],
            steps_usd=[0.01],
            quality=1 - ALPHA,
            delta=DELTA,
            step=0.1,
            max_weight=cell.heavy if declared else None,
        )
        wrong += choice.bound <= choice.allowed
    return wrong
