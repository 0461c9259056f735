"""What a problem's sentence may show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.config.reading.shown import dotted, may_be_secret, shown


def test_a_path_as_people_write_it() -> None:
    assert dotted(("routing", "tiers", "simple", "cost")) == "routing.tiers.simple.cost"
    assert dotted(("notify", 0, "url")) == "notify[0].url"
    assert dotted(("providers", "sk-abc123")) == "providers.(hidden)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        ([], "an empty list"),
        ([1], "a list"),
        (True, "true"),
        (1.5, "1.5"),
        ("x" * 20, f"{'x' * 20!r}"),
        ("word " * 50, repr(("word " * 50)[:60])),
    ],
)
def test_what_was_found(value: object, text: str) -> None:
    assert shown(value, ("routing",)) == text


@pytest.mark.parametrize(
    "key", ["api_key", "secret", "url", "base_url", "password", "api_keys", "proxy"]
)
def test_a_secrets_place_is_never_shown(key: str) -> None:
    assert "hunter2" not in shown("hunter2", ("p", key))
    assert "hunter2" not in shown("hunter2", ("p", key, 0))


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-AbC123",
        "sk_live_4eC39H",
        "pk-lf-1234",
        "rk_test_1",
        "xoxb-123",
        "ghp_16C7e42F",
        "glpat-XyZ",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyD",
        "hf_abc",
        "Bearer abc",
        "a" * 32,
        "http://us:hunter2@proxy:3128",
        "redis://:hunter2@host/0",
        "https://token@host",
        "Authorization: Bearer x",
    ],
)
def test_what_looks_like_a_key_may_be_one_wherever_it_stands(secret: str) -> None:
    assert may_be_secret(secret)
    assert may_be_secret(f"see {secret}!")
    assert secret not in shown(secret, ("routing", "tiers"))
    assert secret not in dotted(("providers", secret, "kind"))


@pytest.mark.parametrize(
    "plain",
    [
        "claude-haiku-5-5",
        "gpt-6-luna",
        "Confidence < 0.7",
        "~$0.25/M tokens",
        "task",
        "https://api.openai.com/v1",
        "mistral-small-2603",
        "skim",
        "risk-averse",
    ],
)
def test_what_people_write_is_shown(plain: str) -> None:
    assert not may_be_secret(plain)
    assert shown(plain, ("routing",)) == repr(plain)


def test_a_number_or_switch_in_a_secrets_place_is_no_secret() -> None:
    assert shown(7, ("gateway", "api_keys")) == "7"
    assert shown(False, ("p", "api_key")) == "false"  # noqa: FBT003 - the value found
    assert shown(None, ("p", "api_key")) == "nothing"
    assert shown(["x"], ("p", "api_key")) == "a list"


def test_the_top_of_the_file_has_no_path() -> None:
    assert dotted(()) == ""
    assert dotted((0,)) == "[0]"


@given(value=st.text(max_size=200))
def test_what_is_shown_is_short(value: str) -> None:
    assert len(shown(value, ("routing",))) <= 4 * 60 + 2 or may_be_secret(value)


@given(secret=st.text("abcdefABCDEF0123456789", min_size=32, max_size=60), at=st.integers(0, 3))
def test_no_long_token_is_ever_shown(secret: str, at: int) -> None:
    loc = ("a", "b", "c", "d")
    assert secret not in shown(secret, loc)
    assert secret not in dotted((*loc[:at], secret, *loc[at:]))
