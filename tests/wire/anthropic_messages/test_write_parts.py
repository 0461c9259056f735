"""Typed turns as messages of Anthropic's wire, its own and those of another one."""

import json
from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_messages.read_parts import read_turn
from tierwatch.wire.anthropic_messages.write_parts import write_blocks, write_turns
from tierwatch.wire.chat import (
    OPENAI,
    ChatRequest,
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

THERE = Extras(OPENAI)
MARK = {"cache_control": {"type": "ephemeral"}}
CALL = ToolCall("c", "f", "{}", THERE)


def turn(role: str, *parts: Part, plain: bool = False) -> Turn:
    return Turn(role, parts, plain=plain, extras=THERE)


def written(*turns: Turn) -> tuple[list[Any], list[Any]]:
    return write_turns(ChatRequest("m", turns, THERE), [])


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hi"},
        {"role": "system", "content": "In the middle."},
        {"role": "user", "content": [{"type": "text", "text": "hi", **MARK}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t",
                                      "content": [{"type": "text", "text": "x"}],
                                      "is_error": True, **MARK}]},
        {"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}},
                                     {"type": "tool_reference", "tool_name": "jira"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s"},
                                          {"type": "redacted_thinking", "data": "d"},
                                          {"type": "tool_use", "id": "t", "name": "f",
                                           "input": {"a": [1, {"b": None}]}, **MARK}]},
    ],
)  # fmt: skip
def test_its_own_messages_are_written_as_they_were_read(message: dict[str, Any]) -> None:
    assert written(read_turn(message)) == ([], [message])


def test_system_prompts_of_another_wire_stand_before_the_conversation() -> None:
    asked = turn("user", Text("q", THERE), plain=True)
    first = turn("system", Text("a", THERE), plain=True)
    later = turn("developer", Text("b", Extras(OPENAI, MARK)))
    system, messages = written(first, asked, later)
    assert system == [{"type": "text", "text": "a"}, {"type": "text", "text": "b", **MARK}]
    assert messages == [{"role": "user", "content": "q"}]


def test_results_that_follow_one_another_are_one_turn_of_the_users() -> None:
    one, two = (
        turn("tool", ToolResult(f"c{n}", (Text("x", THERE),), plain=True, extras=THERE))
        for n in (1, 2)
    )
    asked = turn("user", Text("q", THERE), plain=True)
    _, messages = written(one, two, asked, one)
    assert [len(message["content"]) for message in messages] == [2, 1, 1]
    assert [block["tool_use_id"] for block in messages[0]["content"]] == ["c1", "c2"]


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Declined("No.", THERE), {"type": "text", "text": "No."}),
        (
            Media("image", Url("https://x.test"), None, Extras(OPENAI, {**MARK, "detail": "low"})),
            {"type": "image", "source": {"type": "url", "url": "https://x.test"}, **MARK},
        ),
        (
            Media("image", Data("image/png;charset=x", "aGk="), None, THERE),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
            },
        ),
        (
            Media("file", PlainText("words"), "a", THERE),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "words"},
                "title": "a",
            },
        ),
        (
            Unknown(OPENAI, {"type": "search_result", "title": "t"}),
            {"type": "search_result", "title": "t"},
        ),
        (ToolCall("c", "f", "", THERE), {"type": "tool_use", "id": "c", "name": "f", "input": {}}),
    ],
)
def test_parts_of_another_wire(part: Part, block: dict[str, Any]) -> None:
    assert write_blocks([part], []) == [block]


@pytest.mark.parametrize("part", [Text("", THERE), Declined("", THERE), Reasoning("Hm.", THERE)])
def test_what_says_nothing_here_is_left_out(part: Part) -> None:
    assert write_blocks([part, CALL], []) == write_blocks([CALL], [])


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a": ', {"arguments": '{"a": '}),
        ("[1]", {"arguments": [1]}),
        ("5", {"arguments": 5}),
        ("[" * 100_000, {"arguments": "[" * 100_000}),
    ],
)
def test_arguments_are_an_object_whatever_a_model_wrote(arguments: str, given: Any) -> None:
    [block] = write_blocks([ToolCall("c", "f", arguments, THERE)], [])
    assert block["input"] == given


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Media("audio", Data("audio/wav", "aGk="), None, THERE), "no content part 'input_audio'"),
        (Media("file", Stored("f"), None, THERE), "no content part 'file'"),
        (Media("image", Data("image/png", "***"), None, THERE), "not base64"),
        (Media("image", Url("data:image/png,hi"), None, THERE), "A data URL is not base64"),
        (Unknown(OPENAI, {"type": "image_url", "image_url": {}}), "has no url or data"),
        (Unknown(OPENAI, {"type": "file", "file": {}}), "no content part 'file'"),
        (Unknown(OPENAI, {"type": "hologram"}), "no content part 'hologram'"),
        (ToolCall("c", "f", "x", THERE, kind="custom"), "no tool call of type 'custom'"),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_sentence(part: Part, said: str) -> None:
    with pytest.raises(ProviderError, match=said) as caught:
        write_blocks([part], [])
    assert caught.value.kind == "refused"


def test_a_role_of_another_wire_is_refused() -> None:
    with pytest.raises(ProviderError, match="no role 'function'"):
        written(turn("function", Text("x", THERE), plain=True))


def test_a_mark_on_a_whole_message_of_another_wire_is_left_out() -> None:
    # Anthropic's messages have no such field, and it refuses a request that has one.
    marked = Turn("user", (Text("hi", THERE),), plain=True, extras=Extras(OPENAI, MARK))
    assert written(marked)[1] == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("given", ['{"a": NaN}', '{"a": -Infinity, "b": "\\ud800"}'])
def test_arguments_that_are_no_json_are_kept_as_text(given: str) -> None:
    call = ToolCall("toolu_1", "f", given, Extras(OPENAI))
    [block] = write_blocks([call], [])
    assert block["input"] == {"arguments": given}
    json.loads(json.dumps(block, allow_nan=False))
