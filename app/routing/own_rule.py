"""The own rule of a segment: what of a policy decides which of its requests a tier keeps."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from tierwatch.routing.policy import ALL_TASKS, Policy


@dataclass(frozen=True, slots=True)
class OwnRule:
    """What decides which requests a tier keeps, of one task type or of all.

    Two policies with the same rule for a segment differ elsewhere: they keep alike there.

    Attributes:
        thresholds: by task type; the one of ``all`` stands for every type that is not in it.
        artefact: of the learned classifier that decides at the tier; 0 for the configured one.
        promised: misroute rate that was promised of the tier, and for which quality; None where
            nothing was. It moves the tolerance that the pairs are held against.
    """

    thresholds: Mapping[str, float]
    artefact: int = 0
    promised: tuple[float, float] | None = None

    @property
    def key(self) -> str:
        """A name for it, the same for equal rules.

        >>> OwnRule({"all": 0.7}).key, OwnRule({"all": 0.7}, 3, (0.08, 0.95)).key
        ('t0.70', 't0.70a3q0.08@0.95')
        >>> OwnRule({"all": 0.7, "code": 0.9}).key
        't0.70+b5f95b07'
        """
        own = sorted(f"{name}={value:.2f}" for name, value in self.thresholds.items())
        key = f"t{self.thresholds[ALL_TASKS]:.2f}"
        if len(own) > 1:
            key += "+" + hashlib.blake2b("|".join(own).encode(), digest_size=4).hexdigest()
        if self.artefact:
            key += f"a{self.artefact}"
        if self.promised is not None:
            key += "q{:.6g}@{:.6g}".format(*self.promised)
        return key

    def loosens(self, other: "OwnRule") -> bool:
        """Whether this keeps all that another keeps, by the same confidences, or more.

        >>> OwnRule({"all": 0.6}).loosens(OwnRule({"all": 0.7}))
        True
        >>> OwnRule({"all": 0.6, "code": 0.9}).loosens(OwnRule({"all": 0.7}))
        False
        """
        types = self.thresholds.keys() | other.thresholds.keys()
        return self.artefact == other.artefact and all(
            self.threshold(name) <= other.threshold(name) for name in types
        )

    def threshold(self, task_type: str) -> float:
        """The one that a type goes by."""
        return self.thresholds.get(task_type, self.thresholds[ALL_TASKS])


def own_rule(policy: Policy, tier: str, task_type: str | None, *, artefact: int = 0) -> OwnRule:
    """The rule of a segment under a policy.

    A tier without a threshold (the top one, the response cache) keeps whatever it gets: 0.

    Args:
        policy: any.
        tier: of the segment.
        task_type: of the segment; None for all of them together.
        artefact: of the classifier that decides at the tier under this policy.

    >>> policy = Policy(4, {"simple": 0.7, "standard": 0.6}, {"code": {"simple": 0.9}})
    >>> own_rule(policy, "simple", "code").key, own_rule(policy, "standard", None).key
    ('t0.90', 't0.60')
    >>> own_rule(policy, "cache", "code").key
    't0.00'
    """
    if tier not in policy.thresholds:
        return OwnRule({ALL_TASKS: 0.0})
    if task_type is None:
        stated = policy.thresholds[tier]
        own = {name: changed[tier] for name, changed in policy.by_task.items() if tier in changed}
        differing = {name: value for name, value in own.items() if value != stated}
        thresholds = {ALL_TASKS: stated} | differing
    else:
        thresholds = {ALL_TASKS: policy.threshold(tier, task_type)}
    promised = None
    if policy.promised_for is not None and tier in policy.promised:
        promised = (policy.promised[tier], policy.promised_for)
    return OwnRule(thresholds, artefact, promised)
