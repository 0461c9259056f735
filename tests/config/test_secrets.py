"""Secrets: named, revealed from the environment, never printed."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, problems

from tierwatch.config import Secret
from tierwatch.config.secrets import read_secret
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


def test_a_secret_in_a_file_is_read_when_it_is_revealed(tmp_path: Path) -> None:
    path = tmp_path / "key"
    secret = read_secret(f"file:{path}")
    assert secret == Secret(path=str(path))
    assert (secret.place, secret.written) == (str(path), f"file:{path}")
    with pytest.raises(SettingsError, match="No such file or directory; accepted a file"):
        secret.reveal({})
    path.write_text(" \n")
    with pytest.raises(SettingsError, match="key: found nothing"):
        secret.reveal({})
    path.write_text("value\n")
    assert secret.reveal({}) == "value"
    with pytest.raises(SettingsError, match="Is a directory"):
        Secret(path=str(tmp_path)).reveal({})


@pytest.mark.parametrize("text", ["file:key", "file:", "file:/a\nb", "env:", "env:a-b", "/run/key"])
def test_what_names_no_place_of_a_secret(text: str) -> None:
    with pytest.raises(ValueError, match="file:/PATH"):
        read_secret(text)
