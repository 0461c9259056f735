"""Judged pairs of all boundaries, as routing draws them.

Pairs come from routing itself, so no boundary sees all requests: a request is compared one tier up
or one tier down from where it was served. What is not seen is counted, never left out.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array

_COLUMNS = (
    *("confidences", "served", "boundaries", "labels", "gains", "weights", "policies"),
    *("direct", "direct_weights"),
)
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
    showed are counted all the same: served below the boundary, as what a direct comparison with the
    top tier says of their like (``direct``); all others as lost if thresholds were to move them to
    it or below. Where too few were compared directly, an estimate assumes that they lose there no
    more often than those that its own tier serves (the router kept the easier ones), and a
    certificate takes them for lost.

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
        direct: what the top tier's answer gained over the served one, as ``gains``, where it was
            compared as well; NaN where it was not. Of pairs served two or more tiers below the top
            and compared upwards. None for none. Shape (n,).
        direct_weights: 1 / pi of the direct comparison; what stands beside a NaN counts for
            nothing. Shape (n,).

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
    direct: ArrayLike | None = None
    direct_weights: ArrayLike | None = None

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
        read |= _checked_direct(self.direct, self.direct_weights, places, count)
        for name, array in (read | places | {"thresholds": thresholds}).items():
            object.__setattr__(self, name, array)


def _checked_direct(
    direct: ArrayLike | None,
    weights: ArrayLike | None,
    places: Mapping[str, Places],
    count: int,
) -> dict[str, Floats]:
    """The direct comparisons as columns; of no pair without them."""
    served, n = places["served"], places["served"].size
    if direct is None:
        return {"direct": np.full(n, math.nan), "direct_weights": np.ones(n)}
    found = np.asarray(direct, dtype=np.float64)
    given = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    if found.shape != (n,) or given.shape != (n,):
        raise EvidenceError(
            f"direct comparisons: found shapes {found.shape} and {given.shape}; accepted: {n}"
        )
    there = ~np.isnan(found)
    checked_array(found[there], "direct gains", low=-1, high=1)
    checked_array(given[there], "weights of direct comparisons", low=1e-300, high=1e300)
    if np.any(there & ((served >= count - 1) | (places["boundaries"] != served))):
        raise EvidenceError(
            "accepted: direct comparisons of pairs served two or more tiers below the top, and"
            " compared upwards"
        )
    return {"direct": found, "direct_weights": np.where(there, given, 1.0)}


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
