"""What an answer is known again by."""

from typing import Any

import pytest
from factories.histories import THINKING

from tierwatch.wire.history.marks import heard, mentions_reasoning, message_mark


def test_a_message_is_known_again_on_either_wire() -> None:
    said = {"role": "assistant", "content": "It rains.\n\nIn Rome."}
    parts = {"role": "assistant", "content": [
        THINKING, {"type": "text", "text": "It rains."}, {"type": "text", "text": "In Rome."},
    ]}  # fmt: skip
    assert message_mark(said) == message_mark(parts)
    assert message_mark(said) != message_mark({"content": "It rains."})
    assert message_mark({"content": None}) is None
    assert message_mark({"content": [THINKING]}) is None
    assert message_mark({"tool_calls": [{"id": "", "function": {"name": "f"}}]}) is None


@pytest.mark.parametrize(
    "raw",
    [
        b'{"content":[{"type":"thinking","thinking":""}]}',
        b'{"type":"redacted_thinking"}',
        b'{"delta":{"reasoning_content":"Hm"}}',
        b'{"message":{"reasoning":"Hm"}}',
        b'"extra_content":{"google":{"thought_signature":"x"}}',
    ],
)
def test_replies_that_hold_reasoning_are_noticed(raw: bytes) -> None:
    assert mentions_reasoning(raw)
    assert not mentions_reasoning(b'{"choices":[{"message":{"content":"I was thinking."}}]}')


def test_what_is_nested_deeply_is_read_as_far_as_it_has_a_meaning() -> None:
    deep: Any = "end"
    for _ in range(5_000):
        deep = [{"type": "tool_result", "content": deep}]
    assert heard({"role": "user", "content": deep}) == ""
    assert message_mark({"role": "assistant", "content": deep}) is None
