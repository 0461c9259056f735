"""Messages of OpenAI's wire as typed parts."""

from typing import Any

import pytest

from tierwatch.wire.chat import (
    OPENAI,
    Data,
    Declined,
    Extras,
    Media,
    Reasoning,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Unknown,
    Url,
)
from tierwatch.wire.openai_chat.read_parts import NOTHING, read_turn


def parts(*content: dict[str, Any]) -> tuple[Any, ...]:
    return read_turn({"role": "user", "content": list(content)}).parts


def test_an_answer_is_its_reasoning_its_words_and_its_calls_in_that_order() -> None:
    function = {"name": "f", "arguments": '{"a":1}'}
    turn = read_turn(
        {
            "role": "assistant",
            "content": "I look.",
            "reasoning_content": "Hm.",
            "refusal": "No.",
            "tool_calls": [{"id": "c", "type": "function", "function": function}],
            "annotations": [],
        }
    )
    assert turn.parts == (
        Reasoning("Hm.", NOTHING),
        Text("I look.", NOTHING),
        Declined("No.", NOTHING),
        ToolCall("c", "f", '{"a":1}', NOTHING),
    )
    assert (turn.plain, turn.extras) == (True, Extras(OPENAI, {"annotations": []}))


def test_a_result_is_a_part_of_the_tools_turn() -> None:
    turn = read_turn({"role": "tool", "tool_call_id": "c", "content": "sunny", "name": "f"})
    assert turn.parts == (ToolResult("c", (Text("sunny", NOTHING),), plain=True, extras=NOTHING),)
    assert turn.extras.fields == {"name": "f"}


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://x.test/a.png", Url("https://x.test/a.png")),
        ("data:image/png;base64,aGk=", Data("image/png", "aGk=")),
        ("data:image/png,hi", Url("data:image/png,hi")),  # not base64: kept as it was said
        ("data:", Url("data:")),
    ],
)
def test_images_are_sent_along_or_fetched(url: str, source: Data | Url) -> None:
    [image] = parts({"type": "image_url", "image_url": {"url": url, "detail": "low"}})
    assert image == Media("image", source, None, Extras(OPENAI, {"image_url": {"detail": "low"}}))


@pytest.mark.parametrize(
    ("file", "source", "name"),
    [
        ({"file_id": "f"}, Stored("f"), None),
        ({"file_data": "data:application/pdf;base64,aGk="}, Data("application/pdf", "aGk="), None),
        ({"file_data": "https://x.test/a.pdf", "filename": "a"}, Url("https://x.test/a.pdf"), "a"),
    ],
)
def test_files(file: dict[str, Any], source: Any, name: str | None) -> None:
    assert parts({"type": "file", "file": file}) == (Media("file", source, name, NOTHING),)


def test_audio_says_its_format() -> None:
    audio = {"data": "aGk=", "format": "wav"}
    source = Data("audio/wav", "aGk=")
    assert parts({"type": "input_audio", "input_audio": audio}) == (
        Media("audio", source, None, NOTHING),
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "hologram"},
        {"type": ["text"]},
        {"type": "image_url", "image_url": {"url": None}},
        {"type": "image_url"},
        {"type": "file", "file": {"filename": "a"}},
        {"type": "input_audio", "input_audio": "x"},
        {},
    ],
)
def test_what_has_no_typed_form_is_kept_as_it_was_said(part: dict[str, Any]) -> None:
    assert parts(part) == (Unknown(OPENAI, part),)


@pytest.mark.parametrize(
    ("call", "kind", "name", "arguments"),
    [
        ({"id": "c", "function": {"name": "f", "arguments": None}}, "function", "f", ""),
        # Some compatible servers write the object itself.
        ({"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}, "function", "f", '{"a":1}'),
        ({"id": "c", "type": "custom", "custom": {"name": "g", "input": "x"}}, "custom", "g", "x"),
        ({"id": "c", "type": "mcp"}, "mcp", "", ""),
        ({"id": "c"}, "unknown", "", ""),
    ],
)
def test_calls_of_every_kind(call: dict[str, Any], kind: str, name: str, arguments: str) -> None:
    [read] = read_turn({"role": "assistant", "content": None, "tool_calls": [call]}).parts
    assert read == ToolCall("c", name, arguments, NOTHING, kind=kind)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"role": ["user"], "content": 7},
        {"role": "assistant", "content": None, "tool_calls": "x", "refusal": 5},
        {"role": "tool", "content": {"a": 1}},
    ],
)
def test_junk_is_a_turn_that_says_nothing(message: dict[str, Any]) -> None:
    turn = read_turn(message)
    assert [part for part in turn.parts if not isinstance(part, ToolResult)] == []
