"""Where models are served."""

from pathlib import Path

import pytest
from factories.config import told
from pydantic import ValidationError

from tierwatch.config import NotifyConfig, ProviderConfig, Secret

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "env:OPENAI_API_KEY",
        "sk-very-secret",
        (
            "10: providers.openai.api_key: found a value that is"
            " not shown, since it may be secret; accepted env:NAME, the variable"
            " that holds it, or file:/PATH; never the secret"
        ),
    ),
    (
        "kind: openai",
        "kind: azure",
        ("10: providers.openai.kind: found 'azure'; accepted 'openai' or 'anthropic'"),
    ),
    (
        "timeout: 5m",
        "proxy: http://us:hunter2@proxy:3128",
        (
            "10: providers.openai.proxy: found a value that is"
            " not shown, since it may be secret; accepted env:NAME, the variable"
            " that holds it, or file:/PATH; never the secret"
        ),
    ),
    (
        "timeout: 5m",
        "timeout: soon",
        (
            "10: providers.openai.timeout: found 'soon'; accepted a"
            " duration above zero, such as 500ms, 30s, 5m or 1h30m"
        ),
    ),
    (
        "kind: anthropic",
        "kind: anthropic, responses: true",
        (
            "9: providers.anthropic.responses: found true at a provider of kind anthropic;"
            " accepted true where the kind is openai"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_provider(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]


def test_configuration_is_built_from_values_too_and_is_immutable() -> None:
    provider = ProviderConfig(kind="openai", api_key=Secret("K"), timeout_s=5.0)
    assert (provider.timeout_s, provider.api_key) == (5.0, Secret("K"))
    assert NotifyConfig(url=Secret("HOOK")).url == Secret("HOOK")
    with pytest.raises(ValidationError):
        provider.timeout_s = 6.0  # type: ignore[misc] # refused, which is what is tested
