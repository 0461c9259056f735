"""Secrets: named, revealed from the environment, never printed."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, problems

from tierwatch.config import Secret
from tierwatch.errors import SettingsError

SECRET_PLACES = [
    "providers: {p: {kind: openai, api_key: %s}}",
    "providers: {p: {kind: openai, apikey: %s}}",
    "providers: {p: {kind: %s}}",
    "providers: {p: %s}",
    "providers: %s",
    "gateway: {api_keys: [%s]}",
    "gateway: {api_keys: %s}",
    "notify: [{url: 'https://h/', secret: %s}]",
    "notify: [{url: %s}]",
    "evaluation: {judge: {model: m, provider: %s}}\nproviders: {p: {kind: openai}}",
    "evaluation: {sample_rate: %s}",
    "providers: {p: {kind: openai, api_key: %s, api_key: x}}",
    "providers: {p: {kind: openai, api_key: !!int %s}}",
    "providers: {p: {kind: openai, api_key: {%s: }}}",
    "providers: {p: {kind: openai, api_key: *%s}}",
    "providers: {p: {kind: openai, api_key: !%s x}}",
    "routing: {%s: 1}",
    "fallback: %s",
    "providers: {p: {kind: openai, api_key: %s",
]


@pytest.mark.parametrize("place", SECRET_PLACES)
@pytest.mark.parametrize("secret", ["sk-proj-AbC123AbC123AbC123", "AKIA" + "Q" * 36])
def test_a_literal_secret_is_refused_and_never_printed(
    tmp_path: Path, place: str, secret: str
) -> None:
    for problem in problems(tmp_path, ARTICLE + place % secret + "\n"):
        assert secret not in problem
        assert secret[5:] not in problem


def test_a_secret_is_revealed_from_the_environment_alone() -> None:
    secret = Secret("KEY")
    assert secret.reveal({"KEY": " value\n"}) == "value"
    assert "value" not in repr(secret)
    for environ in ({}, {"KEY": "  "}):
        with pytest.raises(SettingsError, match=r"KEY: found nothing"):
            secret.reveal(environ)
