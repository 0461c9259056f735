"""Columns of numbers, checked: of one length, finite, in their range.

Every estimate checks what it is given here, so that bad input is refused with one sentence and
never becomes a figure.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError

Floats = NDArray[np.float64]


def checked_array(
    values: ArrayLike, what: str, *, low: float, high: float, size: int | None = None
) -> Floats:
    """Return ``values`` as floats of shape (n,), all finite and in [low, high].

    Raises:
        EvidenceError: they are not, or n is not ``size``.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvidenceError(f"the {what} are not numbers: {error}") from error
    if array.ndim != 1:
        raise EvidenceError(f"the {what} must be one-dimensional, not of shape {array.shape}")
    if size is not None and array.size != size:
        raise EvidenceError(f"there are {array.size} {what} for {size} pairs")
    # A NaN makes min and max NaN, and the comparison false.
    if array.size and not (low <= array.min() and array.max() <= high):
        raise EvidenceError(f"the {what} must all lie in [{low}, {high}] and none be NaN")
    return array


def checked_weights(weights: ArrayLike | None, size: int | None) -> Floats:
    """Return weights as floats scaled to a largest of 1; every estimate here is scale-free.

    Raises:
        EvidenceError: a weight that is not positive and finite, or not ``size`` of them.
    """
    if weights is None:
        return np.ones(size or 0)
    top = np.finfo(np.float64).max
    array = checked_array(weights, "weights", low=0, high=top, size=size)
    if array.size == 0:
        return array
    scaled = array / array.max() if array.max() > 0 else array
    # Zero after scaling: more than 300 orders of magnitude below the largest, as good as zero.
    if scaled.min() <= 0:
        raise EvidenceError("weights must be above 0: a pair with no chance of inclusion is none")
    return scaled
