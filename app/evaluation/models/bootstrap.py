"""Percentile intervals over resampled conversations."""

from collections.abc import Callable, Sequence

import numpy as np

from tierwatch.evaluation.models.held_out import Conversations
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate, unknown

# Fewer effective conversations give no interval worth the name: the t of 30 is near the normal,
# and the losses are skewed.
FEWEST_CONVERSATIONS = 30
_DRAWS = 500


def bootstrapped(
    figures: Sequence[Callable[[Floats], float | None]], talks: Conversations, seed: int
) -> list[Estimate]:
    """Each figure with its 95 % percentile interval over resampled conversations.

    A figure that is not defined in every tenth draw is not known. Reference: Efron and Tibshirani,
    "An introduction to the bootstrap" (1993). See docs/statistics.md, "Models".

    Args:
        figures: functions of the weights, shape (n,); None where a figure is not defined.
        talks: the conversations that are drawn with replacement.
        seed: of the draws.
    """
    w, count = talks.weights, talks.count
    if count < FEWEST_CONVERSATIONS:
        why = f"{count} conversations; {FEWEST_CONVERSATIONS} are needed"
        return [no_area(why) for _ in figures]
    rng = np.random.default_rng(seed)
    share = np.full(count, 1 / count)
    drawn: list[list[float]] = [[] for _ in figures]
    for _ in range(_DRAWS):
        weights = w * rng.multinomial(count, share)[talks.numbers]
        for column, figure in zip(drawn, figures, strict=True):
            if (value := figure(weights)) is not None:
                column.append(value)
    found = []
    for column, figure in zip(drawn, figures, strict=True):
        value = figure(w)
        # A figure that every tenth draw does not have is not known.
        if value is None or len(column) < 0.9 * _DRAWS:
            found.append(no_area("not defined on these pairs"))
            continue
        low, high = np.quantile(column, [0.025, 0.975])
        method = f"bootstrap of {count} conversations, seed {seed}"
        found.append(Estimate(value, float(low), float(high), w.size, method))
    return found


def no_area(why: str) -> Estimate:
    """A figure that these pairs do not have, and why."""
    return unknown(why, low=-1.0)
