"""Which exchanges are evaluated, in which direction, and with what probability.

Two phases: a uniform floor, and the rest where the predicted risk makes pairs most informative
(Neyman 1934: in proportion to the standard deviation). The probability is fixed when the decision
to include is taken and travels with the exchange to its outcome; nothing downstream computes it
again (METHODS, "Vocabulary": a wrong pi voids everything silently).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tierwatch.evaluation.sampling.allocation import confidence_bin
from tierwatch.evaluation.sampling.burst import AS_PLANNED, Densities
from tierwatch.evaluation.sampling.plan import DOWN_SHARE, UNIFORM_FLOOR, SamplingPlan
from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import hashed_share
from tierwatch.routing.tiers import CACHE_TIER

# Apart from the draw of the sample itself: whether the top tier is asked says nothing of the rest.
_DIRECT_SALT = "direct"


class Direct(NamedTuple):
    """A pair upwards is compared with the top tier as well.

    Attributes:
        tier: the top one.
        share: of the pairs upwards that are.
        pi: probability of this exchange to be, ``share`` times that of its pair upwards.
    """

    tier: str
    share: float
    pi: float


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An exchange is in the sample.

    Attributes:
        direction: ``up`` compares with the next tier up, ``down`` with the tier below.
        alternative_tier: the tier that answers in the shadow.
        rate: the plain rate, sample rate times budget factor.
        pi: probability of this exchange to be included *in this direction*, in (0, 1].
        densities: how many times the plain rate its segment and its tier were sampled with.
        direct: how it is compared with the top tier as well; None where it is not.
    """

    direction: Literal["up", "down"]
    alternative_tier: str
    rate: float
    pi: float
    densities: Densities = AS_PLANNED
    direct: Direct | None = None

    @property
    def weight(self) -> float:
        """Weight against a plain sample of the same moment: rate / pi, free of the budget's factor.

        A monitor bets on traffic as it is now, so what all of it shares cancels: that of a segment
        takes this times ``densities.segment``, that of a tier times ``densities.tier``. Estimates
        over a span of time use 1 / pi.
        """
        return self.rate / self.pi


class Chances(NamedTuple):
    """Probabilities of an exchange to be included upwards and downwards; (0, 0) is never."""

    up: float
    down: float
    densities: Densities = AS_PLANNED

    @property
    def either(self) -> float:
        """The probability to be included at all; at most 1."""
        return self.up + self.down


_NEVER = Chances(0.0, 0.0)


def inclusion(
    decision: Decision, tiers: Sequence[str], plan: SamplingPlan, exchange_id: str, at: float = 0.0
) -> Inclusion | None:
    """Say whether and how an exchange is evaluated; None leaves it out.

    Kept traffic is shadowed up. Escalated traffic is probed down, and in the middle tiers also
    shadowed up (one of the two, drawn by the same hash). The top tier is only probed down. What
    the router did not choose (pinned, classifier failed, moved up by a cascade, a conversation held
    at its tier) is no evidence about a threshold and is left out.

    Args:
        decision: what the router chose.
        tiers: names, cheapest first.
        plan: the active rates.
        exchange_id: what the deterministic draw is made from.
        at: when it arrived, in seconds since 1970: a burst ends by itself.
    """
    return drawn(decision, tiers, plan, exchange_id, propensities(decision, tiers, plan, at))


def drawn(
    decision: Decision,
    tiers: Sequence[str],
    plan: SamplingPlan,
    exchange_id: str,
    chances: Chances,
) -> Inclusion | None:
    """What `inclusion` says, for who has the `propensities` already."""
    up, down, densities = chances
    if up == down == 0:
        return None
    place = tiers.index(decision.tier)
    draw = hashed_share(plan.salt, exchange_id)
    if draw < down:
        return Inclusion("down", tiers[place - 1], plan.rate, down)
    if draw < down + up:
        direct = _direct(place, tiers, plan, exchange_id, up)
        return Inclusion("up", tiers[place + 1], plan.rate, up, densities, direct)
    return None


def _direct(
    place: int, tiers: Sequence[str], plan: SamplingPlan, exchange_id: str, up: float
) -> Direct | None:
    """Whether a pair upwards is compared with the top tier too; next to it, it is already."""
    share = plan.direct_share
    if not share or place + 2 >= len(tiers) or hashed_share(_DIRECT_SALT, exchange_id) >= share:
        return None
    return Direct(tiers[-1], share, share * up)


def cached_chances(decision: Decision, plan: SamplingPlan, at: float = 0.0) -> Chances:
    """The probability of an answer of the response cache to be compared with a fresh one."""
    densities = plan.densities(CACHE_TIER, decision.task_type, at)
    return Chances(plan.rate * densities.segment, 0.0, densities)


def cached_inclusion(
    decision: Decision, plan: SamplingPlan, exchange_id: str, at: float = 0.0
) -> Inclusion | None:
    """Say whether an answer of the response cache is evaluated; None leaves it out.

    It is compared with a fresh answer of the tier that the decision names. The question is whether
    the answer fits the request, so what the router did not choose counts too, and no risk by
    confidence is known.
    """
    chances = cached_chances(decision, plan, at)
    if hashed_share(plan.salt, exchange_id) >= chances.up:
        return None
    return Inclusion("up", decision.tier, plan.rate, chances.up, chances.densities)


def propensities(
    decision: Decision, tiers: Sequence[str], plan: SamplingPlan, at: float = 0.0
) -> Chances:
    """Probabilities of an exchange to be included upwards and downwards; (0, 0) is never.

    They add up to at most 1. What the router did not choose is never included. A burst raises the
    first and leaves the second: what is probed down is no evidence for the alarm.
    """
    if not decision.chosen:
        return _NEVER
    place = tiers.index(decision.tier)
    up, down = _rates(place, len(tiers), plan, escalated=decision.escalated)
    densities = AS_PLANNED
    if plan.bursts and up:
        densities = plan.densities(decision.tier, decision.task_type, at)
        up *= densities.segment
    if plan.allocation is not None:
        share = plan.allocation.get((decision.tier, confidence_bin(decision.confidence)), 1.0)
        up *= UNIFORM_FLOOR + (1 - UNIFORM_FLOOR) * share
    return Chances(min(1.0 - down, up), down, densities)


def _rates(place: int, count: int, plan: SamplingPlan, *, escalated: bool) -> tuple[float, float]:
    """Probabilities (up, down) for a decision at this place in the ladder."""
    rate = plan.rate
    top = place == count - 1
    asked = None if plan.probe_down_rate is None else plan.probe_down_rate * plan.factor
    if top:
        return 0.0, rate if asked is None or not escalated else asked
    if not escalated:
        return rate, 0.0
    if asked is None or plan.probe_down_rate is None:
        return rate * (1 - DOWN_SHARE), rate * DOWN_SHARE
    # Scaled as a whole: with the room that a budget leaves, weights would grow past the cap.
    return min(plan.sample_rate, 1 - plan.probe_down_rate) * plan.factor, asked
