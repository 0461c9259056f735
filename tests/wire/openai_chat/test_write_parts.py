"""Typed turns as messages of OpenAI's wire, its own and those of another one."""

from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    ANTHROPIC,
    Data,
    Declined,
    Extras,
    Media,
    Part,
    PlainText,
    Reasoning,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
    Url,
)
from tierwatch.wire.openai_chat.read_parts import read_turn
from tierwatch.wire.openai_chat.write_parts import write_turn

THERE = Extras(ANTHROPIC)


def turn(role: str, *parts: Part, plain: bool = False) -> Turn:
    return Turn(role, parts, plain=plain, extras=THERE)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "hi", "name": "ann"},
        {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"a": 1}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "mcp", "x": 1}]},
        {"role": "assistant", "content": "", "refusal": "No.", "reasoning_content": "Hm."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."},
                                          {"type": "text", "text": "x"}]},
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "sunny"}]},
        {"role": "tool", "tool_call_id": "c", "content": ""},
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "f", "filename": "a"}}]},
        {"role": "user", "content": [{"type": "file", "file": {"file_data": "https://x.test"}}]},
        {"role": "user", "content": [{"type": "hologram", "beam": 1}]},
    ],
)  # fmt: skip
def test_its_own_messages_are_written_as_they_were_read(message: dict[str, Any]) -> None:
    assert write_turn(read_turn(message), []) == [message]


def test_results_stand_before_the_users_words_and_show_what_is_not_text() -> None:
    image = Media("image", Data("image/png", "aGk="), None, THERE)
    result = ToolResult("c", (Text("a", THERE), Text("b", THERE), image), plain=False, extras=THERE)
    said = write_turn(turn("user", Text("Look.", THERE), result), [])
    assert said == [
        {"role": "tool", "tool_call_id": "c", "content": "a\n\nb"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look."},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ],
        },
    ]


def test_an_answer_is_its_words_and_its_calls() -> None:
    call = ToolCall("t", "f", "{}", Extras(ANTHROPIC, {"cache_control": {}}))
    said = turn("assistant", Reasoning("Hm.", THERE), Text("a", THERE), call, Text("b", THERE))
    function = {"name": "f", "arguments": "{}"}
    calls = [{"id": "t", "type": "function", "function": function}]
    assert write_turn(said, []) == [{"role": "assistant", "content": "a\n\nb", "tool_calls": calls}]


def test_an_answer_that_says_nothing_here_is_no_message() -> None:
    assert write_turn(turn("assistant", Reasoning("Hm.", THERE)), []) == []
    assert write_turn(turn("user", Reasoning("Hm.", THERE)), []) == []


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Media("file", PlainText("words"), "a", THERE), {"type": "text", "text": "a\n\nwords"}),
        (
            Media("file", Data("application/pdf", "aGk="), None, THERE),
            {
                "type": "file",
                "file": {
                    "filename": "document.pdf",
                    "file_data": "data:application/pdf;base64,aGk=",
                },
            },
        ),
        (
            Media("image", Url("https://x.test/a"), None, Extras(ANTHROPIC, {"cache_control": 1})),
            {"type": "image_url", "image_url": {"url": "https://x.test/a"}},
        ),
        (
            Media("audio", Data("audio/wav", "aGk="), None, THERE),
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        ),
        (Declined("No.", THERE), {"type": "refusal", "refusal": "No."}),
    ],
)
def test_parts_of_another_wire(part: Part, said: dict[str, Any]) -> None:
    assert write_turn(turn("user", part), []) == [{"role": "user", "content": [said]}]


@pytest.mark.parametrize("kind", ["server_tool_use", "compaction"])
def test_what_is_for_another_provider_alone_is_left_out(kind: str) -> None:
    unknown = Unknown(ANTHROPIC, {"type": kind})
    [message] = write_turn(turn("user", unknown, Text("hi", THERE)), [])
    assert message["content"] == [{"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Unknown(ANTHROPIC, {"type": "tool_reference"}), "'tool_reference' from None"),
        (Unknown(ANTHROPIC, {"type": "document", "source": {"type": "content"}}), "'content'"),
        (Media("image", Stored("f"), None, THERE), "'image' from 'file'"),
        (Media("file", Url("u"), None, THERE), "'document' from 'url'"),
        (Media("file", Stored("f"), None, THERE), "'document' from 'file'"),
        (Media("audio", Url("u"), None, THERE), "'audio' from 'url'"),
        (ToolCall("t", "f", "{}", THERE), "'tool_use'"),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_sentence(part: Part, said: str) -> None:
    with pytest.raises(ProviderError, match=said) as caught:
        write_turn(turn("user", part), [])
    assert caught.value.kind == "refused"
