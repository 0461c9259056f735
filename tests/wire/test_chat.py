"""The form between the wires: what it keeps apart, and that an answer goes on a conversation."""

from dataclasses import FrozenInstanceError, replace

import pytest

from tierwatch.wire.chat import (
    ANTHROPIC,
    OPENAI,
    ChatAnswer,
    ChatRequest,
    Extras,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
)
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES

NEW = Extras("a wire of the future")


def test_extras_are_of_one_wire() -> None:
    extras = Extras(OPENAI, {"seed": 7})
    assert extras.on(OPENAI) == {"seed": 7}
    assert extras.on(ANTHROPIC) == {}
    assert Extras(OPENAI).on(OPENAI) == {}


@pytest.mark.parametrize(
    ("said", "kind"), [({"type": "hologram"}, "hologram"), ({"type": ["x"]}, ""), ({}, "")]
)
def test_an_unknown_part_has_the_type_it_says(said: dict[str, object], kind: str) -> None:
    assert Unknown(OPENAI, said).kind == kind


def test_nothing_is_changed_in_place() -> None:
    part = Text("hi", NEW)
    with pytest.raises(FrozenInstanceError):
        part.text = "bye"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Extras(OPENAI).fields["a"] = 1  # type: ignore[index]


def asked() -> ChatRequest:
    question = Turn("user", (Text("Weather in Rome?", NEW),), plain=True, extras=NEW)
    return ChatRequest("m", (question,), NEW)


def answer() -> ChatAnswer:
    parts = (
        Reasoning("I should look.", NEW, signature="c2ln"),
        Text("I look.", NEW),
        ToolCall("call_1", "weather", '{"city":"Rome"}', NEW),
    )
    turn = Turn("assistant", parts, plain=False, extras=NEW)
    return ChatAnswer("a1", "m", 7, turn, "tool_calls", Usage(3, 4), NEW)


def test_a_wire_of_the_future_is_written_on_those_of_today() -> None:
    """What no wire of today said is written without its extras and without its reasoning."""
    result = ToolResult("call_1", (Text("sunny", NEW),), plain=True, extras=NEW)
    given = Turn("tool", (result,), plain=True, extras=NEW)
    request = replace(asked(), turns=(*asked().turns, answer().turn, given))
    use = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}}
    said = WIRES[ANTHROPIC].write_request(request)["messages"]
    assert said == [
        {"role": "user", "content": "Weather in Rome?"},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "sunny"}],
        },
    ]


@pytest.mark.parametrize("name", sorted(WIRES))
def test_an_answer_is_the_next_turn_of_its_conversation(name: str) -> None:
    wire = WIRES[name]
    read = wire.read_reply(wire.write_reply(answer()))
    request = replace(asked(), turns=(*asked().turns, read.turn))
    [question, told] = wire.write_request(request)["messages"]
    assert question == {"role": "user", "content": "Weather in Rome?"}
    again = wire.read_request({"model": "m", "messages": [told]}).turns[0]
    calls = [part for part in again.parts if isinstance(part, ToolCall)]
    assert [(call.id, call.name) for call in calls] == [("call_1", "weather")]
