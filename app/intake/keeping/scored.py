"""A watched router's decision as ours would stand: by the score that it logged, never by a guess.

One number is held against each tier's threshold in turn, so it is the confidence at every boundary.
A score names no tier: whatever is above the cheapest was moved up by it, and may be compared with
the tier below as well as with the one above.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tierwatch.errors import ForeignError
from tierwatch.intake.calls import Call
from tierwatch.routing.decision import Decision
from tierwatch.routing.foreign.complexity import read_boundaries, thresholds_of
from tierwatch.routing.foreign.router import ForeignRouter
from tierwatch.routing.policy import ALL_TASKS, ActivePolicies, Policy
from tierwatch.routing.tiers import Tier

WATCHED: Final = "watched"
_MOST: Final = 1_000


class Scored:
    """Decisions of one watched router. Used by one thread.

    Args:
        router: that is watched.
        tiers: ours, cheapest first.
    """

    def __init__(self, router: ForeignRouter, tiers: Sequence[Tier]) -> None:
        self._logs = router.logs
        self._groups = router.groups
        self._names = [tier.name for tier in tiers]
        self._known: dict[tuple[tuple[str, Any], ...], Mapping[str, float]] = {}

    def thresholds(self, boundaries: Mapping[str, Any]) -> Mapping[str, float]:
        """By tier, what boundaries in its log say; empty where they say nothing of ours."""
        if not boundaries or not self._groups:
            return {}
        key = tuple(sorted(boundaries.items()))
        found = self._known.get(key)
        if found is None:
            try:
                found = thresholds_of(self._groups, read_boundaries(boundaries))
            except ForeignError:
                found = {}
            if len(self._known) < _MOST:
                self._known[key] = found
        return found

    def decision(self, call: Call, tier: Tier, policies: ActivePolicies) -> Decision:
        """The router's choice, under the policy that stands for what it ran with.

        Args:
            call: as it was read.
            tier: that the router chose.
            policies: that are active.
        """
        policy = self._policy(call, policies)
        confidence = call.confidence
        if policy is None or confidence is None or call.by_rule:
            reason = (
                f"by_rule:{call.by_rule or 'not_logged'}"
                if policy is not None
                else "other_thresholds"
            )
            version = (policy or policies.stable).version
            return Decision(
                tier=tier.name,
                model=tier.model,
                confidence=0.0,
                threshold=None,
                label=tier.name,
                escalated=False,
                task_type=ALL_TASKS,
                policy_version=version,
                reason=reason,
            )
        lowest = self._names[0]
        return Decision(
            tier=tier.name,
            model=tier.model,
            confidence=confidence,
            threshold=None,
            label=lowest,
            escalated=tier.name != lowest,
            task_type=ALL_TASKS,
            policy_version=policy.version,
            reason=WATCHED,
            confidences=tuple((name, confidence) for name in self._names[:-1]),
        )

    def _policy(self, call: Call, policies: ActivePolicies) -> Policy | None:
        """The policy whose thresholds the decision was made by; None where that is none we know.

        A router that logs none is taken to run with the newest that it is known to.
        """
        newest = policies.candidate or policies.stable
        if not self._logs:
            return newest
        seen = self.thresholds(call.boundaries)
        if not seen:
            return newest  # what has no score is by rule
        for policy in (newest, policies.stable):
            if dict(policy.thresholds) == dict(seen):
                return policy
        return None
