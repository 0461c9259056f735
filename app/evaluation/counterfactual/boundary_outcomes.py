"""One boundary's judged pairs, whichever tier served: as given, and as checked columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.columns import Floats, checked_array

Flags = NDArray[np.bool_]
# USD, or requests: more is a mistake of units.
_MOST = 1e12


@dataclass(frozen=True, slots=True)
class BoundaryOutcomes:
    """The pairs about one boundary, columns of shape (n,); of a conversation one row.

    Attributes:
        confidences: of the classifier in the lower tier, in [0, 1].
        losses: in [0, 1]; 1 where the lower tier's answer was materially worse, whichever served.
        inclusion: pi in (0, 1], the chance under which the pair was taken, direction included.
        lower_cost_usd: of the lower tier's answer.
        upper_cost_usd: of the upper tier's answer.
        traffic: confidences of *all* requests at this boundary, sampled or not (bins will do: their
            middles), for the doubly robust estimate; None if they are not known.
        traffic_counts: requests for each of those; None for one each.
    """

    confidences: ArrayLike
    losses: ArrayLike
    inclusion: ArrayLike
    lower_cost_usd: ArrayLike
    upper_cost_usd: ArrayLike
    traffic: ArrayLike | None = None
    traffic_counts: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """One boundary's checked columns; a weight is the number of requests its pair stands for."""

    tier: str
    now: float
    candidate: float
    c: Floats
    x: Floats
    w: Floats
    lower: Floats
    upper: Floats
    traffic: Floats | None
    counts: Floats

    def kept(self, threshold: float) -> Flags:
        """Whether a pair is kept at a threshold: its confidence is at or above it."""
        return np.greater_equal(self.c, threshold)

    @property
    def moved(self) -> Flags:
        """Whether the candidate decides otherwise than now."""
        return np.not_equal(self.kept(self.now), self.kept(self.candidate))

    @property
    def sign(self) -> int:
        """+1 when the candidate keeps more."""
        return 1 if self.candidate < self.now else -1


def checked_boundary(
    tier: str, outcomes: BoundaryOutcomes, now: float, candidate: float | None
) -> Columns:
    """The columns of a boundary's pairs, checked; without a candidate its threshold stays.

    Raises:
        EvidenceError: columns of different lengths or outside their range.

    >>> one = checked_boundary("simple", BoundaryOutcomes([.9], [0], [.25], [1], [3]), .7, None)
    >>> one.w.tolist(), one.candidate
    ([4.0], 0.7)
    """
    c = checked_array(outcomes.confidences, "confidences", low=0, high=1)
    n = c.size
    pi = checked_array(outcomes.inclusion, "inclusion probabilities", low=0, high=1, size=n)
    # 1 / pi must stay finite when squared and summed.
    if n and pi.min() < np.finfo(np.float64).tiny ** 0.25:
        raise EvidenceError("an inclusion probability must be above 0: such a pair is never taken")
    lower, upper = (
        checked_array(cost, name, low=0, high=_MOST, size=n)
        for cost, name in (
            (outcomes.lower_cost_usd, "costs of the lower tier"),
            (outcomes.upper_cost_usd, "costs of the upper tier"),
        )
    )
    traffic, counts = _checked_traffic(outcomes)
    return Columns(
        tier=tier,
        now=now,
        candidate=now if candidate is None else candidate,
        c=c,
        x=checked_array(outcomes.losses, "losses", low=0, high=1, size=n),
        w=1 / pi,
        lower=lower,
        upper=upper,
        traffic=traffic,
        counts=counts,
    )


def _checked_traffic(outcomes: BoundaryOutcomes) -> tuple[Floats | None, Floats]:
    """Confidences of all requests and how many have each; None where none are known."""
    if outcomes.traffic is None:
        if outcomes.traffic_counts is not None:
            raise EvidenceError("counts of traffic were given without its confidences")
        return None, np.zeros(0)
    traffic = checked_array(outcomes.traffic, "traffic's confidences", low=0, high=1)
    counts = np.ones(traffic.size)
    if outcomes.traffic_counts is not None:
        counts = checked_array(
            outcomes.traffic_counts, "counts of traffic", low=0, high=_MOST, size=traffic.size
        )
    return (traffic if counts.sum() else None), counts
