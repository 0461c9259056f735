from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.passages import message_text
from tierwatch.dashboard.texts.said import said
from tierwatch.dashboard.texts.thoughts import FIELDS, PART_TYPES, without_thoughts

ANSWER = {"type": "text", "text": "It is 4."}
PARTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from([ANSWER, {"type": "image_url"}, 3, None]),
    st.builds(
        lambda kind, name, text: {"type": kind, name: text},
        st.sampled_from(sorted(PART_TYPES)),
        st.sampled_from(["thinking", "text", "data", "summary"]),
        st.text(max_size=8),
    ),
)


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ({"content": "4", "reasoning_content": "hm"}, {"content": "4"}),
        ({"content": "4", "reasoning": "hm", "role": "assistant"}, None),
        ({"content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, ANSWER]}, None),
        ({"content": [{"type": "redacted_thinking", "data": "x"}, ANSWER]}, None),
        ({"content": [{"type": "reasoning", "text": "hm"}, ANSWER]}, {"content": [ANSWER]}),
        ({"content": "<think>\nhm\n</think>\n\n4"}, {"content": "4"}),
        ({"content": " <THINKING>hm</THINKING>4"}, {"content": "4"}),
        ({"content": [{"type": "text", "text": "<think>hm</think>4"}]},
         {"content": [{"type": "text", "text": "4"}]}),
        ({"content": ["<think>hm</think>4"]}, {"content": ["4"]}),
    ],
)  # fmt: skip
def test_what_was_thought_is_left_out(message: dict[str, Any], left: dict[str, Any] | None) -> None:
    found = without_thoughts(message)
    if left is not None:
        assert found == left
    assert "hm" not in str(found)
    assert "hm" not in message_text(found)
    assert all(piece.kind != "thought" for piece in said(found).pieces)


@pytest.mark.parametrize(
    "content",
    [
        "4",
        "",
        None,
        {"odd": 1},
        "<think>all there is",  # cut in its thoughts: what remains is the answer
        "Close it with </think>.",
        "Write <think>hm</think> around it.",
        "<thinks>hm</thinks>",
        [ANSWER, {"type": "image_url"}, 3, {"type": "thinkers", "text": "x"}],
    ],
)
def test_what_is_said_stays(content: object) -> None:
    calls = [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]
    message = {"role": "assistant", "content": content, "refusal": "no", "tool_calls": calls}
    assert without_thoughts(message) == message


@given(st.one_of(st.text(), st.lists(PARTS, max_size=6)), st.sampled_from(FIELDS), st.text())
def test_answers_that_differ_in_thoughts_alone_are_the_same(
    content: Any, field: str, thought: str
) -> None:
    spoken = {"role": "assistant", "content": content}
    silent = without_thoughts(spoken)
    assert without_thoughts({**spoken, field: thought}) == silent
    assert set(silent) == {"role", "content"}
    if isinstance(content, list):
        before = [{"type": "thinking", "thinking": thought}, *content]
        assert without_thoughts({**spoken, "content": before}) == silent
        shown = message_text(silent)
        assert not any(f"[{kind}]" in shown for kind in PART_TYPES if f"[{kind}]" not in content)
