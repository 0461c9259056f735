from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.shown.pieces import Piece, question_pieces, tool_lines
from tierwatch.judges.verdict import Question


def call(call_id: str, name: str) -> dict[str, Any]:
    form = {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}
    return {"role": "assistant", "content": None, "tool_calls": [form]}


def says(role: str, text: str, **more: str) -> dict[str, Any]:
    return {"role": role, "content": text, **more}


def parts(*messages: dict[str, Any]) -> list[tuple[str, str]]:
    return [(piece.part, piece.label) for piece in question_pieces(Question(list(messages)))]


def test_one_question_is_the_task() -> None:
    assert parts(says("user", "Why?")) == [("task", "[user]")]


def test_the_parts_of_an_agents_conversation() -> None:
    messages = [
        says("system", "You are an agent."),
        says("user", "<system-reminder>Rules.</system-reminder>\nMend the test."),
        says("system", "Skills."),
        call("c1", "Read"),
        says("tool", "old", tool_call_id="c1"),
        says("assistant", "I see."),
        says("user", "Go on, please."),
        call("c2", "Bash"),
        says("tool", "one", tool_call_id="c2"),
        says("tool", "two", tool_call_id="unknown"),
        says("user", "<system-reminder>Later rules.</system-reminder>"),
    ]
    assert parts(*messages) == [
        ("system", "[system]"),
        ("program", "[user: written by the caller's program]"),
        ("task", "[user]"),
        ("program", "[system]"),
        ("earlier", "[assistant]"),
        ("earlier", "[tool Read]"),
        ("earlier", "[assistant]"),
        ("task", "[user]"),
        ("newest", "[assistant]"),
        ("newest", "[tool Bash]"),
        ("newest", "[tool]"),
        ("program", "[user]"),
    ]
    pieces = question_pieces(Question(messages))
    assert pieces[1].text == "<system-reminder>Rules.</system-reminder>"
    assert pieces[2].text == "Mend the test."


def test_turns_between_the_first_and_the_last_are_earlier_ones() -> None:
    turns = [says("user", "One?"), says("assistant", "1"), says("user", "Two?")]
    turns += [says("assistant", "2"), says("user", "Three?")]
    assert [part for part, _ in parts(*turns)] == ["task", "earlier", "earlier", "earlier", "task"]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], []),
        ([says("system", "Say hi.")], ["task"]),
        ([says("system", "x"), says("assistant", "y")], ["system", "task"]),
        ([says("user", "<system-reminder>x</system-reminder>")], ["task"]),
        ([says("tool", "x")], ["task"]),
        ([says("user", "Run it."), says("tool", "x")], ["task", "newest"]),
        ([says("developer", "x"), says("user", "?")], ["system", "task"]),
    ],
)
def test_unusual_conversations(messages: list[dict[str, Any]], expected: list[str]) -> None:
    assert [part for part, _ in parts(*messages)] == expected


def test_pictures_stay_with_the_words_they_came_with() -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:x"}},
    ]
    (piece,) = question_pieces(Question([{"role": "user", "content": content}]))
    assert piece.part == "task"
    assert piece.text.startswith("What is this?\n[image_url ")


def test_what_a_person_wrote_between_blocks_is_shown_by_itself() -> None:
    block = "<system-reminder>rule</system-reminder>"
    content = [{"type": "text", "text": text} for text in (block, "Do this.", block, "And that.")]
    program, human = question_pieces(Question([{"role": "user", "content": content}]))
    assert human == Piece("task", "[user]", "Do this.\nAnd that.")
    assert program.part == "program"
    assert block in program.text


def test_form_and_passages_come_first() -> None:
    question = Question(
        [says("user", "Why?")],
        response_format={"type": "json_object"},
        contexts=("One.", "Two."),
    )
    assert question_pieces(question) == [
        Piece("form", "[response format asked for]", '{"type":"json_object"}'),
        Piece("passages", "[retrieved passage]", "One."),
        Piece("passages", "[retrieved passage]", "Two."),
        Piece("task", "[user]", "Why?"),
    ]


def test_tools_are_lines() -> None:
    tools = [
        {"type": "function", "function": {"name": "now"}},
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "The weather\nof a city. " + "More of it. " * 50,
                "parameters": {"type": "object", "properties": {"city": {}, "unit": {}}},
            },
        },
        {"type": "custom", "custom": {"name": "shell", "description": "Runs\n\na line."}},
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "function", "function": "broken"},
        {},
    ]
    lines = tool_lines(tools).splitlines()
    assert lines[0] == "now"
    assert lines[1].startswith("weather(city, unit): The weather of a city. More of it.")
    assert lines[1].endswith(" ...")
    assert lines[2:] == ["shell: Runs a line.", "web_search", "function", "tool"]
    assert max(map(len, lines)) < 160


VALUES = st.none() | st.text(max_size=8) | st.integers() | st.lists(st.text(max_size=3), max_size=2)
MESSAGE = st.dictionaries(
    st.sampled_from(["role", "content", "tool_calls", "tool_call_id", "name", "refusal"]),
    VALUES | st.sampled_from(["user", "tool", "assistant", "system"]),
)


@given(st.lists(MESSAGE, max_size=6), st.lists(st.dictionaries(st.text(max_size=9), VALUES)))
def test_any_stored_request_has_pieces(
    messages: list[dict[str, Any]], tools: list[dict[str, Any]]
) -> None:
    pieces = question_pieces(Question(messages))
    assert len(pieces) >= len(messages)
    assert not messages or any(piece.part == "task" for piece in pieces)
    assert len(tool_lines(tools).splitlines()) <= len(tools)
