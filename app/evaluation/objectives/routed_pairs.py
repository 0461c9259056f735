"""Judged pairs of all boundaries, as routing draws them.

Pairs come from routing itself, so no boundary sees all requests: a request is compared one tier up
or one tier down from where it was served. What is not seen is counted, never left out.
"""

import sys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array

_COLUMNS = ("confidences", "served", "boundaries", "labels", "gains", "weights", "policies")
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
_TABLE = 2
# A policy that showed fewer says too little of what it would have shown: its pairs are left out.
# With 1 to 5 pairs beside 3,000 a certificate was wrong in 4 to 54 of 100 runs; from 20 on in none.
_FEWEST_OF_A_POLICY = 200


@dataclass(frozen=True)
class RoutedPairs:
    """Judged pairs of all boundaries, drawn from what the router served.

    Boundary b lies between tier b and tier b + 1; tier B, their number, is the top one. A pair of
    boundary b was served by tier b and compared upwards, or by b + 1 and compared downwards. So no
    policy shows a boundary all requests. Those that one policy did not show, another may have: a
    pair then stands for as many more requests as the policies that show such a request served a
    smaller part of all (the balance heuristic; Veach and Guibas 1995). Requests that no policy
    showed are counted all the same: served below the boundary, as losing there no more often than
    those that its own tier serves (the assumption of `relative_quality`: the router kept the
    easier ones); all others as lost if thresholds were to move them to it or below.

    Pairs of a policy with fewer than 200 are left out, unless no other has more: what it might have
    shown and did not would count as nothing.

    Columns have a row for each pair.

    Attributes:
        confidences: of every tier but the top one, cheapest first; shape (n, B).
        served: place of the tier that served; shape (n,).
        boundaries: place of the boundary that was judged; shape (n,).
        labels: place of the tier the classifier named. What a middle tier serves at or below its
            label is compared upwards only. Shape (n,).
        gains: 1 where the higher tier's answer was better, 0 for a tie, -1 where the lower's was.
        weights: 1 / pi.
        policies: which row of ``thresholds`` was applied; shape (n,).
        thresholds: of every policy that was applied; shape (P, B).

    Raises:
        EvidenceError: columns of different length, or values outside their range.
    """

    confidences: ArrayLike
    served: ArrayLike
    boundaries: ArrayLike
    labels: ArrayLike
    gains: ArrayLike
    weights: ArrayLike
    policies: ArrayLike
    thresholds: ArrayLike

    def __post_init__(self) -> None:
        gains = checked_array(self.gains, "gains", low=-1, high=1)
        n = int(gains.size)
        weights = checked_array(self.weights, "weights", low=0, high=sys.float_info.max, size=n)
        thresholds = np.asarray(self.thresholds, dtype=np.float64)
        count = thresholds.shape[-1] if thresholds.ndim == _TABLE else 0
        confidences = np.asarray(self.confidences, dtype=np.float64)
        if not (count and confidences.shape == (n, count) and _shares(confidences, thresholds)):
            raise EvidenceError(
                f"found thresholds of shape {thresholds.shape}, confidences of shape"
                f" {confidences.shape} and {n} gains; accepted: a row of confidences for each gain,"
                " as many as a policy has thresholds, all in [0, 1]"
            )
        if np.any(weights <= 0):
            raise EvidenceError("weights must be above 0: a pair has a chance of inclusion")
        highest = {"served": count, "boundaries": count - 1, "labels": count}
        places: dict[str, Places] = {}
        for name, top in (highest | {"policies": len(thresholds) - 1}).items():
            column: Places = np.asarray(getattr(self, name), dtype=np.intp)
            if column.shape != (n,) or np.any((column < 0) | (column > top)):
                raise EvidenceError(
                    f"{name}: found shape {column.shape}, from {column.min(initial=0)} to"
                    f" {column.max(initial=0)}; accepted: {n} places from 0 to {top}"
                )
            places[name] = column
        below = places["served"] - places["boundaries"]
        if np.any((below != 0) & (below != 1)):
            raise EvidenceError("accepted: pairs served at their boundary or one tier above it")
        read = {"confidences": confidences, "gains": gains, "weights": weights}
        for name, array in (read | places | {"thresholds": thresholds}).items():
            object.__setattr__(self, name, array)


def _shares(*tables: Floats) -> bool:
    return all(bool(np.all((table >= 0) & (table <= 1))) for table in tables)


def of_seen_policies(pairs: RoutedPairs) -> RoutedPairs:
    """Pairs of the policies that showed enough; `RoutedPairs` says why."""
    policies: Places = np.asarray(pairs.policies)
    counts = np.bincount(policies, minlength=len(np.asarray(pairs.thresholds)))
    rows = counts[policies] >= min(_FEWEST_OF_A_POLICY, int(counts.max(initial=0)))
    if rows.all():
        return pairs
    columns = {name: np.asarray(getattr(pairs, name))[rows] for name in _COLUMNS}
    return replace(pairs, **columns)
