"""A history of items: as messages, and fitted to who reads it."""

from typing import Any

from tierwatch.wire.chat import ANTHROPIC, RESPONSES
from tierwatch.wire.history.bound import bound_messages
from tierwatch.wire.history.marks import heard, message_mark
from tierwatch.wire.history.reader import Issuer, Reader
from tierwatch.wire.openai_responses.history import fitted_history, messages_of

THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
SEARCH = {"type": "web_search_call", "id": "ws_1"}
SAID = {"role": "assistant", "content": [{"type": "output_text", "text": "Sunny."}]}
ASKED = {"role": "user", "content": "Weather?"}
ITEMS = [ASKED, THOUGHT, CALL, OUTPUT, SEARCH, SAID, ASKED]


def test_a_turn_of_several_items_is_one_message() -> None:
    messages = messages_of({"input": ITEMS})
    assert [message["role"] for message in messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert bound_messages(messages) == [1, 3]
    assert heard(messages[2]) == "sunny"
    assert messages_of({"input": "Hi"}) == [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]}
    ]
    assert messages_of({}) == []


def test_an_answer_is_known_again_when_it_comes_back_as_items() -> None:
    call = {"id": "c1", "function": {"name": "clock__f", "arguments": "{}"}}
    [again] = messages_of({"input": [THOUGHT, {**CALL, "namespace": "clock"}]})
    assert message_mark(again) == message_mark({"content": None, "tool_calls": [call]})
    [words] = messages_of({"input": [SAID]})
    assert message_mark(words) == message_mark({"content": "Sunny."})


def reader(**issuers: Issuer) -> Reader:
    known = {int(place.removeprefix("at_")): who for place, who in issuers.items()}
    return Reader("lab", "big", issuer_of=known.get)


ITSELF, SIBLING, STRANGER = Issuer("lab", "big"), Issuer("lab", "small"), Issuer("else", "x")


def fitted(who: Reader, to: str = RESPONSES) -> tuple[Any, dict[str, int]]:
    made = fitted_history({"model": "m", "input": ITEMS}, to=to, reader=who)
    return made.request["input"], dict(made.changes)


def test_who_wrote_it_gets_it_back_untouched() -> None:
    request = {"model": "m", "input": ITEMS}
    made = fitted_history(request, to=RESPONSES, reader=reader(at_1=ITSELF, at_3=ITSELF))
    assert made.request is request
    assert made.changes == {}


def test_a_thought_goes_back_to_the_model_that_had_it_alone() -> None:
    kept, changes = fitted(reader(at_1=SIBLING, at_3=SIBLING))
    call = {name: value for name, value in CALL.items() if name != "id"}
    assert kept == [ASKED, call, OUTPUT, SEARCH, SAID, ASKED]
    assert changes == {"reasoning": 1}


def test_what_a_provider_ran_goes_back_to_it_alone() -> None:
    kept, changes = fitted(reader(at_1=ITSELF, at_3=STRANGER))
    assert kept == [ASKED, THOUGHT, CALL, OUTPUT, SAID, ASKED]
    assert changes == {"server_tool": 1}
    assert fitted(reader())[1] == {"reasoning": 1, "server_tool": 1}


def test_other_wires_leave_it_out_by_themselves() -> None:
    assert fitted(reader(), to=ANTHROPIC) == (ITEMS, {})
    text = {"model": "m", "input": "Hi"}
    assert fitted_history(text, to=RESPONSES, reader=reader()).request is text
