"""The classifier that a configuration describes."""

from typing import Protocol

from tierwatch.routing.classify.classification import Classifier, ClassifierConfig
from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.routing.classify.learned import configured_boundaries
from tierwatch.routing.classify.llm import Ask, LlmClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.policy import Policy
from tierwatch.routing.tiers import Tier


class Routed(Protocol):
    """What a router is built from: the routing section alone, or `tierwatch.config.Config`."""

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Cheapest first."""

    @property
    def classifier(self) -> ClassifierConfig:
        """Who names the tier."""

    @property
    def default_tier(self) -> str:
        """Serves when the classifier fails."""

    @property
    def initial_policy(self) -> Policy:
        """Version 1."""


def configured_classifier(config: Routed, ask: Ask | None) -> Classifier | None:
    """The classifier; None for kind ``llm`` without ``ask``.

    Args:
        config: tiers and classifier.
        ask: sends a chat request to the classifier's model and returns the reply.

    Raises:
        ArtefactError: a model's file cannot be used; names it and says why.
    """
    names = [tier.name for tier in config.tiers]
    match config.classifier.kind:
        case "static":
            return StaticClassifier(config.classifier.label)
        case "local":
            boundaries = configured_boundaries(names, dict(config.classifier.models))
            share = config.classifier.unfamiliar_share
            return LocalTierClassifier(names, boundaries, unfamiliar_share=share)
        case "heuristic":
            return HeuristicClassifier(names)
        case _:
            return None if ask is None else LlmClassifier(ask, config.tiers, config.classifier)
