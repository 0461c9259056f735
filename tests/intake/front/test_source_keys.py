"""Whose traffic it is, by the key that was shown."""

import base64

import pytest

from tierwatch.config.secrets import Secret
from tierwatch.config.watch import SourceKey
from tierwatch.errors import SettingsError
from tierwatch.intake.front.source_keys import SourceKeys

KEYS = [
    SourceKey(source="proxy", key=Secret("A"), accepts="litellm"),
    SourceKey(source="app", key=Secret("B")),
]
ENVIRON = {"A": "sk-a", "B": "sk-b"}


def bearer(key: str) -> dict[bytes, bytes]:
    return {b"authorization": f"Bearer {key}".encode()}


def basic(user: str, password: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Basic " + base64.b64encode(f"{user}:{password}".encode())}


def test_a_key_names_its_source_for_what_it_accepts() -> None:
    keys = SourceKeys(KEYS, ENVIRON)
    assert keys.source_of(bearer("sk-a"), "litellm", basic=False) == "proxy"
    assert keys.source_of(bearer("sk-a"), "otlp", basic=False) == ""
    assert keys.source_of(bearer("sk-b"), "otlp", basic=False) == "app"
    assert keys.source_of(bearer("sk-c"), "otlp", basic=False) == ""
    assert keys.source_of({}, "otlp", basic=True) == ""
    assert keys.source_of({b"x-api-key": b"sk-b"}, "outcomes", basic=False) == "app"


def test_a_password_is_a_key_only_where_it_may_be() -> None:
    keys = SourceKeys(KEYS, ENVIRON)
    assert keys.source_of(basic("pk-lf", "sk-b"), "otlp", basic=True) == "app"
    assert keys.source_of(basic("pk-lf", "sk-b"), "otlp", basic=False) == ""
    assert keys.source_of(basic("sk-b", ""), "otlp", basic=True) == ""
    assert keys.source_of({b"authorization": b"Basic ???"}, "otlp", basic=True) == ""


def test_any_key_is_accepted_as_one() -> None:
    keys = SourceKeys(KEYS, ENVIRON)
    assert keys.accepts(bearer("sk-a"))
    assert not keys.accepts(bearer(""))


def test_a_key_whose_variable_is_not_set_is_named() -> None:
    with pytest.raises(SettingsError, match="B: found nothing"):
        SourceKeys(KEYS, {"A": "sk-a", "B": " "})
