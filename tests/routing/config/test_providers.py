"""Which provider serves a model."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load, problems
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.config.providers import provider_kinds, provider_of, provider_problems
from tierwatch.routing.config.reading.document import Document


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


BOTH = {"a": "anthropic", "o": "openai", "o2": "openai"}


@pytest.mark.parametrize(
    ("model", "named", "kinds", "provider"),
    [
        ("gpt-4o", None, {}, ""),
        ("gpt-4o", "mine", {}, "mine"),
        ("gpt-4o", None, {"x": "anthropic"}, "x"),
        ("gpt-4o", None, BOTH, "o"),
        ("claude-haiku-4-5", None, BOTH, "a"),
        ("anthropic/claude-haiku-4-5", None, BOTH, "o"),
        ("gpt-4o", "o2", BOTH, "o2"),
        ("gpt-4o", "other", BOTH, None),
        ("claude-haiku-4-5", None, {"o": "openai", "o2": "openai"}, "o"),
        ("gpt-4o", None, {"a": "anthropic", "b": "anthropic"}, None),
        ("gpt-4o", None, {"a": "anthropic", "b": "azure"}, "b"),
    ],
)
def test_the_provider_of_a_model(
    model: str, named: str | None, kinds: dict[str, str], provider: str | None
) -> None:
    assert provider_of(model, named, kinds) == provider


def document(**data: object) -> Document:
    return Document("f.yaml", data, {("providers",): 1, ("routing", "x"): 4})


@pytest.mark.parametrize(
    ("providers", "kinds"),
    [
        (None, {}),
        ({}, {}),
        ([1], {}),
        ("openai", {}),
        ({"a": {"kind": "openai"}, "b": {"kind": "anthropic"}}, {"a": "openai", "b": "anthropic"}),
        ({"a": {}, "b": 7, "c": "openai"}, {"a": "None", "b": "7", "c": "openai"}),
    ],
)
def test_kinds_are_read_as_far_as_they_can_be(providers: object, kinds: dict[str, str]) -> None:
    assert provider_kinds(document(providers=providers)) == kinds
    assert provider_kinds(document()) == {}


def test_a_provider_that_is_found_is_no_problem() -> None:
    assert provider_problems(document(), ("routing", "x"), "m", None, {}) == []
    assert provider_problems(document(), ("routing", "x"), "m", "a", {"a": "openai"}) == []


@pytest.mark.parametrize(("named", "found"), [("z", "'z'"), (None, "nothing")])
def test_a_provider_that_is_not_found_is_told_with_the_known_ones(
    named: str | None, found: str
) -> None:
    kinds = {"a": "anthropic", "b": "anthropic"}
    (problem,) = provider_problems(document(), ("routing", "x"), "gpt-6-luna", named, kinds)
    assert problem == (4, f"f.yaml:4: routing.x.provider: found {found}; accepted one of a, b")


@given(
    model=st.sampled_from(["claude-opus-5-5", "gpt-6-luna", "my-own-8b"]),
    kinds=st.dictionaries(
        st.sampled_from("abcd"), st.sampled_from(["openai", "anthropic", "azure"]), max_size=4
    ),
    named=st.none() | st.sampled_from("abcdz"),
)
def test_a_provider_is_one_of_the_files_or_none(
    model: str, kinds: dict[str, str], named: str | None
) -> None:
    found = provider_of(model, named, kinds)
    if not kinds:
        assert found == (named or "")
    else:
        assert found is None or found in kinds
        if named is not None:
            assert found == (named if named in kinds else None)
