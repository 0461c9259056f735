"""A policy: one immutable, versioned set of thresholds and the model they were chosen for.

An invalid one cannot exist.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tierwatch.errors import PolicyError
from tierwatch.routing.served.tier_model import TierModel

ALL_TASKS = "all"
# The segment of what a learned classifier has judged nothing like; no built type is called so.
UNFAMILIAR = "unfamiliar"
_KEYS = {
    "version", "thresholds", "by_task", "classifier", "promised", "promised_for", "drained",
    "models",
}  # fmt: skip
# A monitor that tolerates everything watches nothing.
_MOST_TOLERATED = 0.99


@dataclass(frozen=True)
class Policy:
    """Thresholds for every tier but the top one, and for single task types where they differ.

    The router keeps the first tier whose confidence reaches its threshold. Thresholds are
    probabilities on a grid of two decimals: certificates are issued on that grid, and a finer
    value would have none.

    Attributes:
        version: 1 or more; a change of any threshold is a new version.
        thresholds: tier -> threshold in [0, 1].
        by_task: task type -> tier -> threshold; overrides ``thresholds`` for that task type.
        classifier: version of the learned model whose confidences the thresholds are for; 0 for
            the classifier that is configured.
        promised: tier -> misroute rate, in [0, 1], that was promised of it when the policy was
            approved; of some tiers or none.
        promised_for: share of the top tier's quality, in (0, 1), that was to be kept then; None
            where nothing is promised.
        drained: task type, or ``all`` -> tiers that keep nothing of it for now, whatever the
            confidence: a person has sent their requests up (docs/decisions/0083).
        models: tier -> who serves it in place of the model that the file names.

    Raises:
        PolicyError: when built from anything else.

    >>> policy = Policy(1, {"simple": 0.7, "standard": 0.6}, {"code": {"simple": 0.9}})
    >>> policy.threshold("simple"), policy.threshold("simple", "code")
    (0.7, 0.9)
    >>> policy.threshold("standard", "code")
    0.6
    """

    version: int
    thresholds: Mapping[str, float]
    by_task: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    classifier: int = 0
    promised: Mapping[str, float] = field(default_factory=dict)
    promised_for: float | None = None
    drained: Mapping[str, frozenset[str]] = field(default_factory=dict)
    models: Mapping[str, TierModel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.version, bool) or not isinstance(self.version, int) or self.version < 1:
            raise PolicyError(f"policy version: found {self.version!r}; accepted: 1, 2, 3, ...")
        model = self.classifier
        if isinstance(model, bool) or not isinstance(model, int) or model < 0:
            raise PolicyError(f"classifier: found {model!r}; accepted: 0, 1, 2, ...")
        thresholds = _frozen_thresholds("thresholds", self.thresholds)
        if not thresholds:
            raise PolicyError("thresholds: found none; accepted: one for every tier but the top")
        if not isinstance(self.by_task, Mapping):
            raise PolicyError(f"by_task: found {self.by_task!r}; accepted: task -> tier -> number")
        by_task = {}
        for task, changed in self.by_task.items():
            if not isinstance(task, str) or task in {"", ALL_TASKS}:
                raise PolicyError(
                    f"by_task: found task type {task!r}; accepted: any name but {ALL_TASKS!r},"
                    " whose thresholds stand under `thresholds`"
                )
            by_task[task] = _frozen_thresholds(f"by_task.{task}", changed)
            if unknown := by_task[task].keys() - thresholds.keys():
                raise PolicyError(
                    f"by_task.{task}: found {sorted(unknown)}; accepted: {sorted(thresholds)}"
                )
        promised = _frozen_shares("promised", self.promised)
        if unknown := promised.keys() - thresholds.keys():
            raise PolicyError(f"promised: found {sorted(unknown)}; accepted: {sorted(thresholds)}")
        quality = self.promised_for
        stated = isinstance(quality, float) and 0 < quality < 1
        if not stated and (promised or quality is not None):
            raise PolicyError(
                f"promised_for: found {quality!r}; accepted: a quality between 0 and 1 that"
                " something is promised for, or null where nothing is"
            )
        object.__setattr__(self, "models", _frozen_models(self.models))
        object.__setattr__(self, "promised", promised)
        object.__setattr__(self, "drained", _frozen_drained(self.drained, thresholds))
        object.__setattr__(self, "thresholds", thresholds)
        object.__setattr__(self, "by_task", MappingProxyType(by_task))

    def threshold(self, tier: str, task_type: str = ALL_TASKS) -> float:
        """The confidence that keeps a request of this task type at ``tier``.

        Raises:
            PolicyError: the policy has no such tier (the top tier has no threshold).
        """
        own = self.by_task.get(task_type)
        if own is not None and tier in own:
            return own[tier]
        self._require(tier)
        return self.thresholds[tier]

    def is_drained(self, tier: str, task_type: str = ALL_TASKS) -> bool:
        """Whether a tier keeps nothing of a task type for now.

        >>> policy = Policy(1, {"simple": 0.7, "standard": 0.6}).with_drained("simple", version=2)
        >>> policy.is_drained("simple", "code"), policy.is_drained("standard", "code")
        (True, False)
        """
        drained = self.drained
        if not drained:  # as a rule: each request asks
            return False
        return tier in drained.get(ALL_TASKS, ()) or tier in drained.get(task_type, ())

    def with_drained(self, tier: str, *, version: int, task_type: str = ALL_TASKS) -> "Policy":
        """A policy like this one under which a tier keeps nothing of a task type.

        Raises:
            PolicyError: unknown tier; the top one cannot be drained.
        """
        self._require(tier)
        own = self.drained.get(task_type, frozenset()) | {tier}
        return replace(self, version=version, drained={**self.drained, task_type: own})

    def without_drained(self, tier: str, *, version: int, task_type: str = ALL_TASKS) -> "Policy":
        """A policy like this one under which a tier keeps what its threshold says again."""
        own = self.drained.get(task_type, frozenset()) - {tier}
        rest = {name: tiers for name, tiers in self.drained.items() if name != task_type}
        return replace(self, version=version, drained=rest | ({task_type: own} if own else {}))

    def tolerance(self, tier: str, least: float, quality: float | None) -> float:
        """The misroute rate of a tier above which something is wrong.

        What was promised of it, or ``least`` where that is more or nothing was; below 1.

        Args:
            tier: any.
            least: its tolerance without a promise.
            quality: what is to be kept of the top tier's quality; promises made for another one
                do not count. None where each tier has a tolerance of its own.

        >>> policy = Policy(2, {"simple": 0.7, "standard": 0.6}).with_promises(
        ...     {"simple": 0.08}, quality=0.95)
        >>> policy.tolerance("simple", 0.05, 0.95), policy.tolerance("standard", 0.05, 0.95)
        (0.08, 0.05)
        >>> policy.tolerance("simple", 0.02, 0.98), policy.tolerance("simple", 0.02, None)
        (0.02, 0.02)
        """
        counts = quality is not None and quality == self.promised_for
        return min(_MOST_TOLERATED, max(least, self.promised.get(tier, 0.0) if counts else 0.0))

    def with_promises(self, promised: Mapping[str, float], *, quality: float | None) -> "Policy":
        """This policy with these misroute rates promised, and no others.

        Args:
            promised: by tier.
            quality: share of the top tier's quality that they are made for.

        Raises:
            PolicyError: unknown tier, or a value outside its range.
        """
        return replace(self, promised=promised, promised_for=quality if promised else None)

    def with_threshold(
        self, tier: str, value: float, *, version: int, task_type: str = ALL_TASKS
    ) -> "Policy":
        """A policy like this one with one threshold changed.

        What was promised of the tier was promised of the old one and is dropped.

        Raises:
            PolicyError: unknown tier, or a value outside [0, 1].
        """
        self._require(tier)
        rest = {name: rate for name, rate in self.promised.items() if name != tier}
        changed = replace(self.with_promises(rest, quality=self.promised_for), version=version)
        if task_type == ALL_TASKS:
            return replace(changed, thresholds={**self.thresholds, tier: value})
        own = {**self.by_task.get(task_type, {}), tier: value}
        return replace(changed, by_task={**self.by_task, task_type: own})

    def with_model(self, classifier: int, tier: str, value: float, *, version: int) -> "Policy":
        """A policy like this one with another model, which differs at one tier.

        What task types had of their own at that tier was chosen for the old model and is dropped,
        and so is what was promised of it.

        Args:
            classifier: the model's version.
            tier: where it differs.
            value: the tier's threshold for it.
            version: of the new policy.

        Raises:
            PolicyError: unknown tier, or a value outside [0, 1].

        >>> old = Policy(1, {"simple": 0.7, "standard": 0.6}, {"code": {"simple": 0.9}})
        >>> new = old.with_model(4, "simple", 0.8, version=2)
        >>> new.threshold("simple", "code"), new.threshold("standard"), new.classifier
        (0.8, 0.6, 4)
        """
        kept = {
            task: rest
            for task, changed in self.by_task.items()
            if (rest := {name: number for name, number in changed.items() if name != tier})
        }
        changed = self.with_threshold(tier, value, version=version)
        return replace(changed, by_task=kept, classifier=classifier)

    def with_tier_model(self, tier: str, model: TierModel, *, version: int) -> "Policy":
        """A policy like this one with another model at one tier, in place of the file's.

        The thresholds stay, and so does what was promised: a model takes another's place where it
        is shown to be no worse, and is held to the same.

        Args:
            tier: any, the top one too, which has no threshold.
            model: who is to serve it.
            version: of the new policy.
        """
        return replace(self, version=version, models={**self.models, tier: model})

    def within(self, providers: Collection[str]) -> "Policy":
        """This policy without models at providers that a file does not name."""
        if all(one.provider in providers for one in self.models.values()):
            return self
        kept = {tier: one for tier, one in self.models.items() if one.provider in providers}
        return replace(self, models=kept)

    def to_json(self) -> dict[str, Any]:
        """The policy as plain JSON values; ``Policy.from_json`` reads it back."""
        return {
            "version": self.version,
            "thresholds": dict(self.thresholds),
            "by_task": {task: dict(changed) for task, changed in self.by_task.items()},
            "classifier": self.classifier,
            "promised": dict(self.promised),
            "promised_for": self.promised_for,
            "drained": {task: sorted(tiers) for task, tiers in self.drained.items()},
            "models": {tier: one.to_json() for tier, one in self.models.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Policy":
        """Read what ``to_json`` wrote.

        Raises:
            PolicyError: anything else.
        """
        if not isinstance(value, Mapping) or not {"version", "thresholds"} <= value.keys() <= _KEYS:
            found = sorted(map(str, value)) if isinstance(value, Mapping) else type(value).__name__
            raise PolicyError(f"policy: found {found}; accepted: the keys {sorted(_KEYS)}")
        return cls(
            value["version"],
            value["thresholds"],
            value.get("by_task", {}),
            value.get("classifier", 0),
            value.get("promised", {}),
            value.get("promised_for"),
            value.get("drained", {}),
            models_from_json(value.get("models", {})),
        )

    def _require(self, tier: str) -> None:
        if tier not in self.thresholds:
            raise PolicyError(f"found tier {tier!r}; accepted: {sorted(self.thresholds)}")


def _frozen_models(models: object) -> Mapping[str, TierModel]:
    given = models.items() if isinstance(models, Mapping) else [(None, None)]
    held = {
        name: one for name, one in given if isinstance(name, str) and isinstance(one, TierModel)
    }
    if len(held) != len(given):
        raise PolicyError(f"models: found {models!r:.100}; accepted: tier -> model")
    return MappingProxyType(held)


def models_from_json(value: object) -> dict[str, TierModel]:
    """A policy's models from JSON.

    Raises:
        PolicyError: they are none.
    """
    if not isinstance(value, Mapping):
        raise PolicyError(f"models: found {value!r:.100}; accepted: tier -> model")
    return {str(tier): TierModel.from_json(one) for tier, one in value.items()}


def _frozen_thresholds(where: str, thresholds: object) -> Mapping[str, float]:
    shares = _frozen_shares(where, thresholds)
    return MappingProxyType({tier: round(value, 2) for tier, value in shares.items()})


def _frozen_shares(where: str, shares: object) -> Mapping[str, float]:
    if not isinstance(shares, Mapping):
        raise PolicyError(f"{where}: found {shares!r}; accepted: tier -> number from 0 to 1")
    frozen: dict[str, float] = {}
    for tier, value in shares.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1:
            raise PolicyError(f"{where}.{tier}: found {value!r}; accepted: a number from 0 to 1")
        if not isinstance(tier, str) or not tier:
            raise PolicyError(f"{where}: found tier {tier!r}; accepted: a tier's name")
        frozen[tier] = float(value)
    return MappingProxyType(frozen)


def _frozen_drained(
    drained: object, thresholds: Mapping[str, float]
) -> Mapping[str, frozenset[str]]:
    if not isinstance(drained, Mapping):
        raise PolicyError(f"drained: found {drained!r}; accepted: task type -> tiers")
    frozen: dict[str, frozenset[str]] = {}
    for task, tiers in drained.items():
        listed = isinstance(tiers, (list, tuple, set, frozenset))
        if not isinstance(task, str) or not task or not listed:
            raise PolicyError(f"drained.{task}: found {tiers!r}; accepted: a list of tiers")
        if unknown := set(tiers) - thresholds.keys():
            raise PolicyError(
                f"drained.{task}: found {sorted(map(str, unknown))}; accepted: {sorted(thresholds)}"
            )
        if tiers:
            frozen[task] = frozenset(tiers)
    return MappingProxyType(frozen)


def hashed_share(salt: str, key: str) -> float:
    """A number in [0, 1) that is uniform over keys and the same on every machine.

    ``blake2b(salt | key)``, its first 53 bits, so that ``hashed_share(...) < 1`` always holds.
    Used for the arm a session belongs to and for the inclusion of an exchange in the sample; two
    uses with different salts are independent.

    >>> hashed_share("arms", "session-1") == hashed_share("arms", "session-1")
    True
    """
    text = f"{salt}|{key}".encode("utf-8", "surrogatepass")
    return (int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 11) / 2**53


@dataclass(frozen=True)
class ActivePolicies:
    """The active policies: the stable one and, during a rollout, a candidate for a share.

    Attributes:
        stable: applied to every session outside the share.
        candidate: policy under rollout, or None.
        share: share of sessions in [0, 1] that the candidate serves.
        salt: makes the split of one rollout independent of the next.

    Raises:
        PolicyError: a share outside [0, 1], or two policies that cannot be told apart or that
            do not name the same tiers.
    """

    stable: Policy
    candidate: Policy | None = None
    share: float = 0.0
    salt: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise PolicyError(f"rollout share: found {self.share}; accepted: a number from 0 to 1")
        if self.candidate is None:
            return
        if self.candidate.version == self.stable.version:
            raise PolicyError(
                f"found version {self.stable.version} for both stable and candidate policy;"
                " accepted: a version of its own for each"
            )
        if self.candidate.thresholds.keys() != self.stable.thresholds.keys():
            raise PolicyError(
                f"candidate policy: found tiers {sorted(self.candidate.thresholds)};"
                f" accepted: {sorted(self.stable.thresholds)}"
            )

    @property
    def classifiers(self) -> frozenset[int]:
        """Versions of the models that decide; 0 stands for the configured classifier."""
        return frozenset(
            policy.classifier for policy in (self.stable, self.candidate) if policy is not None
        )

    def within(self, providers: Collection[str]) -> "ActivePolicies":
        """These policies without models at providers that a file does not name."""
        stable = self.stable.within(providers)
        candidate = None if self.candidate is None else self.candidate.within(providers)
        if stable is self.stable and candidate is self.candidate:
            return self
        return replace(self, stable=stable, candidate=candidate)

    def for_session(self, session: str) -> Policy:
        """The policy of a session. All its requests get the same one for the whole rollout."""
        if self.candidate is not None and hashed_share(self.salt, session) < self.share:
            return self.candidate
        return self.stable
