"""What stands in place of what cannot be shown."""

from typing import Any

import pytest

from tierwatch.wire.chat import (
    ANTHROPIC,
    Declined,
    Extras,
    Media,
    Part,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Unknown,
    Url,
)
from tierwatch.wire.crossing.part_mark import part_mark

NOTHING = Extras(ANTHROPIC)


@pytest.mark.parametrize(
    ("part", "mark"),
    [
        (Text("words", NOTHING), "words"),
        (Declined("No.", NOTHING), "No."),
        (Media("image", Url("https://x.test/a.png"), None, NOTHING), "[image]"),
        (Media("file", Stored("f_1"), "a report.pdf", NOTHING), "[file a report.pdf]"),
        (ToolCall("c", "weather", "{}", NOTHING), "[tool_call weather]"),
        (ToolResult("c", (), plain=False, extras=NOTHING), "[tool_result]"),
    ],
)
def test_a_mark_says_what_was_there(part: Part, mark: str) -> None:
    assert part_mark(part) == mark


@pytest.mark.parametrize(
    ("said", "mark"),
    [
        ({"type": "tool_reference", "tool_name": "jira"}, "[tool_reference jira]"),
        ({"type": "x", "title": "t", "filename": "f"}, "[x t]"),
        ({"type": "x", "name": 3}, "[x]"),
        ({"type": "x", "name": "a\nb  c"}, "[x a b c]"),
        ({"type": ["junk"]}, "[part]"),
        ({}, "[part]"),
    ],
)
def test_an_unknown_part_is_marked_by_its_kind_and_name(said: dict[str, Any], mark: str) -> None:
    assert part_mark(Unknown(ANTHROPIC, said)) == mark


def test_a_mark_is_short_whatever_was_said() -> None:
    assert len(part_mark(Unknown(ANTHROPIC, {"type": "t" * 9_999, "name": "n" * 9_999}))) == 203
    assert len(part_mark(Media("file", Stored("f"), "n" * 9_999, NOTHING))) < 120
