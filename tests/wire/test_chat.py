"""The form between the wires: what it keeps apart, and that an answer goes on a conversation."""

from dataclasses import FrozenInstanceError

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import (
    ANTHROPIC,
    OPENAI,
    ChatAnswer,
    ChatRequest,
    Extras,
    Media,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
    Url,
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
    request = asked()._replace(turns=(*asked().turns, answer().turn, given))
    use = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}}
    said = WIRES[ANTHROPIC].write_request(request).request["messages"]
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
    request = asked()._replace(turns=(*asked().turns, read.turn))
    [question, told] = wire.read_request(wire.write_request(request).request).turns
    assert [part.text for part in question.parts if isinstance(part, Text)] == ["Weather in Rome?"]
    again = wire.read_request(wire.write_request(request._replace(turns=(told,))).request).turns[0]
    calls = [part for part in again.parts if isinstance(part, ToolCall)]
    assert [(call.id, call.name) for call in calls] == [("call_1", "weather")]


# What a wire may have that chat completions have not, as one of the future would read it.
THOUGHT = Reasoning("The summary.", Extras("future", {"id": "rs_1"}), encrypted="gAAAAB==")
SLEEP = ToolCall("call_2", "sleep", '{"seconds":5}', Extras("future", {"namespace": "clock"}))
EXEC = ToolCall("call_3", "exec", "print(1)", Extras("future", {"id": "ctc_1"}), kind="custom")
PAPER = Media("file", Url("https://x.test/a.pdf"), "a.pdf", Extras("future"))
HOSTED = Unknown("future", {"type": "web_search_call", "id": "ws_1"})


def item(role: str, *parts: Part) -> Turn:
    return Turn(role, parts, plain=False, extras=Extras("future"))


def test_a_thought_of_another_provider_stays_with_it() -> None:
    request = asked()._replace(turns=(*asked().turns, item("assistant", THOUGHT, SLEEP)))
    for wire in WIRES.values():
        body = wire.write_request(request).request
        assert "gAAAAB==" not in str(body)
        [_, again] = wire.read_request(body).turns
        assert [part.id for part in again.parts if isinstance(part, ToolCall)] == ["call_2"]


def test_a_document_by_its_address_is_said_where_a_wire_can_say_it() -> None:
    request = asked()._replace(turns=(item("user", PAPER),))
    [told] = WIRES[ANTHROPIC].write_request(request).request["messages"]
    assert told["content"] == [
        {
            "type": "document",
            "source": {"type": "url", "url": "https://x.test/a.pdf"},
            "title": "a.pdf",
        }
    ]
    with pytest.raises(ProviderError, match="'document' from 'url'"):
        WIRES[OPENAI].write_request(request)


def test_a_custom_call_is_a_call_on_openais_wires_alone() -> None:
    request = asked()._replace(turns=(*asked().turns, item("assistant", EXEC)))
    [_, told] = WIRES[OPENAI].write_request(request).request["messages"]
    assert told["tool_calls"] == [
        {"id": "call_3", "type": "custom", "custom": {"name": "exec", "input": "print(1)"}}
    ]
    with pytest.raises(ProviderError, match="no tool call of type 'custom'"):
        WIRES[ANTHROPIC].write_request(request)


@pytest.mark.parametrize("name", sorted(WIRES))
def test_what_a_hosted_tool_did_is_refused_by_whoever_cannot_know_it(name: str) -> None:
    request = asked()._replace(turns=(item("user", HOSTED),))
    with pytest.raises(ProviderError, match="web_search_call"):
        WIRES[name].write_request(request)


def test_instructions_are_the_system_prompt_of_either_wire() -> None:
    said = Turn("system", (Text("Be brief.", NEW),), plain=True, extras=NEW)
    request = asked()._replace(instructions=said)
    assert WIRES[ANTHROPIC].write_request(request).request["system"] == "Be brief."
    assert WIRES[OPENAI].write_request(request).request["messages"][0] == {
        "role": "system",
        "content": "Be brief.",
    }
