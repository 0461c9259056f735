from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.passages import (
    SHOWN,
    beginning,
    conversation,
    conversation_text,
    message_text,
    passage,
)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({}, ""),
        ({"content": None}, ""),
        ({"content": "hello"}, "hello"),
        (  # Which of the media below it is, in whatever part of a wire it stands.
            {
                "content": [
                    {"type": "image_url", "image_url": {"url": "[IMAGE abcdefgh 12 bytes]"}},
                    {"type": "file", "file": {"file_data": "[FILE hgfedcba 9 bytes]"}},
                    {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
                ]
            },
            "[IMAGE abcdefgh 12 bytes]\n[FILE hgfedcba 9 bytes]\n[image_url]",
        ),
        (
            {"content": ["a", {"type": "text", "text": "b"}, {"type": "image_url"}, {}, 3]},
            "a\nb\n[image_url]\n[part]\n3",
        ),
        ({"content": {"odd": "é"}}, '{"odd": "é"}'),
        ({"content": None, "refusal": "no"}, "[refusal] no"),
        (
            {"content": "x", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
            'x\n[tool call] f {"a": 1}',
        ),
        ({"tool_calls": ["odd"]}, '[tool call] "odd"'),
        ({"tool_calls": "odd"}, ""),
    ],
)
def test_messages_of_every_shape_become_text(message: dict[str, Any], text: str) -> None:
    assert message_text(message) == text


def test_passage_is_cut_only_when_too_long() -> None:
    exact = passage({"role": "user", "content": "x" * SHOWN})
    assert not exact.cut
    longer = passage({"role": "user", "content": "x" * (SHOWN + 1)})
    assert longer.cut
    assert len(longer.text) == SHOWN
    assert longer.chars == SHOWN + 1


def test_conversation_shows_the_newest_messages() -> None:
    request = {"messages": [{"role": "user", "content": str(n)} for n in range(30)]}
    shown, older = conversation(request)
    assert [said.text for said in shown] == [str(n) for n in range(18, 30)]
    assert older == 18
    assert conversation_text(request).startswith("[user]\n0\n\n[user]\n1\n")


@pytest.mark.parametrize("request_", [{}, {"messages": None}, {"messages": "x"}, {"messages": [1]}])
def test_requests_without_messages(request_: dict[str, Any]) -> None:
    assert conversation(request_) == ((), 0)
    assert conversation_text(request_) == ""


@given(st.text())
def test_a_beginning_is_one_line_of_at_most_160_characters(text: str) -> None:
    line = beginning(text)
    assert len(line) <= 160
    assert line == " ".join(line.split())
    whole = " ".join(text.split())
    assert whole.startswith(line.removesuffix("…")) or line == whole
