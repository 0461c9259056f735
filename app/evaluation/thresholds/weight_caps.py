"""The largest weight that a pair may have, whether one was drawn with it or not.

A bound that knows the drawn weights alone is blind to what is drawn rarely: after a sampling rate
went from 1 to .05, a pair of the later days stands for 20 of the earlier ones, and of 200 pairs one
may be of them, or none. What is declared here enters the bounds in place of the largest one seen.
"""

import math
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array
from tierwatch.evaluation.thresholds.grid import CENTS

Places = NDArray[np.intp]
# 1 / pi comes from a division, so a weight may exceed its cap by rounding.
SLACK = 1 + 1e-9
# .29 x 100 is 28.999999999999996.
_HAIR = 1e-9


def in_cents(confidences: ArrayLike) -> Places:
    """Confidences in [0, 1] in whole cents, as traffic is counted at a boundary.

    >>> in_cents([.29, .999, 1]).tolist()
    [29, 99, 100]
    """
    return np.floor(np.asarray(confidences, dtype=np.float64) * CENTS + _HAIR).astype(np.intp)


def checked_caps(max_weight: ArrayLike) -> Floats:
    """The largest weight for each confidence in cents, shape (101,).

    Args:
        max_weight: one for all, above 0; or one for each confidence in cents, shape (101,), 0 where
            no request could be drawn.

    Raises:
        EvidenceError: another shape, or a weight that is negative or not finite.

    >>> caps = checked_caps([0.0] * 70 + [4.0] * 31)
    >>> caps[69:71].tolist(), checked_caps(2.5)[0].item()
    ([0.0, 4.0], 2.5)
    """
    if np.ndim(max_weight) == 0:
        one = float(np.asarray(max_weight, dtype=np.float64))
        if not 0 < one < math.inf:
            raise EvidenceError(
                f"the cap of the weights, max_weight, must be above 0 and finite, not {one:g}"
            )
        return np.full(CENTS + 1, one)
    caps = checked_array(max_weight, "caps of the weights", low=0, high=sys.float_info.max)
    if caps.size != CENTS + 1:
        raise EvidenceError(
            f"found {caps.size} caps of weights; accepted: one for each of 0 to 100"
        )
    return caps


def check_against(weights: Floats, confidences: Floats, caps: Floats) -> None:
    """Hold each weight to the cap of its confidence; one above it is refused, never clipped.

    Raises:
        EvidenceError: a weight above its cap.
    """
    above = weights > caps[in_cents(confidences)] * SLACK
    if np.any(above):
        place = int(np.flatnonzero(above)[0])
        raise EvidenceError(
            f"a weight of {weights[place]:g} at confidence {confidences[place]:g} is above its"
            f" declared cap, {caps[in_cents(confidences[place])]:g}; nothing is certified"
        )


def kept_caps(caps: Floats, candidates: Sequence[float], unit: float) -> list[float]:
    """The largest weight that each candidate's kept pairs may have, in units of ``unit``.

    >>> kept_caps(checked_caps([4.0] * 70 + [2.0] * 31), [.8, .7, .6], 2.0)
    [1.0, 1.0, 2.0]
    """
    most = np.maximum.accumulate(caps[::-1])[::-1]
    return [float(most[math.floor(t * CENTS + _HAIR)]) / unit for t in candidates]
