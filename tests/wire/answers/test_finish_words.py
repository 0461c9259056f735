"""Why a model stopped, in one word."""

import pytest

from tierwatch.wire.answers.finish_words import finish_word, said_reason, stopped_at


@pytest.mark.parametrize(
    ("said", "word", "with_calls"),
    [
        ("stop", "stop", "tool_calls"),
        ("length", "length", "length"),
        ("MAX_TOKENS", "length", "length"),
        ("tool_use", "tool_calls", "tool_calls"),
        ("function_call", "tool_calls", "tool_calls"),
        ("SAFETY", "content_filter", "content_filter"),
        ("eos", "stop", "tool_calls"),
        ("a word of next year", "a word of next year", "tool_calls"),
        (None, None, None),
    ],
)
def test_every_word_has_a_meaning(said: str | None, word: str, with_calls: str) -> None:
    assert finish_word(said, called=False) == word
    assert finish_word(said, called=True) == with_calls


@pytest.mark.parametrize("said", ["", None, 0, ["stop"], {}])
def test_what_is_no_word_is_none(said: object) -> None:
    assert said_reason(said) is None


def test_where_an_answer_stopped_is_text_or_unknown() -> None:
    assert stopped_at({"stop_reason": "END", "matched_stop": "x"}) == "END"
    assert stopped_at({"matched_stop": "x"}) == "x"
    assert stopped_at({"stop_reason": 128009}) is None
