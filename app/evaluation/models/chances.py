"""What a model gives each verdict, its log loss, and the confidence made of it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.routing.classify.local_tiers import SUREST

# A chance below this counts as this: one odd pair costs at most log(1000) = 6.9.
LEAST_CHANCE = 0.001
_COLUMNS = 2


def log_losses(chances: Floats, verdicts: Sequence[str]) -> Floats:
    """Less the logarithm of the chance that each verdict was given, taken as at least .001.

    Args:
        chances: shape (n, 2), as `compare_models` takes them.
        verdicts: n.
    """
    tie = 1 - chances.sum(axis=1)
    of = {"worse": chances[:, 0], "tie": tie, "better": chances[:, 1]}
    said = np.array([of[verdict][place] for place, verdict in enumerate(verdicts)])
    found: Floats = -np.log(np.clip(said, LEAST_CHANCE, 1))
    return found


def confidences(chances: ArrayLike, above: ArrayLike = 0.0) -> Floats:
    """The confidence that the lower tier suffices, as `LocalTierClassifier` computes it.

    Args:
        chances: what `LocalClassifier.predict` gives at this boundary; shape (n, 2).
        above: the most that going on from the next tier gains, as `most_gain` gives it; shape (n,).

    >>> confidences([(.3, .1), (.1, .2)]).round(9).tolist()
    [0.8, 0.999]
    >>> confidences([(.3, .1)], [.5]).round(9).tolist()
    [0.3]
    """
    found: Floats = np.clip(1 - most_gain(chances, above), 0.0, SUREST)
    return found


def most_gain(chances: ArrayLike, above: ArrayLike = 0.0) -> Floats:
    """The most that any way up from a tier gains; never below 0.

    >>> most_gain([(.3, .1), (.1, .2)], [0, .5]).round(9).tolist()
    [0.2, 0.4]
    """
    higher, lower = np.asarray(chances, float).reshape(-1, _COLUMNS).T
    found: Floats = np.maximum(0.0, np.asarray(above, float) + higher - lower)
    return found


def checked_chances(given: ArrayLike, n: int, whose: str) -> Floats:
    """A model's chances, shape (n, 2).

    Raises:
        EvidenceError: they are of another shape, outside [0, 1], or more than 1 together.
    """
    try:
        chances = np.asarray(given, float).reshape(n, _COLUMNS)
    except ValueError:
        raise EvidenceError(
            f"{whose}: found chances of another shape; accepted: ({n}, 2)"
        ) from None
    if not (np.all(chances >= 0) and np.all(chances.sum(axis=1) <= 1 + 1e-9)):
        raise EvidenceError(f"{whose}: found chances outside [0, 1] or of more than 1 together")
    return chances
