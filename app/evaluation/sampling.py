"""Which exchanges are evaluated, in which direction, and with what probability.

The probability is fixed when the decision to include is taken and travels with the exchange to
its outcome; nothing downstream computes it again (METHODS, "Vocabulary": a wrong pi voids
everything silently).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.routing.decision import Decision
from app.routing.policy import hashed_share

# Share of the sample of escalated mid-tier traffic that is probed down; the rest is shadowed up.
# Without the down part a raised threshold could never come back; without the up part a tier that
# lives on escalated traffic would not be watched. A third loses little power for the alarm.
_DOWN_SHARE = 1 / 3

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
    """

    sample_rate: float
    probe_down_rate: float | None = None
    salt: str = "inclusion"
    factor: float = 1.0


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
    the router did not choose (pinned, classifier failed) is no evidence about a threshold and is
    left out.

    Args:
        decision: what the router chose.
        tiers: names, cheapest first.
        plan: rates in force.
        exchange_id: what the deterministic draw is made from.
    """
    if decision.reason == "pinned" or decision.reason.startswith("classifier_failed"):
        return None
    place = tiers.index(decision.tier)
    rate = plan.sample_rate * plan.factor
    up, down = _rates(place, len(tiers), plan, escalated=decision.escalated)
    draw = hashed_share(plan.salt, exchange_id)
    if draw < down:
        return Inclusion("down", tiers[place - 1], rate, down)
    if draw < down + up:
        return Inclusion("up", tiers[place + 1], rate, up)
    return None


def _rates(place: int, count: int, plan: SamplingPlan, *, escalated: bool) -> tuple[float, float]:
    """Probabilities (up, down) for a decision at this place in the ladder."""
    rate = plan.sample_rate * plan.factor
    top = place == count - 1
    asked = None if plan.probe_down_rate is None else plan.probe_down_rate * plan.factor
    if top:
        return 0.0, rate if asked is None or not escalated else asked
    if not escalated:
        return rate, 0.0
    if asked is None:
        return rate * (1 - _DOWN_SHARE), rate * _DOWN_SHARE
    return min(rate, 1 - asked), asked


def weight_cap(plan: SamplingPlan) -> float:
    """Largest weight an ``up`` inclusion can have under the plan; the monitors' declared cap.

    >>> weight_cap(SamplingPlan(sample_rate=1.0))
    1.5
    >>> weight_cap(SamplingPlan(sample_rate=0.05, probe_down_rate=0.05))
    1.0
    """
    if plan.probe_down_rate is None:
        return round(1 / (1 - _DOWN_SHARE), 9)
    if plan.probe_down_rate >= 1:
        return 1.0
    return max(1.0, plan.sample_rate / (1 - plan.probe_down_rate))


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
