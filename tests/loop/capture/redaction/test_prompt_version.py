"""A prompt's version is what its caller names, or what its words are; dates are not its words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.redact import redact
from tierwatch.loop.capture.redaction.prompt_version import (
    LONGEST,
    is_accepted,
    plain_version,
    prompt_version,
)

ACCEPTED = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}", fullmatch=True)


def plain(words: str) -> str:
    return words


def chat(*system: object, role: str = "system") -> dict[str, Any]:
    first = [{"role": role, "content": one} for one in system]
    return {"messages": [*first, {"role": "user", "content": "Which shelf?"}]}


def version(*system: object, said: str = "") -> str | None:
    return prompt_version(said, chat(*system), plain)


@given(ACCEPTED)
def test_what_a_caller_names_is_its_version(said: str) -> None:
    assert prompt_version(said, chat("Be brief."), plain) == said


@pytest.mark.parametrize(
    "said", ["", " ", "two words", "v" * 65, "-v1", ".", "é1", "v1\n", "v1,v2", "jo@example.org"]
)
def test_what_is_not_accepted_counts_as_nothing(said: str) -> None:
    assert not is_accepted(said)
    assert version("Be brief.", said=said) == version("Be brief.")


def test_a_name_that_would_be_redacted_is_none() -> None:
    """The number of a card is plain characters, too, and would stay when the texts go."""
    assert is_accepted("4111111111111111")
    named = prompt_version("4111111111111111", chat("Be brief."), redact)
    assert named == version("Be brief.")


def test_without_a_system_prompt_nothing_is_known() -> None:
    for request in ({}, {"messages": None}, {"messages": []}, chat(), {"messages": ["x", 4]}):
        assert prompt_version("", request, plain) is None
    assert version("") is None
    assert version([{"type": "image_url", "image_url": {"url": "data:,x"}}]) is None


def test_other_words_are_another_version() -> None:
    assert version("Be brief.") != version("Be thorough.")
    # Digits are words: "at most 50" and "at most 100" ask for different answers.
    assert version("At most 50 words.") != version("At most 100 words.")


def test_parts_and_several_system_messages_are_one_prompt() -> None:
    whole = version("Be brief.\nBe kind.")
    parts = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]
    assert version(parts) == version("Be brief.", "Be kind.") == whole
    assert prompt_version("", chat("Be brief.\nBe kind.", role="developer"), plain) == whole


def test_what_stands_behind_the_question_is_not_the_prompt() -> None:
    request = chat("Be brief.")
    request["messages"] += [{"role": "system", "content": "Time is up."}]
    assert prompt_version("", request, plain) == version("Be brief.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-11-30", "2025-01-02"),
        ("2026-11-30T12:00:00Z", "2026-12-01 09:30"),
        ("2026-11-30T12:00:00.123456+01:00", "2026-11-30"),
        ("Monday, November 30, 2026", "Tue, Dec 1st 2026"),
        ("30 November 2026", "1 Dec 2026"),
        ("30.11.2026", "1/2/26"),
        ("12:00", "9:05:33 pm"),
        ("01a22996-0000-7000-8000-000000007c20", "11A22996-0000-7000-8000-000000007C21"),
    ],
)
def test_dates_times_and_ids_make_no_version(one: str, other: str) -> None:
    assert version(f"Be brief. It is {one} now.") == version(f"Be brief.  It is {other}\n now.")


def test_a_billing_line_makes_no_version() -> None:
    first, second = (f"x-anthropic-billing-header: cch={n}\nBe brief." for n in ("a1", "b2"))
    assert version(first) == version(second) == version("Be brief.")


def test_what_is_redacted_makes_no_version_and_can_not_be_tried_out() -> None:
    """A digest stays after the texts are gone: it is made of what was stored of them."""
    ann, bob = (
        prompt_version("", chat(f"You write to {name}@example.org."), redact)
        for name in ("ann", "bob")
    )
    assert ann == bob


@given(st.text(max_size=200))
def test_a_digest_is_short_plain_and_the_same_each_time(system: str) -> None:
    found = version(system)
    assert found == version(system)
    assert found is None or (is_accepted(found) and found.startswith("system-"))


def test_a_long_prompt_takes_no_longer_than_its_length() -> None:
    """No pattern tries a text again and again: a million digits and letters are read through."""
    assert version("9" * 300_000 + " 1:" * 100_000 + "mon " * 100_000) is not None


@given(st.text(max_size=100), st.text(max_size=100))
def test_names_of_other_programs_become_accepted_ones(name: str, number: str) -> None:
    found = plain_version(name, number)
    assert len(found) <= LONGEST
    assert found == "" or is_accepted(found)


def test_a_long_name_keeps_its_version_apart() -> None:
    assert plain_version("p" * 100, "3") != plain_version("p" * 100, "4")
    assert plain_version("", "3") == "3"
    assert plain_version("Ask: kindly", "v 2") == "Ask:-kindly:v-2"
