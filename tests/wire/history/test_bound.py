"""What in a message its issuer alone, or its provider alone, takes back."""

from collections import Counter
from typing import Any

import pytest

from tierwatch.wire.history.bound import bound_messages, forget_zeros, is_bound

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "message",
    [
        {"content": "x", "reasoning_content": "Hm."},
        {"content": "x", "reasoning_details": [{"type": "reasoning.encrypted", "data": "eA=="}]},
        {"content": None, "tool_calls": [{**CALL, "extra_content": {"google": {}}}]},
        {"content": None, "audio": {"id": "a"}},
        {"content": None, "refusal": "No."},
        {"content": [{"type": "thinking", "thinking": "", "signature": "s"}]},
        {"content": [{"type": "server_tool_use", "id": "s"}]},
        {"content": [{"type": "text", "text": "x", "citations": [{"encrypted_index": "e"}]}]},
        {"content": [{"type": "a block of next year"}]},
    ],
)
def test_what_only_its_issuer_takes_back(message: dict[str, Any]) -> None:
    assert is_bound(message)
    assert bound_messages([{"role": "assistant", **message}]) == [0]
    # Only answers were issued by anybody.
    assert bound_messages([{"role": "user", **message}]) == []


@pytest.mark.parametrize(
    "message",
    [
        {"content": "x"},
        {"content": None, "tool_calls": [CALL]},
        {"content": "x", "reasoning_content": "", "refusal": None, "annotations": [], "audio": {}},
        {"content": [{"type": "text", "text": "x", "citations": []}]},
        {"content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"content": [{"type": "image_url", "image_url": {"url": "u"}}]},
        {},
        {"content": 7, "tool_calls": "x"},
    ],
)
def test_what_anybody_takes(message: dict[str, Any]) -> None:
    assert not is_bound(message)


def test_messages_are_counted_where_they_stand() -> None:
    bound = {"role": "assistant", "content": "x", "reasoning": "Hm."}
    free = {"role": "assistant", "content": "x"}
    assert bound_messages([bound, free, {"role": "user", "content": "y"}, bound]) == [0, 3]


def test_kinds_of_which_nothing_was_taken_out_are_forgotten() -> None:
    changes = Counter({"thinking": 0, "audio": 2})
    forget_zeros(changes)
    assert changes == {"audio": 2}
    assert list(changes) == ["audio"]
