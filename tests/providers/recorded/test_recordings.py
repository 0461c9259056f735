"""Finding a recorded exchange again by its texts."""

from dataclasses import replace
from typing import Any

import pytest
from factories.recorded import BETTER, WORSE, exchange

from tierwatch.providers.recorded.recordings import (
    Recordings,
    by_score,
    preferred,
    same_text,
    sufficient_tiers,
    transcript,
)

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


@pytest.mark.parametrize(
    ("verdict", "low_first", "high_first"),
    [("worse", "B", "A"), ("better", "A", "B"), ("tie", "tie", "tie"), ("odd", "tie", "tie")],
)
def test_a_verdict_is_of_the_lower_tier(verdict: str, low_first: str, high_first: str) -> None:
    one = exchange("e", "p", {"simple<standard": verdict}, (0.0, 1.0, None))
    assert preferred(one, "simple", "standard") == low_first
    assert preferred(one, "standard", "simple") == high_first


@pytest.mark.parametrize(
    ("scores", "found"),
    [((1.0, 0.5), "A"), ((0.5, 1.0), "B"), ((0.5, 0.5), "tie"), ((None, 1.0), None)],
)
def test_without_a_verdict_the_scores_decide(scores: Any, found: str | None) -> None:
    assert by_score(*scores) == found
    assert preferred(exchange("e", "p", None, (*scores, None)), "simple", "standard") == found


def recording(worse: int, of: int, task: str = "t") -> list[Any]:
    """``of`` exchanges that are read, the first ``worse`` of them worse at the lowest tier."""
    made = [
        exchange(
            f"{task}{n}",
            "p",
            {
                "simple<standard": "worse" if n < worse else "tie",
                "standard<complex": "tie",
            },
            task=task,
        )
        for n in range(of)
    ]
    # Only two fifths are read: 5/2 as many are recorded.
    return made + [exchange(f"{task}later{n}", "p", task=task) for n in range(of * 3 // 2)]


@pytest.mark.parametrize(
    ("worse", "of", "tier"),
    [(0, 4, "simple"), (1, 4, "simple"), (2, 4, "standard"), (4, 4, "standard")],  # 1/4 is not over
)
def test_a_tier_that_is_worse_too_often_does_not_suffice(worse: int, of: int, tier: str) -> None:
    assert sufficient_tiers(recording(worse, of)) == {"t": tier}


def test_what_comes_later_is_not_known_yet() -> None:
    known = recording(0, 4)
    late = exchange("x", "p", {"simple<standard": "worse"}, task="new")
    assert sufficient_tiers([*known, late]) == {"t": "simple"}
    assert sufficient_tiers([late]) == {"new": "standard"}  # of one, one is read


def test_where_every_tier_is_worse_than_the_next_the_top_one_serves() -> None:
    one = exchange("e", "p", {"simple<standard": "worse", "standard<complex": "worse"})
    assert sufficient_tiers([one]) == {"t": "complex"}
