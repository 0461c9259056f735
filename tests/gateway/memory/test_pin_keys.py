import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.memory.pin_keys import (
    answer_key,
    pin_key,
    session_key,
    tenant_digest,
    turn_key,
)

MINE, THEIRS = b"m" * 32, b"t" * 32
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
ASKED = {"role": "user", "content": "And tomorrow?"}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
SAID = {"role": "assistant", "content": "It will rain."}


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_have_different_keys(one: list[str], other: list[str]) -> None:
    assert (pin_key(MINE, *one) == pin_key(MINE, *other)) is (one == other)


@given(st.text())
def test_nothing_of_a_name_or_a_key_can_be_read_in_it(name: str) -> None:
    key = session_key(MINE, name)
    assert len(key) == len("tierwatch:pin:") + 32  # 16 bytes in hexadecimal
    assert key.removeprefix("tierwatch:pin:").isalnum()


def test_lone_surrogates_have_a_key_too() -> None:
    assert session_key(MINE, "\ud800") != session_key(MINE, "?")


@pytest.mark.parametrize("key_of", [session_key, lambda t, s: turn_key(t, s, SAID)])
def test_tenants_who_name_alike_share_nothing(key_of: object) -> None:
    assert callable(key_of)
    assert key_of(MINE, "s") != key_of(THEIRS, "s")


def test_an_answer_is_known_again_by_itself_in_a_session() -> None:
    # Clients send back the text as it was, or with other white space, or as parts.
    parts = {"role": "assistant", "content": [{"type": "text", "text": "It will  rain.\n"}]}
    assert turn_key(MINE, "s", SAID) == turn_key(MINE, "s", parts)
    assert turn_key(MINE, "s", SAID) != turn_key(MINE, "s", {**SAID, "content": "It will not."})
    assert turn_key(MINE, "s", {"role": "assistant", "content": ""}) is None


def test_without_one_what_came_before_it_counts() -> None:
    before = {"role": "user", "content": "And today?"}
    one = answer_key(MINE, "s", [ASKED, CALLING], 1)
    assert one == answer_key(MINE, "s", [before, ASKED, CALLING], 2)
    # Some servers name every answer's calls alike.
    assert one != answer_key(MINE, "s", [before, CALLING], 1)


@pytest.mark.parametrize(
    ("messages", "index"),
    [([ASKED], -1), ([{"role": "assistant", "content": None}], 0)],
)
def test_no_answer_and_an_empty_one_have_no_key(
    messages: list[dict[str, object]], index: int
) -> None:
    assert answer_key(MINE, "s", messages, index) is None


def test_the_kinds_of_keys_are_apart() -> None:
    first = answer_key(MINE, "s", [SAID], 0)
    assert len({first, turn_key(MINE, "s", SAID), session_key(MINE, "s")}) == 3


@given(st.binary(max_size=40) | st.binary(min_size=510, max_size=515))
def test_a_tenant_is_the_digest_of_its_key_however_often_it_asks(key: bytes) -> None:
    whole = hashlib.sha256(key).digest()
    assert tenant_digest(key) == tenant_digest(bytes(key)) == whole
