"""Chunks as a caller's stream on OpenAI's wire."""

from typing import Any

import pytest

from tierwatch.wire.openai_chat.stream_out import StreamOut

WORDS: dict[str, Any] = {"choices": [{"delta": {"content": "x"}}]}
COUNTS: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 1}}


@pytest.mark.parametrize(
    ("chunk", "asked", "told"),
    [
        (WORDS, False, True),
        (COUNTS, True, True),
        (COUNTS, False, False),
        (WORDS | {"usage": None}, False, True),
        ({"error": {"message": "boom"}, "usage": None}, False, True),
        ({}, False, True),
    ],
)
def test_only_counts_that_nobody_asked_for_are_left_out(
    chunk: dict[str, Any], *, asked: bool, told: bool
) -> None:
    assert StreamOut(include_usage=asked).feed(chunk) == ([("", chunk)] if told else [])


def test_the_end_is_a_word() -> None:
    assert StreamOut().finish() == [("", "[DONE]")]
