"""What share of traffic to evaluate."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tierwatch.evaluation.sampling.allocation import LEAST_SHARE
from tierwatch.evaluation.sampling.burst import AS_PLANNED, EVERY_TYPE, Burst, Densities

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
        bursts: (tier, task type or ``*``) -> what is sampled more densely at present.
        direct_share: share of what is shadowed up from two or more tiers below the top that the top
            tier answers as well, in [0, 1].
    """

    sample_rate: float
    probe_down_rate: float | None = None
    salt: str = "inclusion"
    factor: float = 1.0
    allocation: Mapping[tuple[str, int], float] | None = None
    bursts: Mapping[tuple[str, str], Burst] = field(default_factory=dict[tuple[str, str], Burst])
    direct_share: float = 0.0

    @property
    def rate(self) -> float:
        """The plain rate: what the day's budget leaves of the sample rate."""
        return self.sample_rate * self.factor

    @property
    def most_down(self) -> float:
        """The largest probability with which kept or middle tiers' traffic is probed down."""
        if self.probe_down_rate is None:
            return self.rate * DOWN_SHARE
        return self.probe_down_rate * self.factor

    def densities(self, tier: str, task_type: str, at: float) -> Densities:
        """How densely a segment is sampled; two look-ups, as each request asks for it.

        A segment's density times the plain rate leaves room for what is probed down, so that a
        probability cut off at 1 gives no weight above the cap.

        Args:
            tier: that serves.
            task_type: of the request.
            at: when it arrived, in seconds since 1970.
        """
        if not self.bursts:
            return AS_PLANNED
        of_tier = self._density((tier, EVERY_TYPE), at)
        return Densities(max(of_tier, self._density((tier, task_type), at)), of_tier)

    def _density(self, segment: tuple[str, str], at: float) -> float:
        burst = self.bursts.get(segment)
        if burst is None or burst.until <= at:
            return 1.0
        return self.possible_density(burst.density)

    def possible_density(self, asked: float) -> float:
        """The multiple of the plain rate that there is traffic for, from 1 to what is asked.

        >>> SamplingPlan(0.05).possible_density(10), SamplingPlan(0.25).possible_density(10)
        (10, 3.6666666666666665)
        >>> SamplingPlan(0.5, probe_down_rate=0.25).possible_density(10)
        1.5
        """
        if self.rate <= 0:
            return 1.0
        return max(1.0, min(asked, (1 - self.most_down) / self.rate))


def weight_cap(plan: SamplingPlan) -> float:
    """Largest weight an ``up`` inclusion can have under the plan; the monitors' declared cap.

    Bursts raise it for nobody: what they sample more densely weighs less among its tier, and the
    same as ever among its own segment.

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
