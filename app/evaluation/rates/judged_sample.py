"""Judged pairs with some human labels, checked: what rates corrected by labels start from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array, checked_weights
from tierwatch.evaluation.rates.weighted import effective_counts

Flags = NDArray[np.bool_]
Strata = Sequence[object] | NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class JudgedSample:
    """Judged pairs; columns of shape (n,).

    Attributes:
        flagged: 1 where the judge found the served answer worse, else 0.
        weights: 1 / pi, scaled to a largest of 1.
        stratum: of each pair, numbered from 0.
        truth: human verdicts 1 or 0, NaN where there is none.
    """

    flagged: Floats
    weights: Floats
    stratum: NDArray[np.intp]
    truth: Floats

    @classmethod
    def of(
        cls,
        judged: ArrayLike,
        weights: ArrayLike | None,
        strata: Strata | None,
        labels: ArrayLike | None,
    ) -> Self:
        """The columns as a caller has them, checked.

        Raises:
            EvidenceError: lengths differ, or values are not of the kinds above.

        >>> JudgedSample.of([1, 0], None, ["b", "a"], None).stratum.tolist()
        [1, 0]
        """
        flagged = checked_array(judged, "judged verdicts", low=0, high=1)
        if not np.all((flagged == 0) | (flagged == 1)):
            raise EvidenceError("judged verdicts must be 0 or 1; leave unscored pairs out")
        w = checked_weights(weights, flagged.size)
        truth = _checked_labels(labels, flagged.size)
        return cls(flagged, w, _stratum_numbers(strata, flagged.size), truth)

    @property
    def labelled(self) -> Flags:
        """Whether people have said what a pair is."""
        return ~np.isnan(self.truth)

    @property
    def strata(self) -> int:
        """How many strata there are."""
        return int(self.stratum.max()) + 1

    def each_stratum(self) -> Iterator[Flags]:
        """Which pairs are of stratum 0, of stratum 1, and so on."""
        for number in range(self.strata):
            yield np.asarray(self.stratum == number)

    def truly_bad(self, cell: Flags) -> tuple[float, float]:
        """Design-effective counts (bad, labelled) of the labelled pairs of a cell."""
        of = cell & self.labelled
        return effective_counts(self.truth[of], self.weights[of])

    def judged_bad(self, cell: Flags) -> tuple[float, float]:
        """Design-effective counts (judged bad, judged) of a cell."""
        return effective_counts(self.flagged[cell], self.weights[cell])


def _checked_labels(labels: ArrayLike | None, size: int) -> Floats:
    if labels is None:
        return np.full(size, np.nan)
    try:
        array = np.asarray(labels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvidenceError(f"the labels are not numbers: {error}") from error
    if array.shape != (size,):
        raise EvidenceError(f"labels of shape {array.shape} do not fit {size} pairs")
    if not np.all((array == 0) | (array == 1) | np.isnan(array)):
        raise EvidenceError("labels must be 0, 1 or NaN (not labelled)")
    return array


def _stratum_numbers(strata: Strata | None, size: int) -> NDArray[np.intp]:
    if strata is None:
        return np.zeros(size, dtype=np.intp)
    if len(strata) != size:
        raise EvidenceError(f"there are {len(strata)} strata for {size} pairs")
    return np.unique(np.asarray(strata), return_inverse=True)[1]
