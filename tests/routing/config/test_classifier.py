"""Who names the tier, and keys that do not fit the kind."""

from pathlib import Path

import pytest
from factories.config import WHOLE, load, problems, told

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "max_tokens",
        "max_token",
        (
            "2: routing.classifier.max_token: found an unknown key; accepted"
            " cost, kind, label, logprobs, max_tokens, model, models, provider, providers, timeout,"
            " unfamiliar_share (did you mean 'max_tokens'?)"
        ),
    ),
    (
        "max_tokens: 50",
        "max_tokens: 500",
        ("2: routing.classifier.max_tokens: found 500; accepted a whole number from 1 to 50"),
    ),
    (
        "model: gpt-4o-mini",
        "kind: magic",
        (
            "2: routing.classifier.kind: found 'magic'; accepted 'llm', 'local', 'heuristic' or"
            " 'static'"
        ),
    ),
    (
        "model: gpt-4o-mini",
        "kind: heuristic, model: gpt-4o-mini",
        (
            "2: routing.classifier.kind:"
            " found heuristic; accepted llm, since `model` is given; or no `model`"
        ),
    ),
    (
        "model: gpt-4o-mini",
        "kind: llm",
        ("2: routing.classifier.model: found nothing; accepted the model that kind llm asks"),
    ),
    (
        "model: gpt-4o-mini",
        "label: simple, kind: heuristic",
        ("2: routing.classifier.label: found a label; accepted none, since the kind is heuristic"),
    ),
    (
        "model: gpt-4o-mini",
        "label: huge, kind: static",
        ("2: routing.classifier.label: found 'huge'; accepted simple, standard, complex"),
    ),
    (
        "model: gpt-4o-mini",
        "unfamiliar_share: 2 %, kind: heuristic",
        (
            "2: routing.classifier.unfamiliar_share: found a share; accepted none, since the kind"
            " is heuristic"
        ),
    ),
    (
        "model: gpt-4o-mini, max_tokens: 50",
        "unfamiliar_share: 0.6, kind: local",
        "2: routing.classifier.unfamiliar_share: found 0.6; accepted a share from 0 to 0.5",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_classifier(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("kind: local", 0.02),
        ("kind: local, unfamiliar_share: 5 %", 0.05),
        ("kind: local, unfamiliar_share: 0", 0.0),
        ("kind: heuristic, unfamiliar_share: 0", 0.0),
        ("kind: heuristic", 0.0),
    ],
)
def test_learned_classifiers_alone_call_prompts_unfamiliar(
    tmp_path: Path, written: str, share: float
) -> None:
    assert load(tmp_path, classified(written)).classifier.unfamiliar_share == share


def classified(written: str) -> str:
    """The whole file with another classifier."""
    return WHOLE.replace("{model: gpt-4o-mini, max_tokens: 50}", f"{{{written}}}")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("", "heuristic"),
        ("model: gpt-4o-mini", "llm"),
        ("kind: llm, model: gpt-4o-mini", "llm"),
        ("kind: local", "local"),
        ("kind: static", "static"),
        ("kind: heuristic", "heuristic"),
    ],
)
def test_the_kind_is_said_or_implied_by_a_model(tmp_path: Path, written: str, kind: str) -> None:
    config = load(tmp_path, classified(written))
    assert config.classifier.kind == kind
    # Only a model that is asked has a provider, and a price.
    assert (config.classifier.provider != "") == (kind == "llm")
    assert ("routing.classifier" in config.price_origins) == (kind == "llm")


def test_a_static_classifier_names_the_cheapest_tier_unless_it_is_told_another(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, classified("kind: static")).classifier.label == "simple"
    told_another = load(tmp_path, classified("kind: static, label: complex"))
    assert told_another.classifier.label == "complex"
    assert load(tmp_path, classified("kind: local")).classifier.label == ""


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("model: gpt-4o-mini", True),
        ("model: gpt-4o-mini, logprobs: false", False),
        ("model: gpt-4o-mini, provider: anthropic", False),
        ("model: gpt-4o-mini, providers: [{provider: anthropic}]", False),
        ("model: gpt-4o-mini, providers: [{provider: anthropic}, {provider: openai}]", True),
    ],
)
def test_log_probabilities_are_asked_for_where_some_wire_has_them(
    tmp_path: Path,
    written: str,
    asked: bool,  # noqa: FBT001 - pytest's
) -> None:
    assert load(tmp_path, classified(written)).classifier.logprobs is asked


def test_saved_models_stand_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "simple.model").write_bytes(b"read when the router is built")
    written = f"kind: local, models: {{simple: simple.model, standard: {tmp_path}/simple.model}}"
    models = dict(load(tmp_path, classified(written)).classifier.models)
    assert models == dict.fromkeys(("simple", "standard"), str(tmp_path / "simple.model"))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "kind: local, models: {complex: x}",
            "models.complex: found no tier that has a model; accepted simple, standard",
        ),
        (
            "kind: local, models: {simple: none.model}",
            (
                "models.simple: found 'none.model', which is no file; accepted the file of a saved"
                " model"
            ),
        ),
        (
            "kind: local, models: {simple: .}",
            "models.simple: found '.', which is no file; accepted the file of a saved model",
        ),
        (
            "kind: static, models: {simple: x}",
            "models: found models; accepted none, since the kind is static",
        ),
        ("kind: static, cost: 1", "cost: found a price; accepted none, since the kind is static"),
    ],
)
def test_what_does_not_fit_the_kind_is_told_by_key(tmp_path: Path, written: str, told: str) -> None:
    assert problems(tmp_path, classified(written)) == [
        f"tierwatch.yaml:2: routing.classifier.{told}"
    ]


def test_several_mistakes_of_a_classifier_are_told_together(tmp_path: Path) -> None:
    written = "kind: heuristic, model: m, label: simple, cost: 1, models: {simple: x}"
    keys = [problem.split(": ")[1] for problem in problems(tmp_path, classified(written))]
    assert sorted(keys) == [
        f"routing.classifier.{key}" for key in ("cost", "kind", "label", "models")
    ]
