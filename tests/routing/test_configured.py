"""The classifier that a configuration describes: one of each kind."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.routing.classify.llm import LlmClassifier
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.configured import configured_classifier
from tierwatch.routing.policy import Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier

ASK = [{"role": "user", "content": "What is the capital of France?"}]


@dataclass(frozen=True)
class Described:
    """A configuration built from values, as a program that has no file may have one."""

    classifier: ClassifierConfig
    tiers: tuple[Tier, ...] = (
        Tier("simple", "small-1", "", Price(0.25, 0.25)),
        Tier("complex", "large-1", "", Price(15, 15)),
    )
    default_tier: str = "complex"
    initial_policy: Policy = field(default_factory=lambda: Policy(1, {"simple": 0.7}))


def ask(_request: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [{"message": {"content": "simple 0.9"}}]}


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("heuristic", HeuristicClassifier),
        ("local", LocalTierClassifier),
        ("llm", LlmClassifier),
        ("static", StaticClassifier),
    ],
)
def test_each_kind_has_its_classifier(kind: str, made: type) -> None:
    config = Described(ClassifierConfig(kind=kind, model="cheap", label="simple"))
    classifier = configured_classifier(config, ask)
    assert isinstance(classifier, made)
    said = classifier.classify(ASK)
    assert said.label in {"simple", "complex"}


def test_an_llm_that_nobody_asks_is_no_classifier() -> None:
    config = Described(ClassifierConfig(kind="llm", model="cheap"))
    assert configured_classifier(config, None) is None
    # Its owner classifies by itself and calls `decide`.
    assert Router.described(config).route(ASK).reason == "classifier_failed:no_classifier"
    assert Router.described(config, ask=ask).route(ASK).reason == "kept"


def test_a_saved_model_decides_at_its_boundary(tmp_path: Path) -> None:
    learned = LocalClassifier().fit(["What is the capital of France?"] * 400, ["tie"] * 400)
    learned.save(tmp_path / "simple.model")
    files = (("simple", str(tmp_path / "simple.model")),)
    saved = Described(ClassifierConfig(kind="local", models=files))
    untrained = Described(ClassifierConfig(kind="local"))
    assert Router.described(saved).route(ASK).tier == "simple"
    assert Router.described(untrained).route(ASK).tier == "complex"


def test_a_saved_model_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "simple.model").write_bytes(b"no model")
    files = (("simple", str(tmp_path / "simple.model")),)
    with pytest.raises(ArtefactError, match=r"simple\.model: local classifier: "):
        configured_classifier(Described(ClassifierConfig(kind="local", models=files)), None)


def test_a_described_router_begins_with_the_first_policy_and_the_default_tier() -> None:
    config = Described(ClassifierConfig(kind="static", label="huge"))
    router = Router.described(config)
    assert router.tiers == config.tiers
    assert router.policies.stable is config.initial_policy
    # A label that is no tier counts as a failure, for which the default tier is.
    decision = router.route(ASK)
    assert (decision.tier, decision.reason) == ("complex", "classifier_failed:unknown_label")
