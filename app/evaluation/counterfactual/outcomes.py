"""The judged pairs about one boundary, whichever tier served."""

from dataclasses import dataclass

from numpy.typing import ArrayLike


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
