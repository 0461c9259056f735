"""Which exchanges are evaluated, in which direction, and with what probability.

Two phases: a uniform floor, and the rest where the predicted risk makes pairs most informative
(Neyman 1934: in proportion to the standard deviation). The probability is fixed when the decision
to include is taken and travels with the exchange to its outcome; nothing downstream computes it
again (METHODS, "Vocabulary": a wrong pi voids everything silently).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tierwatch.errors import EvidenceError
from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import hashed_share

# Share of the sample of escalated mid-tier traffic that is probed down; the rest is shadowed up.
# Without the down part a raised threshold could never come back; without the up part a tier that
# lives on escalated traffic would not be watched. A third loses little power for the alarm.
_DOWN_SHARE = 1 / 3

# Bins of confidence in which risk is predicted and traffic is counted.
CONFIDENCE_BINS = 20

# This share of the sampling rate is spent uniformly, whatever the predicted risk says.
UNIFORM_FLOOR = 0.2
# How far a bin's share of the rest may differ from the mean. The lower end bounds the weights at
# 1 / (.2 + .8 * .5) = 1.67: a monitor bets in units of the largest weight, so a bin that is hardly
# sampled would slow down the alarm of all others.
_LEAST_SHARE, _MOST_SHARE = 0.5, 2.5
# A bin's risk is drawn to its tier's by this many pairs.
_SHRINKAGE = 20.0

# Below this share of the day's budget the rate is whole; above it, it falls in a straight line.
_BUDGET_KNEE = 0.5
# The rate falls to this part of itself as the budget runs out, and to nothing once it is spent.
_BUDGET_FLOOR = 0.1


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


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An exchange is in the sample.

    Attributes:
        direction: ``up`` compares with the next tier up, ``down`` with the tier below.
        alternative_tier: the tier that answers in the shadow.
        rate: the plain rate in force, sample rate times budget factor.
        pi: probability of this exchange to be included *in this direction*, in (0, 1].
    """

    direction: Literal["up", "down"]
    alternative_tier: str
    rate: float
    pi: float

    @property
    def weight(self) -> float:
        """Weight among the traffic of the same moment: rate / pi, free of the budget's factor.

        A monitor bets on traffic as it is now, so what all of it shares cancels; estimates over a
        span of time use 1 / pi.
        """
        return self.rate / self.pi


def inclusion(
    decision: Decision, tiers: Sequence[str], plan: SamplingPlan, exchange_id: str
) -> Inclusion | None:
    """Say whether and how an exchange is evaluated; None leaves it out.

    Kept traffic is shadowed up. Escalated traffic is probed down, and in the middle tiers also
    shadowed up (one of the two, drawn by the same hash). The top tier is only probed down. What
    the router did not choose (pinned, classifier failed, moved up by a cascade, a conversation held
    at its tier) is no evidence about a threshold and is left out.

    Args:
        decision: what the router chose.
        tiers: names, cheapest first.
        plan: rates in force.
        exchange_id: what the deterministic draw is made from.
    """
    place = tiers.index(decision.tier)
    up, down = propensities(decision, tiers, plan)
    rate = plan.sample_rate * plan.factor
    draw = hashed_share(plan.salt, exchange_id)
    if draw < down:
        return Inclusion("down", tiers[place - 1], rate, down)
    if draw < down + up:
        return Inclusion("up", tiers[place + 1], rate, up)
    return None


def cached_inclusion(decision: Decision, plan: SamplingPlan, exchange_id: str) -> Inclusion | None:
    """Say whether an answer of the response cache is evaluated; None leaves it out.

    It is compared with a fresh answer of the tier that the decision names. The question is whether
    the answer fits the request, so what the router did not choose counts too, and no risk by
    confidence is known.
    """
    rate = plan.sample_rate * plan.factor
    if hashed_share(plan.salt, exchange_id) >= rate:
        return None
    return Inclusion("up", decision.tier, rate, rate)


def propensities(
    decision: Decision, tiers: Sequence[str], plan: SamplingPlan
) -> tuple[float, float]:
    """Probabilities of an exchange to be included upwards and downwards; (0, 0) is never.

    They add up to at most 1. What the router did not choose is never included.
    """
    if not decision.chosen:
        return 0.0, 0.0
    place = tiers.index(decision.tier)
    up, down = _rates(place, len(tiers), plan, escalated=decision.escalated)
    if plan.allocation is not None:
        share = plan.allocation.get((decision.tier, confidence_bin(decision.confidence)), 1.0)
        up = min(1.0 - down, up * (UNIFORM_FLOOR + (1 - UNIFORM_FLOOR) * share))
    return up, down


def confidence_bin(confidence: float) -> int:
    """The bin of a confidence, from 0; what lies outside [0, 1] falls into the nearest.

    >>> confidence_bin(0.07), confidence_bin(1.0)
    (1, 19)
    """
    return min(CONFIDENCE_BINS - 1, max(0, int(confidence * CONFIDENCE_BINS)))


@dataclass(frozen=True, slots=True)
class RiskCell:
    """What is known of one tier's traffic in one bin of confidence.

    Attributes:
        tier: that served it.
        bin: of confidence.
        requests: all traffic of late.
        weight: sum of the weights of its pairs.
        weighted_loss: sum of weight times loss.
    """

    tier: str
    bin: int
    requests: int
    weight: float
    weighted_loss: float


def neyman_allocation(cells: Sequence[RiskCell]) -> dict[tuple[str, int], float]:
    """Multiples of the sampling rate by tier and bin, averaging 1 over a tier's traffic.

    In proportion to ``sqrt(r (1 - r))``, r being the bin's rate drawn to its tier's by
    `_SHRINKAGE` pairs; cut to [0.5, 2.5] of the mean. A tier without pairs is left out: its bins
    are sampled alike until something is known.

    Reference: Neyman, "On the two different aspects of the representative method" (JRSS 1934).

    Raises:
        EvidenceError: a negative count or a loss above its weight.

    >>> cells = [RiskCell("simple", 19, 500, 100, 1), RiskCell("simple", 14, 500, 100, 20)]
    >>> {place: round(share, 2) for place, share in neyman_allocation(cells).items()}
    {('simple', 19): 0.58, ('simple', 14): 1.42}
    """
    found: dict[tuple[str, int], float] = {}
    for tier in dict.fromkeys(cell.tier for cell in cells):
        mine = [cell for cell in cells if cell.tier == tier]
        if any(cell.requests < 0 or not 0 <= cell.weighted_loss <= cell.weight for cell in mine):
            raise EvidenceError(f"cells of tier {tier} hold a negative count or too large a loss")
        pairs = sum(cell.weight for cell in mine)
        traffic = sum(cell.requests for cell in mine)
        if pairs == 0 or traffic == 0:
            continue
        prior = sum(cell.weighted_loss for cell in mine) / pairs
        spread = {}
        for cell in mine:
            rate = (cell.weighted_loss + _SHRINKAGE * prior) / (cell.weight + _SHRINKAGE)
            spread[cell.bin] = (rate * (1 - rate)) ** 0.5
        mean = sum(spread[cell.bin] * cell.requests for cell in mine) / traffic
        for cell in mine:
            share = spread[cell.bin] / mean if mean else 1.0
            found[tier, cell.bin] = min(_MOST_SHARE, max(_LEAST_SHARE, share))
    return found


def _rates(place: int, count: int, plan: SamplingPlan, *, escalated: bool) -> tuple[float, float]:
    """Probabilities (up, down) for a decision at this place in the ladder."""
    rate = plan.sample_rate * plan.factor
    top = place == count - 1
    asked = None if plan.probe_down_rate is None else plan.probe_down_rate * plan.factor
    if top:
        return 0.0, rate if asked is None or not escalated else asked
    if not escalated:
        return rate, 0.0
    if asked is None or plan.probe_down_rate is None:
        return rate * (1 - _DOWN_SHARE), rate * _DOWN_SHARE
    # Scaled as a whole: with the room that a budget leaves, weights would grow past the cap.
    return min(plan.sample_rate, 1 - plan.probe_down_rate) * plan.factor, asked


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
        least = UNIFORM_FLOOR + (1 - UNIFORM_FLOOR) * _LEAST_SHARE
    if plan.probe_down_rate is None:
        return round(1 / ((1 - _DOWN_SHARE) * least), 9)
    if plan.probe_down_rate >= 1:
        return 1.0 / least
    return max(1.0, plan.sample_rate / (1 - plan.probe_down_rate)) / least


def budget_factor(spent_usd: float, budget_usd: float | None) -> float:
    """What is left of the sampling rate: it falls before the day's budget ends, never after.

    >>> [budget_factor(spent, 10.0) for spent in (0, 5, 7.5, 9.99, 10)]
    [1.0, 1.0, 0.55, 0.1018, 0.0]
    >>> budget_factor(1e6, None)
    1.0
    """
    if budget_usd is None:
        return 1.0
    if spent_usd >= budget_usd:
        return 0.0
    used = spent_usd / budget_usd
    if used <= _BUDGET_KNEE:
        return 1.0
    fall = (used - _BUDGET_KNEE) / (1 - _BUDGET_KNEE)
    return round(1 - fall * (1 - _BUDGET_FLOOR), 6)
