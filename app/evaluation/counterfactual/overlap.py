"""Whether pairs were taken where the candidate would decide otherwise."""

import itertools

import numpy as np

from tierwatch.evaluation.counterfactual.boundary_outcomes import Columns, Flags
from tierwatch.evaluation.rates.columns import Floats
from tierwatch.evaluation.rates.weighted import effective_n

# Overlap is asked for in slices of about this width: pairs at .7 tell nothing of traffic at .4.
_SLICE = 0.1
# With the traffic known, a slice with less than this share of it may lack pairs.
_NEGLIGIBLE = 0.01
_ROUNDING = 1e-9


def missing_overlap(one: Columns, min_effective: float) -> str | None:
    """Say which part of the region that changes hands has too few pairs; None where none has.

    Between both thresholds each slice of about a tenth of confidence must have ``min_effective``
    effective pairs: nothing is extrapolated. Where the traffic is known, a slice with less than 1 %
    of it is let pass. See docs/statistics.md, "Counterfactual replay".

    >>> from tierwatch.evaluation.counterfactual.boundary_outcomes import checked_boundary
    >>> from tierwatch.evaluation.counterfactual.boundary_outcomes import BoundaryOutcomes
    >>> pairs = BoundaryOutcomes([.65] * 40, [0] * 40, [.5] * 40, [1] * 40, [3] * 40)
    >>> missing_overlap(checked_boundary("simple", pairs, .7, .6), 30) is None
    True
    >>> missing_overlap(checked_boundary("simple", pairs, .7, .5), 30)
    '0 effective pairs at confidence 0.50 to 0.60, and 30 are needed'
    """
    start, end = sorted((one.now, one.candidate))
    slices = max(1, round((end - start) / _SLICE)) if end > start else 0
    edges = np.linspace(start, end, slices + 1)
    thin = []
    for low, high in itertools.pairwise(edges.tolist()):
        if one.traffic is not None:
            inside = _between(one.traffic, low, high)
            if one.counts @ inside < _NEGLIGIBLE * one.counts.sum():
                continue
        n = effective_n(one.w[_between(one.c, low, high)])
        if n < min_effective * (1 - _ROUNDING):
            thin.append(f"{n:.0f} effective pairs at confidence {low:.2f} to {high:.2f}")
    if not thin:
        return None
    return f"{', '.join(thin)}, and {min_effective:.0f} are needed"


def _between(confidences: Floats, low: float, high: float) -> Flags:
    """Whether they are in [low, high), a threshold in decimals being met by its own decimals."""
    return np.less(low - _ROUNDING, confidences) & np.less(confidences, high - _ROUNDING)
