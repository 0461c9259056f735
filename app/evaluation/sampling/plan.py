"""What share of traffic to evaluate."""

from collections.abc import Mapping
from dataclasses import dataclass

from tierwatch.evaluation.sampling.allocation import LEAST_SHARE

# Share of the sample of escalated mid-tier traffic that is probed down; the rest is shadowed up.
# Without the down part a raised threshold could never come back; without the up part a tier that
# lives on escalated traffic would not be watched. A third loses little power for the alarm.
DOWN_SHARE = 1 / 3
# This share of the sampling rate is spent uniformly, whatever the predicted risk says.
UNIFORM_FLOOR = 0.2


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """What share of traffic to evaluate.

    Attributes:
        sample_rate: share of exchanges captured, in [0, 1].
        probe_down_rate: share of escalated exchanges probed on the tier below; None takes a
            third of the sample of mid-tier traffic and all of the sample of the top tier.
        salt: separates this draw from every other hash of the same id.
        factor: what the day's budget leaves of the rates, in [0, 1].
        allocation: (tier, bin of confidence) -> multiple of the rate that the part above the floor
            has for kept and shadowed-up traffic (`neyman_allocation`); a bin that is not in it has
            1. None samples uniformly.
    """

    sample_rate: float
    probe_down_rate: float | None = None
    salt: str = "inclusion"
    factor: float = 1.0
    allocation: Mapping[tuple[str, int], float] | None = None


def weight_cap(plan: SamplingPlan) -> float:
    """Largest weight an ``up`` inclusion can have under the plan; the monitors' declared cap.

    >>> weight_cap(SamplingPlan(sample_rate=1.0))
    1.5
    >>> weight_cap(SamplingPlan(sample_rate=0.05, probe_down_rate=0.05))
    1.0
    >>> weight_cap(SamplingPlan(sample_rate=0.05, allocation={}))
    2.5
    """
    least = 1.0
    if plan.allocation is not None:
        least = UNIFORM_FLOOR + (1 - UNIFORM_FLOOR) * LEAST_SHARE
    if plan.probe_down_rate is None:
        return round(1 / ((1 - DOWN_SHARE) * least), 9)
    if plan.probe_down_rate >= 1:
        return 1.0 / least
    return max(1.0, plan.sample_rate / (1 - plan.probe_down_rate)) / least
