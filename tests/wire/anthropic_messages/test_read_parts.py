"""Messages of Anthropic's wire as typed parts."""

from typing import Any

import pytest

from tierwatch.wire.anthropic_messages.read_parts import NOTHING, read_blocks, read_turn
from tierwatch.wire.chat import (
    ANTHROPIC,
    Data,
    Extras,
    Media,
    PlainText,
    Quoted,
    Reasoning,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Unknown,
    Url,
)

MARK = {"cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "hi"}, Text("hi", NOTHING)),
        ({"type": "text", "text": "hi", **MARK}, Text("hi", Extras(ANTHROPIC, MARK))),
        ({"type": "text", "text": None}, Text("", NOTHING)),
        (
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "é"}},
            ToolCall("t", "f", '{"a":"é"}', NOTHING),
        ),
        ({"type": "tool_use", "id": "t", "name": "f"}, ToolCall("t", "f", "{}", NOTHING)),
        (
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
            Reasoning("Hm.", NOTHING, signature="s"),
        ),
        ({"type": "redacted_thinking", "data": "d"}, Reasoning("", NOTHING, encrypted="d")),
    ],
)
def test_blocks_are_parts(block: dict[str, Any], part: Any) -> None:
    assert read_blocks([block]) == (part,)


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ({"type": "base64", "media_type": "image/png", "data": "aGk="}, Data("image/png", "aGk=")),
        ({"type": "url", "url": "https://x.test"}, Url("https://x.test")),
        ({"type": "file", "file_id": "f"}, Stored("f")),
        ({"type": "text", "media_type": "text/plain", "data": "words"}, PlainText("words")),
    ],
)
def test_documents_come_from_everywhere(source: dict[str, Any], read: Any) -> None:
    [document] = read_blocks([{"type": "document", "source": source, "title": "a"}])
    assert document == Media("file", read, "a", NOTHING)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "text", "data": "an image is no text"}},
        {"type": "image", "source": {"type": "url"}},
        {"type": "image"},
        {"type": "tool_reference"},
        {"type": ["text"]},
        {},
    ],
)
def test_what_has_no_typed_form_is_kept_as_it_was_said(block: dict[str, Any]) -> None:
    assert read_blocks([block]) == (Unknown(ANTHROPIC, block),)


@pytest.mark.parametrize(
    ("content", "parts", "plain"),
    [
        ("sunny", (Text("sunny", NOTHING),), True),
        ([{"type": "text", "text": "a"}], (Text("a", NOTHING),), False),
        (None, (), False),
    ],
)
def test_results_hold_parts(content: Any, parts: tuple[Any, ...], *, plain: bool) -> None:
    block = {"type": "tool_result", "tool_use_id": "t", "content": content, "is_error": True}
    failed = Extras(ANTHROPIC, {"is_error": True})
    assert read_blocks([block]) == (ToolResult("t", parts, plain, failed),)


def test_a_result_in_a_result_is_not_followed() -> None:
    deep: Any = "end"
    for _ in range(5_000):
        deep = [{"type": "tool_result", "tool_use_id": "t", "content": deep}]
    [result] = read_blocks(deep)
    assert isinstance(result, ToolResult)
    [inner] = result.parts
    assert isinstance(inner, Unknown)


def test_a_turn_keeps_whether_it_was_one_string() -> None:
    plain = read_turn({"role": "user", "content": "hi"})
    listed = read_turn({"role": "user", "content": [{"type": "text", "text": "hi"}]})
    assert (plain.parts, plain.plain, listed.plain) == (listed.parts, True, False)
    assert read_turn({"role": "user", "content": 5, "x": 1}).extras.fields == {"x": 1}


HIT = {"type": "text", "text": "Bern."}


@pytest.mark.parametrize(
    ("block", "title", "words"),
    [
        ({"type": "document", "source": {"type": "content", "content": [HIT]}}, None, "Bern."),
        ({"type": "document", "title": "T", "source": {"type": "content", "content": "Bern."}},
         "T", "Bern."),
        ({"type": "search_result", "source": "https://x.test", "content": [HIT]},
         "https://x.test", "Bern."),
        ({"type": "search_result", "source": "https://x.test", "title": "T", "content": [HIT]},
         "T", "Bern."),
        ({"type": "tool_reference", "tool_name": "jira"}, None, "The tool jira is available."),
    ],
)  # fmt: skip
def test_what_is_quoted_has_words_and_stays_as_it_was_said(
    block: dict[str, Any], title: str | None, words: str
) -> None:
    [part] = read_blocks([block])
    said = Extras(ANTHROPIC, block)
    assert part == Quoted(title, (Text(words, Extras(ANTHROPIC)),), said)


def test_nothing_is_quoted_within_a_quotation() -> None:
    inner = {"type": "search_result", "content": [{"type": ["x"]}, {"type": "search_result"}]}
    [part] = read_blocks([inner])
    assert isinstance(part, Quoted)
    assert part.parts == ()
