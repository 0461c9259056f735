"""Marks tell values apart within one exchange, and say nothing outside of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.redact import marking, redact
from tierwatch.loop.capture.redaction.marks import keyed_marks, letters, new_key, plain_mark

KEY = b"of one exchange"
SAMPLES = (
    "Write to sales@example.org.",
    "Write to abuse@example.org.",
    "call +14155550123",
    "call +14155550124",
    "4111 1111 1111 1111",
    "5500-0000-0000-0004",
    "key sk-proj-abcdefghijklmnop1234567890",
    "key sk-proj-abcdefghijklmnop1234567891",
    "Authorization: Bearer abcdef0123456789abcdef",
    "Tel: 030 1234567",
)
keyed = marking(redact, keyed_marks(KEY))


def test_different_values_have_different_marks_and_the_same_have_the_same() -> None:
    found = [keyed(text) for text in SAMPLES]
    assert len(set(found)) == len(SAMPLES)
    assert found == [keyed(text) for text in SAMPLES]
    assert keyed(SAMPLES[0]) != redact(SAMPLES[0]) == "Write to [EMAIL]."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jo@Example.org", "jo@example.org"),
        ("+49 151 2345 6789", "+49-151-23456789"),
        ("4111 1111 1111 1111", "4111111111111111"),
    ],
)
def test_one_value_in_two_spellings_is_one(one: str, other: str) -> None:
    assert keyed(one) == keyed(other)


def test_under_another_key_the_same_value_has_another_mark() -> None:
    other = marking(redact, keyed_marks(new_key()))
    assert keyed("jo@example.org") != other("jo@example.org")
    assert new_key() != new_key()


@given(st.lists(st.sampled_from((*SAMPLES, "[", "]", " ", "x", "1", "@b.org")), max_size=6))
def test_redacting_twice_changes_nothing(pieces: list[str]) -> None:
    once = keyed("".join(pieces))
    assert keyed(once) == once
    assert redact(once) == once


@given(st.text(max_size=40), st.text(max_size=40))
def test_letters_are_letters_and_tell_apart(one: str, other: str) -> None:
    assert re.fullmatch("[a-z]{8}", letters(KEY, "EMAIL", one))
    assert (letters(KEY, "EMAIL", one) == letters(KEY, "EMAIL", other)) is (one == other)


def test_a_plain_mark_says_what_stood_there() -> None:
    assert plain_mark("EMAIL", "jo@example.org") == "[EMAIL]"


def strangers(text: str) -> str:
    return text.replace("secret", "***")


def strangers_marks(text: str, mark: object = None) -> str:
    return text.replace("secret", mark("NAME", "secret") if callable(mark) else "***")


def test_a_redactor_of_somebodys_sets_our_marks_where_it_takes_them() -> None:
    mark = keyed_marks(KEY)
    assert marking(strangers, mark)("the secret") == "the ***"
    assert marking(strangers_marks, mark)("the secret") == f"the {mark('NAME', 'secret')}"
    assert marking(str.strip, mark)(" x ") == "x"
