"""Which provider serves a model."""

from pathlib import Path

from factories.config import ARTICLE, load, problems


def test_a_provider_must_be_named_where_none_can_be_inferred(tmp_path: Path) -> None:
    both = "a: {kind: anthropic}\n  b: {kind: anthropic}"
    text = ARTICLE + f"providers:\n  {both}\n"
    (problem,) = problems(tmp_path, text)
    assert problem == (
        "tierwatch.yaml:2: routing.classifier.provider: found nothing; accepted one of a, b"
    )
    named = load(tmp_path, text.replace("model: gpt-4o-mini", "model: gpt-4o-mini, provider: b"))
    assert named.classifier.provider == "b"
    # Anthropic's wire gives no log-probabilities.
    assert not named.classifier.logprobs
    assert named.tier("simple").provider == "a"


def test_the_only_provider_serves_every_model(tmp_path: Path) -> None:
    config = load(
        tmp_path, ARTICLE + "providers: {p: {kind: openai, base_url: 'http://h:1/v1/'}}\n"
    )
    assert {tier.provider for tier in config.tiers} == {config.classifier.provider} == {"p"}
    assert config.providers["p"].base_url == "http://h:1/v1"
