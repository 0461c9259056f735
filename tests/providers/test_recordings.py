"""Finding a recorded exchange again by its texts."""

from dataclasses import replace
from typing import Any

import pytest
from factories.recorded import BETTER, WORSE, exchange

from tierwatch.providers.recordings import Recordings, same_text, transcript

KNOWN = Recordings([WORSE, BETTER])


@pytest.mark.parametrize(
    ("text", "same"),
    [("a \n\t b", "a b"), ("a\x00\x01b", "a b"), ("a\ud800b", "a b"), (" \ufffd ", ""), ("é", "é")],
)
def test_white_space_and_what_cannot_be_seen_do_not_tell_texts_apart(text: str, same: str) -> None:
    assert same_text(text) == same


def test_a_transcript_names_the_roles() -> None:
    messages: list[Any] = [{"role": "system", "content": "s"}, {"content": "u"}, "junk"]
    assert transcript(messages) == "[system]\ns\n\n[user]\nu\n\n[user]\n"


@pytest.mark.parametrize(
    ("found", "name"), [("e1", "e1"), ("e9", None), (None, None), (["e1"], None)]
)
def test_by_id(found: object, name: str | None) -> None:
    one = KNOWN.by_id(found)
    assert (one and one.id) == name


def test_a_prompt_is_found_as_a_transcript_or_as_the_users_words() -> None:
    for text in ("[user]\nWhat is 1+1?", "What is 1+1?", "  What\nis 1+1? "):
        found = KNOWN.by_prompt_text(text)
        assert found is not None
        assert found.id == "e1"
    assert KNOWN.by_prompt_text("What is 1+2?") is None


def test_a_prompt_recorded_twice_is_found_twice_in_order() -> None:
    again = replace(WORSE, id="e3")
    found = Recordings([WORSE, BETTER, again]).by_messages(WORSE.messages)
    assert [one.id for one in found] == ["e1", "e3"]


@pytest.mark.parametrize("mark", ["[... 1,234 characters cut ...]", "[99 characters left out]"])
def test_a_prompt_cut_in_the_middle_is_found_by_both_ends(mark: str) -> None:
    long = exchange("e4", "begin " * 50 + "middle " * 50 + "end " * 50)
    other = exchange("e5", "begin " * 50 + "elsewhere " * 50 + "stop " * 50)
    known = Recordings([other, long])
    found = known.by_prompt_text("begin " * 40 + mark + "end " * 40)
    assert found is long
    assert known.by_prompt_text("begin " * 40 + mark + "nothing like it") is None


def test_texts_are_found_as_they_were_rewritten() -> None:
    known = Recordings([BETTER], lambda text: text.replace("ann@x.test", "[EMAIL]"))
    assert known.by_prompt_text("Write to [EMAIL], please.") is BETTER
    assert known.by_prompt_text("Write to ann@x.test, please.") is None


def test_a_verdict_is_of_exactly_this_prompt() -> None:
    low, mid = (WORSE.answers[tier].text for tier in ("simple", "standard"))
    assert KNOWN.verdict(WORSE.messages, low, mid) == "B"
    assert KNOWN.verdict(WORSE.messages, mid, low) == "A"
    assert KNOWN.verdict(BETTER.messages, low, mid) is None
    assert KNOWN.verdict(WORSE.messages, low, "an answer of nobody") is None


def test_two_answers_of_one_tier_are_no_pair() -> None:
    low = WORSE.answers["simple"].text
    assert KNOWN.pair(low, low, "What is 1+1?") is None
