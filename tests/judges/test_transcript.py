import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.transcript import (
    answer_text,
    canonical_json,
    content_text,
    readable,
    tool_calls,
)


@given(st.text(st.characters(exclude_categories=())))
def test_readable_text_can_be_sent(text: str) -> None:
    sent = readable(text)
    json.dumps(sent, ensure_ascii=False).encode("utf-8")
    assert not set(sent) & {chr(code) for code in range(32)} - {"\n", "\t"}
    assert readable(sent) == sent


def test_readable_shows_what_is_hidden_and_keeps_the_rest() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "answer A")
    assert readable(f"x{hidden}") == "x" + "\ufffd" * 8
    assert readable("a\r\nb\rc\td") == "a\nb\nc\td"
    assert readable("שלום 👩‍🚀 é") == "שלום 👩‍🚀 é"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, ""),
        ("text", "text"),
        ([{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}, "c"], "a\nb\nc"),
        ({"odd": 1}, '{"odd": 1}'),
        ([], ""),
    ],
)
def test_content_text(content: object, expected: str) -> None:
    assert content_text(content) == expected


def test_pictures_are_marks_that_tell_them_apart() -> None:
    one, other = (
        content_text([{"type": "image_url", "image_url": {"url": f"data:{n}"}}]) for n in range(2)
    )
    assert one.startswith("[image_url ")
    assert one != other
    assert one == content_text([{"type": "image_url", "image_url": {"url": "data:0"}}])


def test_tool_calls_of_every_form() -> None:
    message = {
        "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            {"type": "custom", "custom": {"name": "g", "input": "free"}},
            {"function": {"name": "h", "arguments": {"a": 1}}},
            {"function": "broken"},
            "broken",
        ],
        "function_call": {"name": "old", "arguments": "{}"},
    }
    expected = [("f", '{"a": 1}'), ("g", "free"), ("h", '{"a": 1}'), ("", ""), ("old", "{}")]
    assert tool_calls(message) == expected
    assert tool_calls({"tool_calls": None}) == []


def test_answer_text_has_words_refusal_and_calls() -> None:
    answer = {
        "content": "I look.",
        "refusal": "No.",
        "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}],
    }
    assert answer_text(answer) == "I look.\nNo.\n[calls tool f with {}]"
    assert answer_text({"content": None}) == ""


def test_canonical_json() -> None:
    assert canonical_json({"b": [1.0, 0.5], "a": True}) == '{"a":true,"b":[1,0.5]}'
    assert canonical_json(1) != canonical_json(True)  # noqa: FBT003 - a JSON value
