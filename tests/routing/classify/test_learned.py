"""Learned models from files and from stored versions."""

from pathlib import Path

import pytest

from tierwatch.errors import ArtefactError, ConfigError, PolicyError
from tierwatch.routing.classify.learned import configured_boundaries, learned_classifier
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier

TIERS = ("simple", "standard", "complex")
YAML = """\
routing:
  classifier: {kind: local, models: {simple: models/simple.bin}}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
  fallback: {threshold: 0.5}
"""


def taught() -> LocalClassifier:
    classifier = LocalClassifier()
    for _ in range(150):
        classifier.learn("Prove the theorem.", "worse")
        classifier.learn("What is the capital of France?", "tie")
    return classifier


def ask(words: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": words}]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    taught().save(tmp_path / "models" / "simple.bin")
    path = tmp_path / "tierwatch.yaml"
    path.write_text(YAML)
    return path


def test_a_router_of_kind_local_decides_by_saved_models_beside_its_file(config: Path) -> None:
    router = Router.from_config(config)
    assert router.route(ask("Prove this theorem.")).tier != "simple"
    assert router.route(ask("What is the capital of Spain?")).tier == "simple"


def test_without_a_model_the_cheapest_tier_is_not_trusted(config: Path) -> None:
    config.write_text(YAML.replace(", models: {simple: models/simple.bin}", ""))
    decision = Router.from_config(config).route(ask("Prove this theorem."))
    assert (decision.tier, decision.reason) == ("standard", "kept")


def test_a_corrupt_file_is_named_with_the_reason(config: Path) -> None:
    file = config.parent / "models" / "simple.bin"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(ArtefactError, match=r"models/simple.bin: .*checksum does not fit"):
        Router.from_config(config)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "simple: models",
            "complex: models",
            "no tier that has a model; accepted simple",
        ),
        ("simple.bin", "other.bin", "'models/other.bin', which is no file"),
        ("local", "heuristic", "found models; accepted none, since the kind is heuristic"),
    ],
)
def test_what_is_wrong_with_the_models_of_a_file(
    config: Path, old: str, new: str, sentence: str
) -> None:
    config.write_text(YAML.replace(old, new, 1))
    with pytest.raises(ConfigError, match=sentence):
        Router.from_config(config)


def test_a_stored_version_falls_back_to_what_is_configured() -> None:
    configured = configured_boundaries(TIERS, {})
    classifier = learned_classifier(3, TIERS, {"simple": taught().to_bytes()}, configured)
    found = classifier.classify(ask("Prove this theorem."))
    assert found.confidences is not None
    assert found.confidences["simple"] < 0.5 < found.confidences["standard"]


def test_versions_that_cannot_be_used_are_named() -> None:
    configured = configured_boundaries(TIERS, {})
    with pytest.raises(ArtefactError, match="model 3: found nothing"):
        learned_classifier(3, TIERS, {}, configured)
    with pytest.raises(ArtefactError, match="model 3, tier standard: local classifier: found some"):
        learned_classifier(3, TIERS, {"standard": b"not one of ours"}, configured)


def test_the_model_of_the_policy_that_applies_to_the_session_decides() -> None:
    tiers = (Tier("low", "m1", "p", Price(1, 1)), Tier("high", "m2", "p", Price(2, 2)))
    policies = ActivePolicies(
        Policy(1, {"low": 0.5}), Policy(2, {"low": 0.5}, classifier=4), share=0.5, salt="s"
    )
    router = Router(
        tiers, StaticClassifier("low"), policies, "low", models={4: StaticClassifier("high")}
    )
    sessions = [f"session {number}" for number in range(40)]
    decisions = [router.route([], session=session) for session in sessions]
    assert {(d.policy_version, d.tier) for d in decisions} == {(1, "low"), (2, "high")}
    with pytest.raises(PolicyError, match=r"found models \[4\], which are not here"):
        Router(tiers, StaticClassifier("low"), policies, "low")


def test_a_policy_without_a_model_is_read_as_ever() -> None:
    old = {"version": 3, "thresholds": {"low": 0.5}}
    assert Policy.from_json(old).classifier == 0
    new = Policy(3, {"low": 0.5}, classifier=2)
    assert Policy.from_json(new.to_json()) == new
    assert new.with_threshold("low", 0.6, version=4).classifier == 2
    for wrong in (-1, True, "1", None):
        with pytest.raises(PolicyError, match="classifier"):
            Policy.from_json(old | {"classifier": wrong})
