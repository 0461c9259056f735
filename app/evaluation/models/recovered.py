"""The share of the quality gap that a ranking of prompts recovers (APGR)."""

from collections.abc import Callable, Sequence

import numpy as np

from tierwatch.evaluation.models.bootstrap import bootstrapped
from tierwatch.evaluation.models.held_out import Conversations
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.estimate import Estimate


def area_of(confidence: Floats, gain: Floats) -> Callable[[Floats], float | None]:
    """The share recovered as a function of the weights; the order is found once.

    The area under the curve of gain (1 for *worse*, -1 for *better*) over the share sent up, the
    least confident first; None where the higher tier is no better on the whole. Random order has
    1/2. Reference: Ong et al., "RouteLLM" (2024). See docs/statistics.md, "Models".

    The one prompt that gains is the least confident of four: .5 * .25 + .75

    >>> area = area_of(np.array([.1, .6, .7, .8]), np.array([1.0, 0.0, 0.0, 0.0]))
    >>> area(np.ones(4))
    0.875
    """
    order = np.argsort(confidence, kind="stable")
    # Prompts of one confidence go up together: the curve is straight between them.
    ends = np.append(np.flatnonzero(np.diff(confidence[order])), order.size - 1)

    def area(weights: Floats) -> float | None:
        w = weights[order]
        sent = np.concatenate([[0.0], np.cumsum(w)[ends]])
        won = np.concatenate([[0.0], np.cumsum(w * gain[order])[ends]])
        if not (won[-1] > 0 and sent[-1] > 0):
            return None
        return float(np.trapezoid(won / won[-1], sent / sent[-1]))

    return area


def area_gain(
    areas: Sequence[Callable[[Floats], float | None]], talks: Conversations, seed: int
) -> Estimate:
    """The candidate's share recovered less the incumbent's, with its 95 % interval."""

    def gain(weights: Floats) -> float | None:
        old, new = areas[0](weights), areas[1](weights)
        return None if old is None or new is None else new - old

    return bootstrapped((gain,), talks, seed)[0]
