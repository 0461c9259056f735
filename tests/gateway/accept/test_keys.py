import pytest

from tierwatch.gateway.accept.keys import Keys, shown_key
from tierwatch.wire.refusal import Refusal


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, b""),
        ({b"authorization": b"Bearer one"}, b"one"),
        ({b"authorization": b"bearer   one  "}, b"one"),
        ({b"authorization": b"Basic one"}, b""),
        ({b"authorization": b"Bearer"}, b""),
        ({b"x-api-key": b"two"}, b"two"),
        ({b"x-api-key": b"two", b"authorization": b"Bearer one"}, b"two"),
        ({b"x-api-key": b"", b"authorization": b"Bearer one"}, b"one"),
    ],
)
def test_a_key_is_shown_in_either_header(headers: dict[bytes, bytes], key: bytes) -> None:
    assert shown_key(headers) == key


@pytest.mark.parametrize("shown", [b"", b"anything"])
def test_without_keys_everybody_may_call(shown: bytes) -> None:
    assert Keys({}).refuse(shown) is None


@pytest.mark.parametrize("shown", [b"first", b"second", "k\u00e9y".encode()])
def test_each_key_is_accepted(shown: bytes) -> None:
    assert Keys(dict.fromkeys(["first", "second", "k\u00e9y"], "")).refuse(shown) is None


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        (b"", "No API key was given."),
        (b"third", "This API key is not accepted."),
        (b"firs", "This API key is not accepted."),
        (b"first ", "This API key is not accepted."),
        (b"\xff", "This API key is not accepted."),
    ],
)
def test_others_are_told_what_to_send(shown: bytes, problem: str) -> None:
    refusal = Keys({"first": ""}).refuse(shown)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (401, "invalid_api_key")
    assert refusal.message.startswith(problem)
    assert "first" not in refusal.message


def test_an_accepted_key_has_the_name_it_was_given() -> None:
    keys = Keys({"first": "team-a", "second": "", "old": "team-a"})
    assert [keys.name_of(shown) for shown in (b"first", b"old", b"second")] == [
        "team-a",
        "team-a",
        "",
    ]
    # What callers may choose never becomes a label.
    assert keys.name_of(b"whatever they send") == ""
    assert Keys({}).name_of(b"anything") == ""
