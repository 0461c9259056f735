"""The router: the first tier whose confidence reaches its threshold serves the request."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from tierwatch.errors import ClassifierError, PolicyError, UsageError
from tierwatch.routing.classify.classification import (
    Classification,
    Classifier,
    Messages,
    failure_kind,
)
from tierwatch.routing.classify.features import routed_text
from tierwatch.routing.classify.llm import Ask
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.routing.configured import Routed, configured_classifier
from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import ALL_TASKS, UNFAMILIAR, ActivePolicies, Policy
from tierwatch.routing.served.ladder import Ladder
from tierwatch.routing.served.tier_model import served_tiers
from tierwatch.routing.tiers import Tier

_FEWEST_TIERS = 2


@runtime_checkable
class TypedClassifier(Classifier, Protocol):
    """A classifier that names the task type as well, from one reading, and may decide by it."""

    def with_types(self, types: TaskTypes | None) -> "TypedClassifier":
        """The same classifier under other task types, or under none."""


class Router:
    """Chooses a tier for each request under the active policies. Immutable and thread-safe.

    For the boundary between tier t and the next, ``c_t`` is the probability that t suffices. The
    router serves from the first tier with ``c_t >= threshold_t``; failing all, from the top one.
    A labelling classifier is the same thing with c = 0 below its label, its confidence at the
    label and 1 above, so a doubtful label moves up by one tier. A prompt that a learned classifier
    has judged nothing like has c = 0 at every tier: the top tier serves it, but for a threshold
    of 0. A tier that is drained for the task type keeps nothing.

    Args:
        tiers: two or more, cheapest first.
        classifier: what ``route`` asks. None where the owner classifies by itself, as the
            gateway does over the network, and calls ``decide``; ``route`` then counts a failure.
        policies: the active thresholds; they name every tier but the top one.
        default_tier: serves when the classifier fails.
        models: learned classifiers by version, for policies that name one.
        types: the active ones. A classifier that reads them gets them; where it names no
            task type, they do.

    Raises:
        PolicyError: tiers, policies, models and default tier that do not fit together.

    >>> from tierwatch.routing.classify.heuristic import HeuristicClassifier
    >>> from tierwatch.routing.tiers import Price
    >>> tiers = (Tier("simple", "small-1", "", Price(0.25, 0.25)),
    ...          Tier("complex", "large-1", "", Price(15, 15)))
    >>> policies = ActivePolicies(Policy(1, {"simple": 0.7}))
    >>> router = Router(tiers, HeuristicClassifier(["simple", "complex"]), policies, "complex")
    >>> decision = router.route([{"role": "user", "content": "What is the capital of France?"}])
    >>> decision.tier, decision.model, decision.reason
    ('simple', 'small-1', 'kept')
    """

    def __init__(
        self,
        tiers: tuple[Tier, ...],
        classifier: Classifier | None,
        policies: ActivePolicies,
        default_tier: str,
        *,
        models: Mapping[int, Classifier] = MappingProxyType({}),
        types: TaskTypes | None = None,
    ) -> None:
        names = [tier.name for tier in tiers]
        if len(names) < _FEWEST_TIERS or len(set(names)) != len(names):
            raise PolicyError(f"tiers: found {names}; accepted: two or more, each name once")
        if default_tier not in names:
            raise PolicyError(f"default tier: found {default_tier!r}; accepted: {names}")
        if policies.stable.thresholds.keys() != set(names[:-1]):
            raise PolicyError(
                f"policy version {policies.stable.version}: found thresholds for"
                f" {sorted(policies.stable.thresholds)}; accepted: exactly {names[:-1]}"
            )
        if missing := policies.classifiers - {0, *models}:
            raise PolicyError(
                f"policy version {policies.stable.version}: found models {sorted(missing)},"
                f" which are not here; accepted: {[0, *sorted(models)]}"
            )
        self._tiers = tiers
        self._rank = {name: rank for rank, name in enumerate(names)}
        self._below_top = frozenset(names[:-1])
        self._classifier = None if classifier is None else _under(types, classifier)
        self._models = {
            version: _under(types, models[version]) for version in policies.classifiers - {0}
        }
        self._policies = policies
        self._default = default_tier
        self._ladders = {
            policy.version: Ladder.of(served_tiers(tiers, policy.models))
            for policy in (policies.stable, policies.candidate)
            if policy is not None
        }
        self._types = types

    @classmethod
    def from_config(cls, path: str | os.PathLike[str], *, ask: Ask | None = None) -> "Router":
        """A router as the ``routing`` section of a tierwatch.yaml describes it.

        Args:
            path: the YAML file.
            ask: needed for a classifier of kind ``llm`` only: sends a chat request in OpenAI's
                form to the classifier's model and returns the reply.

        Raises:
            ConfigError: each problem with ``file:line: key``.
            UsageError: kind ``llm`` without ``ask``.
            ArtefactError: a file of kind ``local`` cannot be used.
        """
        # Here and not at the top: pydantic and yaml take 150 ms to import, and a program that
        # builds its router from values needs neither.
        from tierwatch.routing.config.routing import load_routing  # noqa: PLC0415

        routing = load_routing(path)
        if routing.classifier.kind == "llm" and ask is None:
            raise UsageError(
                f"{os.fspath(path)}: the classifier is of kind llm and needs `ask`, a function"
                " that sends a chat request and returns the reply: from_config(path, ask=send)"
            )
        return cls.described(routing, ask=ask)

    @classmethod
    def described(cls, config: Routed, *, ask: Ask | None = None) -> "Router":
        """The router that a configuration describes, under its initial policy.

        Args:
            config: tiers, classifier, default tier and first policy.
            ask: sends a chat request to the classifier's model. Without it a router of kind
                ``llm`` has no classifier, and its owner classifies and calls ``decide``.

        Raises:
            ArtefactError: a model's file cannot be used; names it and says why.
        """
        classifier = configured_classifier(config, ask)
        policies = ActivePolicies(config.initial_policy)
        return cls(config.tiers, classifier, policies, config.default_tier)

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers as they are configured, cheapest first."""
        return self._tiers

    def ladder(self, version: int) -> Ladder:
        """The tiers as a policy has them served; those of the stable one where it has ended."""
        found = self._ladders.get(version)
        return self._ladders[self._policies.stable.version] if found is None else found

    @property
    def every_tier(self) -> tuple[Tier, ...]:
        """Every tier with every model that serves it under a policy, each once."""
        held = [tier for ladder in self._ladders.values() for tier in ladder.tiers]
        return tuple(dict.fromkeys(held))

    @property
    def policies(self) -> ActivePolicies:
        """The active policies."""
        return self._policies

    @property
    def models(self) -> frozenset[int]:
        """Versions of the learned models that are here."""
        return frozenset(self._models)

    def with_policies(
        self, policies: ActivePolicies, models: Mapping[int, Classifier] = MappingProxyType({})
    ) -> "Router":
        """The same router under other policies; nothing is rebuilt but the checks.

        Args:
            policies: the active thresholds.
            models: versions they name and this router does not have yet. Those that no policy
                names any more are given up.

        Raises:
            PolicyError: the policies do not name this router's tiers, or a model that is missing.
        """
        held = {**self._models, **models}
        return self._with(policies=policies, models=held, types=self._types)

    @property
    def types(self) -> TaskTypes | None:
        """The active task types, or None."""
        return self._types

    def with_types(self, types: TaskTypes | None) -> "Router":
        """The same router with other task types, or with none."""
        return self._with(policies=self._policies, models=self._models, types=types)

    def _with(
        self,
        *,
        policies: ActivePolicies,
        models: Mapping[int, Classifier],
        types: TaskTypes | None,
    ) -> "Router":
        return Router(
            self._tiers,
            self._classifier,
            policies,
            self._default,
            models=models,
            types=types,
        )

    def typed(
        self,
        classification: Classification,
        messages: Messages,
        *,
        tools: Sequence[Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
    ) -> Classification:
        """The classification with the task type of what was asked, unless it names one itself."""
        if self._types is None or classification.task_type != ALL_TASKS:
            return classification
        text = routed_text(messages, tools=tools, response_format=response_format)
        return replace(classification, task_type=self._types.assign(text))

    def route(
        self,
        messages: Messages,
        session: str | None = None,
        *,
        tools: Sequence[Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
    ) -> Decision:
        """Choose the tier for a chat in OpenAI's form.

        A classifier that fails costs no request: the default tier serves, with the reason.

        Args:
            messages: the chat; odd messages are classified as far as they can be read.
            session: what decides the arm during a rollout; None gets the stable policy.
            tools: the request's tools, which make it harder.
            response_format: the request's ``response_format``, likewise.
        """
        classifier = self._models.get(self._policy(session).classifier, self._classifier)
        if classifier is None:
            return self.failed("no_classifier", session)
        try:
            classification = classifier.classify(
                messages, tools=tools, response_format=response_format
            )
        except ClassifierError as error:
            return self.failed(failure_kind(error), session)
        if self._types is not None:
            classification = self.typed(
                classification, messages, tools=tools, response_format=response_format
            )
        return self.decide(classification, session)

    def decide(self, classification: Classification, session: str | None = None) -> Decision:
        """The decision that follows from a classification: pure, no classifier asked.

        A label or confidences that do not fit the tiers count as a failed classifier.
        """
        label = self._rank.get(classification.label)
        if label is None:
            return self.failed("unknown_label", session)
        confidences = self._confidences(classification, label)
        if confidences is None:
            return self.failed("missing_confidences", session)
        policy = self._policy(session)
        task_type = classification.task_type
        served = top = len(confidences)
        threshold: float | None = None
        drained = False
        for rank, (name, confidence) in enumerate(confidences):
            threshold = policy.threshold(name, task_type)
            if confidence >= threshold:
                if policy.is_drained(name, task_type):
                    drained = True
                    continue
                served = rank
                break
        if served == label == top:
            reason = UNFAMILIAR if task_type == UNFAMILIAR else "top"
            compared, threshold = classification.confidence, None
        elif served > label:
            name, compared = confidences[label]
            threshold = policy.threshold(name, task_type)
            reason = "drained" if drained else "escalated"
        else:
            compared, reason = confidences[served][1], "kept"
        tier = self._ladders[policy.version].tiers[served]
        return Decision(
            tier=tier.name,
            model=tier.model,
            confidence=compared,
            threshold=threshold,
            label=classification.label,
            escalated=served > label,
            task_type=task_type,
            policy_version=policy.version,
            reason=reason,
            confidences=confidences,
        )

    def failed(self, why: str, session: str | None = None) -> Decision:
        """The default tier, because the classifier failed; ``why`` is one word for a counter."""
        policy, rank = self._policy(session), self._rank[self._default]
        while policy.is_drained(self._tiers[rank].name):
            rank += 1  # never above the top one, which cannot be drained
        name = self._tiers[rank].name
        return self._unclassified(name, 0.0, f"classifier_failed:{why}", session)

    def pinned(self, name: str, session: str | None = None) -> Decision | None:
        """The tier that the caller asked for by its name or its model's; None when unknown.

        Where two tiers have one model, the cheaper serves. A model's name is that of the
        configuration: it stands for its tier, whoever serves that by now.
        """
        by_name = [tier.name for tier in self._tiers if tier.name == name]
        by_model = [tier.name for tier in self._tiers if tier.model == name]
        for tier in by_name + by_model:
            return self._unclassified(tier, 1.0, "pinned", session)
        return None

    def _policy(self, session: str | None) -> Policy:
        policies = self._policies
        if session is None or policies.candidate is None:
            return policies.stable
        return policies.for_session(session)

    def _confidences(
        self, classification: Classification, label: int
    ) -> tuple[tuple[str, float], ...] | None:
        scores = classification.confidences
        if scores is not None:
            if not self._below_top.issubset(scores):
                return None
            return tuple([(tier.name, scores[tier.name]) for tier in self._tiers[:-1]])
        return tuple(
            (tier.name, classification.confidence if rank == label else float(rank > label))
            for rank, tier in enumerate(self._tiers[:-1])
        )

    def _unclassified(
        self, name: str, confidence: float, reason: str, session: str | None
    ) -> Decision:
        policy = self._policy(session)
        tier = self._ladders[policy.version].by_name[name]
        return Decision(
            tier=tier.name,
            model=tier.model,
            confidence=confidence,
            threshold=None,
            label=tier.name,
            escalated=False,
            task_type=ALL_TASKS,
            policy_version=policy.version,
            reason=reason,
        )


def _under(types: TaskTypes | None, classifier: Classifier) -> Classifier:
    return classifier.with_types(types) if isinstance(classifier, TypedClassifier) else classifier
