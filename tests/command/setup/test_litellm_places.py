"""Where a deployment of LiteLLM's is, in our words."""

from typing import Any

import pytest

from tierwatch.command.setup.litellm_places import Place, place_of


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"model": "openai/gpt-5"}, ("openai", "openai", "", "OPENAI_API_KEY", "gpt-5")),
        ({"model": "gpt-5"}, ("openai", "openai", "", "OPENAI_API_KEY", "gpt-5")),
        ({"model": "claude-x"}, ("anthropic", "anthropic", "", "ANTHROPIC_API_KEY", "claude-x")),
        (
            {"model": "anthropic/claude-x", "api_base": "https://p.example/v1/messages"},
            ("anthropic", "anthropic", "https://p.example", "", "claude-x"),
        ),
        (
            {"model": "groq/llama", "api_key": "os.environ/G"},
            ("groq", "openai", "https://api.groq.com/openai/v1", "G", "llama"),
        ),
        (
            {"model": "hosted_vllm/org/m", "api_base": "http://10.0.0.1:8000/v1/"},
            ("hosted_vllm", "openai", "http://10.0.0.1:8000/v1", "", "org/m"),
        ),
        (
            {"model": "m", "api_base": "http://10.0.0.1:8000/v1"},
            ("own", "openai", "http://10.0.0.1:8000/v1", "", "m"),
        ),
        (
            {"model": "m", "custom_llm_provider": "openai", "api_base": "https://x.example/v1"},
            ("openai", "openai", "https://x.example/v1", "", "m"),
        ),
    ],
)  # fmt: skip
def test_places(params: dict[str, Any], expected: tuple[str, ...]) -> None:
    place = place_of(params)
    assert isinstance(place, Place)
    found = place.provider
    assert (found.name, found.kind, found.base_url, found.key, place.model) == expected


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({}, "names no model"),
        ({"model": "openai/"}, "names no model"),
        ({"model": "openai/*"}, "names no single model"),
        ({"model": "azure/x"}, "is at azure"),
        ({"model": "mystery"}, "does not say"),
        ({"model": "hosted_vllm/x"}, "without an api_base"),
        ({"model": "openai/x", "api_base": "https://u:secret@h/v1"}, "without user and password"),
        ({"model": "openai/x", "api_base": "os.environ/BASE"}, "no address"),
    ],
)
def test_what_cannot_be_asked_says_why_and_repeats_no_secret(
    params: dict[str, Any], why: str
) -> None:
    found = place_of(params)
    assert isinstance(found, str)
    assert why in found
    assert "secret" not in found


def test_a_literal_key_is_a_note_without_the_key() -> None:
    place = place_of({"model": "openai/x", "api_key": "sk-secret"})
    assert isinstance(place, Place)
    assert place.provider.key == "OPENAI_API_KEY"
    assert "put it into OPENAI_API_KEY" in place.notes[0]
    assert "sk-secret" not in place.notes[0]
