"""Items as turns."""

from typing import Any

import pytest

from tierwatch.wire.chat import (
    Data,
    Declined,
    Media,
    Reasoning,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
    Url,
)
from tierwatch.wire.openai_responses.read_parts import items_of, read_said, read_turns

THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "output_text", "text": text}]}


def test_a_text_is_a_message_of_the_users() -> None:
    assert items_of("Hi") == [{"role": "user", "content": "Hi"}]
    assert items_of(None) == items_of(7) == items_of([7, "x"]) == []


def test_items_of_an_assistant_that_follow_one_another_are_one_turn() -> None:
    items = [
        {"role": "user", "content": "Hi"},
        THOUGHT,
        said("I look."),
        CALL,
        {**CALL, "call_id": "c2"},
        OUTPUT,
        {**OUTPUT, "call_id": "c2"},
        said("Sunny."),
    ]
    turns = read_turns(items)
    assert [turn.role for turn in turns] == ["user", "assistant", "tool", "assistant"]
    assert [type(part) for part in turns[2].parts] == [ToolResult, ToolResult]
    assert [type(part) for part in turns[1].parts] == [Reasoning, Text, ToolCall, ToolCall]


def part(given: dict[str, Any]) -> Any:
    [turn] = read_turns([{"role": "user", "content": [given]}])
    [read] = turn.parts
    return read


@pytest.mark.parametrize("kind", ["input_text", "output_text", "text", "summary_text"])
def test_words_are_words_whatever_they_are_called(kind: str) -> None:
    assert part({"type": kind, "text": "Hi"}).text == "Hi"


def test_images_and_files_are_media() -> None:
    url = "https://x.test/a.png"
    data = "data:image/png;base64,aGk="
    assert part({"type": "input_image", "image_url": url}).source == Url(url)
    assert part({"type": "input_image", "image_url": data}).source == Data("image/png", "aGk=")
    assert part({"type": "input_image", "file_id": "file_1"}).source == Stored("file_1")
    assert part({"type": "input_image", "image_url": url, "detail": "low"}).extras.fields == {
        "detail": "low"
    }
    paper = {"type": "input_file", "filename": "a.pdf"}
    read = part({**paper, "file_data": "data:application/pdf;base64,aGk="})
    assert (read.kind, read.name, read.source) == (
        "file",
        "a.pdf",
        Data("application/pdf", "aGk="),
    )
    assert part({**paper, "file_url": url}).source == Url(url)
    assert part({**paper, "file_id": "file_1"}).source == Stored("file_1")
    sound = part({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}})
    assert (sound.kind, sound.source) == ("audio", Data("audio/wav", "aGk="))


@pytest.mark.parametrize(
    "given",
    [
        {"type": "input_image"},
        {"type": "input_file", "filename": "a.pdf"},
        {"type": "input_audio", "input_audio": {}},
        {"type": "hologram", "beam": 1},
        {},
    ],
)
def test_what_has_no_typed_form_is_kept_as_it_was_said(given: dict[str, Any]) -> None:
    read = part(given)
    assert isinstance(read, Unknown)
    assert (read.said, read.for_issuer) == (given, False)


def test_a_thought_keeps_what_its_provider_alone_can_read() -> None:
    [read] = read_said(THOUGHT)
    assert isinstance(read, Reasoning)
    assert (read.text, read.encrypted) == ("", "gAAA")
    summary = [{"type": "summary_text", "text": "A."}, {"type": "summary_text", "text": "B."}]
    [worded] = read_said({"type": "reasoning", "summary": summary})
    assert isinstance(worded, Reasoning)
    assert (worded.text, worded.encrypted) == ("A.\n\nB.", None)


def test_calls_are_of_functions_whatever_their_tool() -> None:
    spaced = {**CALL, "name": "sleep", "namespace": "clock", "arguments": '{"seconds":1}'}
    free = {"type": "custom_tool_call", "call_id": "c2", "name": "exec", "input": "ls\n"}
    [one] = read_said(spaced)
    [two] = read_said(free)
    assert isinstance(one, ToolCall)
    assert isinstance(two, ToolCall)
    assert (one.id, one.name, one.arguments) == ("c1", "clock__sleep", '{"seconds":1}')
    assert (two.id, two.name, two.arguments, two.kind) == (
        "c2",
        "exec",
        '{"input":"ls\\n"}',
        "function",
    )
    [objects] = read_said({**CALL, "arguments": {"a": 1}})
    assert isinstance(objects, ToolCall)
    assert objects.arguments == '{"a":1}'


def result(output: Any) -> ToolResult:
    [turn] = read_turns([{**OUTPUT, "output": output}])
    [read] = turn.parts
    assert isinstance(read, ToolResult)
    return read


def test_an_output_is_text_or_parts() -> None:
    plain = result("sunny")
    assert (plain.call_id, plain.plain) == ("c1", True)
    assert [one.text for one in plain.parts if isinstance(one, Text)] == ["sunny"]
    image = {"type": "input_image", "image_url": "https://x.test/a.png"}
    shown = result([{"type": "input_text", "text": "see"}, image])
    assert [type(one) for one in shown.parts] == [Text, Media]
    assert not shown.plain
    for odd, text in (({"ok": True}, '{"ok":true}'), (None, ""), (7, "7")):
        [words] = result(odd).parts
        assert isinstance(words, Text)
        assert words.text == text


def test_what_a_provider_ran_is_for_it_alone_and_a_reference_is_not() -> None:
    search = {"type": "web_search_call", "id": "ws_1"}
    [turn] = read_turns([search])
    assert turn.role == "assistant"
    assert turn.parts == (Unknown("responses", search, for_issuer=True),)
    reference = {"type": "item_reference", "id": "msg_1"}
    [turn] = read_turns([reference])
    assert turn.parts == (Unknown("responses", reference),)
    more = {"type": "additional_tools", "role": "developer", "tools": []}
    [turn] = read_turns([more])
    assert turn.parts == (Unknown("responses", more, for_issuer=True),)


def test_a_refusal_is_the_models_own_words() -> None:
    [read] = read_said({"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]})
    assert isinstance(read, Declined)
    assert read.text == "No."
    empty = {"type": "message", "role": "assistant", "content": []}
    assert read_said(empty) == [Unknown("responses", empty, for_issuer=True)]


def test_roles_are_as_they_were_said() -> None:
    turns = read_turns([{"role": role, "content": "x"} for role in ("developer", "system", "user")])
    assert [(turn.role, turn.plain) for turn in turns] == [
        ("developer", True),
        ("system", True),
        ("user", True),
    ]
    [odd] = read_turns([{"content": 7}])
    assert odd == Turn("", (), plain=False, extras=odd.extras)
