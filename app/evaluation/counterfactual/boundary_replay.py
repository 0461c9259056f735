"""What a replay found, for one boundary and for the whole policy."""

from dataclasses import dataclass

from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True, slots=True)
class BoundaryReplay:
    """One boundary under the candidate's threshold.

    Attributes:
        tier: the lower tier.
        threshold_now: now active.
        threshold: the candidate's.
        kept: share of this boundary's requests that the candidate keeps.
        misroute: misroute rate among those, by Hajek weights.
        misroute_robust: the same, doubly robust; unknown when the traffic is not known.
        misroute_now: the rate at the present threshold, by Hajek weights.
        misroutes_change: change of misroutes per request of this boundary.
        cost_change: relative to what this boundary's requests cost now.
        effective: effective pairs among those the candidate keeps.
        effective_moved: effective pairs among those it decides otherwise than now.
        refused: where overlap is missing, or None. Then the candidate's estimates are unknown.
    """

    tier: str
    threshold_now: float
    threshold: float
    kept: Estimate
    misroute: Estimate
    misroute_robust: Estimate
    misroute_now: Estimate
    misroutes_change: Estimate
    cost_change: Estimate
    effective: float
    effective_moved: float
    refused: str | None

    @property
    def overlap_ok(self) -> bool:
        """Whether there are pairs wherever the candidate decides otherwise."""
        return self.refused is None


@dataclass(frozen=True, slots=True)
class Replay:
    """A candidate policy scored on past outcomes.

    Attributes:
        boundaries: one a tier, in the order given.
        quality_change: change of the share of all requests that are not misrouted.
        cost_change: relative to what all requests cost now.
        refused: each boundary's reason, joined; None when there is overlap everywhere.
    """

    boundaries: tuple[BoundaryReplay, ...]
    quality_change: Estimate
    cost_change: Estimate
    refused: str | None
