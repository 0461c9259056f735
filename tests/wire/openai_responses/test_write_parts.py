"""Turns as items."""

from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    ANTHROPIC,
    OPENAI,
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
from tierwatch.wire.openai_responses.tools import Called
from tierwatch.wire.openai_responses.write_parts import write_call, write_turns

CHAT = Extras(OPENAI)
MESSAGES = Extras(ANTHROPIC)


def items(role: str, *parts: Part, extras: Extras = CHAT) -> list[dict[str, Any]]:
    return write_turns([Turn(role, parts, plain=False, extras=extras)], [])


def test_an_answer_of_another_wire_is_a_message_and_its_calls() -> None:
    call = ToolCall("c1", "f", '{"a":1}', CHAT)
    assert items("assistant", Text("I look.", CHAT), call, call) == [
        {"role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
    ]


def test_results_among_the_users_words_are_items_of_their_own() -> None:
    result = ToolResult("c1", (Text("sunny", MESSAGES),), plain=True, extras=MESSAGES)
    shown = ToolResult("c2", (Text("a", CHAT), Text("b", CHAT)), plain=False, extras=CHAT)
    assert items("user", result, shown, Text("And now?", MESSAGES)) == [
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
        },
        {"role": "user", "content": [{"type": "input_text", "text": "And now?"}]},
    ]


def test_what_another_provider_thought_or_ran_is_left_out() -> None:
    thought = Reasoning("Hm.", MESSAGES, signature="c2ln")
    ran = Unknown(ANTHROPIC, {"type": "server_tool_use", "id": "s"})
    assert items("assistant", thought, ran, Text("Hi", MESSAGES)) == [
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    ]
    assert items("assistant", thought) == []


def content(*parts: Part, role: str = "user") -> list[dict[str, Any]]:
    [item] = items(role, *parts)
    given: list[dict[str, Any]] = item["content"]
    return given


def test_media_of_other_wires() -> None:
    data, url = Data("image/png", "aGk="), Url("https://x.test/a")
    low = Extras(OPENAI, {"image_url": {"detail": "low"}})
    assert content(
        Media("image", data, None, low),
        Media("image", url, None, MESSAGES),
        Media("file", data, "a.pdf", CHAT),
        Media("file", data, None, MESSAGES),
        Media("file", url, "a.pdf", MESSAGES),
        Media("file", Stored("file_1"), None, CHAT),
        Media("file", PlainText("words"), None, MESSAGES),
        Media("audio", Data("audio/wav", "aGk="), None, CHAT),
    ) == [
        {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
        {"type": "input_image", "image_url": "https://x.test/a"},
        {"type": "input_file", "file_data": "data:image/png;base64,aGk=", "filename": "a.pdf"},
        {
            "type": "input_file",
            "file_data": "data:image/png;base64,aGk=",
            "filename": "document.pdf",
        },
        {"type": "input_file", "file_url": "https://x.test/a", "filename": "a.pdf"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_text", "text": "words"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
    ]
    assert content(Declined("No.", CHAT), role="assistant") == [
        {"type": "refusal", "refusal": "No."}
    ]


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("user", Media("file", Stored("file_1"), None, MESSAGES)),
        ("user", Media("image", Stored("file_1"), None, MESSAGES)),
        ("user", Media("audio", Url("https://x.test/a"), None, CHAT)),
        ("user", Unknown(ANTHROPIC, {"type": "container_upload"})),
        ("assistant", Media("image", Url("https://x.test/a"), None, CHAT)),
        ("assistant", ToolCall("c", "f", "{}", CHAT, kind="hologram")),
    ],
)
def test_what_this_wire_cannot_carry_is_refused_in_a_sentence(role: str, part: Part) -> None:
    with pytest.raises(ProviderError, match=r"The Responses wire .*\.$") as caught:
        items(role, part)
    assert caught.value.kind == "refused"


def test_a_call_gets_back_the_name_and_kind_of_its_tool() -> None:
    names = {
        "clock__sleep": Called("sleep", "clock"),
        "patch": Called("patch", custom=True),
    }
    sleep = ToolCall("c1", "clock__sleep", '{"seconds":1}', CHAT)
    patch = ToolCall("c2", "patch", '{"input":"*** Begin"}', MESSAGES)
    free = ToolCall("c3", "exec", "ls", CHAT, kind="custom")
    assert [write_call(one, names) for one in (sleep, patch, free)] == [
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "sleep",
            "namespace": "clock",
            "arguments": '{"seconds":1}',
        },
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** Begin"},
        {"type": "custom_tool_call", "call_id": "c3", "name": "exec", "input": "ls"},
    ]
    assert write_call(ToolCall("c", "f", "", CHAT))["arguments"] == "{}"
