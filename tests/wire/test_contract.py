"""What is asked of every wire: that nothing is lost on the way.

A new wire is read by these tests as soon as it stands in `WIRES`; it brings its bodies to
tests/factories/bodies.py. That it has the same names is asked in test_form.py.
"""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest
from factories.bodies import PLAIN_REPLIES, PLAIN_REQUESTS, REPLIES, REQUESTS
from factories.wires import events, put_together
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.wire import chat
from tierwatch.wire.chat import (
    ChatAnswer,
    ChatRequest,
    Declined,
    Media,
    Part,
    Text,
    ToolCall,
    ToolResult,
)
from tierwatch.wire.fault import Fault
from tierwatch.wire.history.reader import Reader
from tierwatch.wire.sse import encode_events
from tierwatch.wire.translation import library_request
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES

EVERY = sorted(WIRES)
PAIRS = list(permutations(EVERY, 2))

every_wire = pytest.mark.parametrize("name", EVERY)
every_pair = pytest.mark.parametrize(("name", "other"), PAIRS)


@every_wire
@given(data=st.data())
def test_a_request_is_written_as_it_was_read(name: str, data: Any) -> None:
    wire, body = WIRES[name], data.draw(REQUESTS[name])
    before = copy.deepcopy(body)
    assert wire.write_request(wire.read_request(body)).request == body == before


@every_wire
@given(data=st.data())
def test_a_reply_is_written_as_it_was_read(name: str, data: Any) -> None:
    wire, body = WIRES[name], data.draw(REPLIES[name])
    before = copy.deepcopy(body)
    assert wire.write_reply(wire.read_reply(body)) == body == before


def said(parts: tuple[Part, ...]) -> Iterator[tuple[Any, ...]]:
    """What parts say on any wire."""
    for part in parts:
        match part:
            case Text() | Declined():
                yield ("text", part.text)
            case ToolCall():
                yield ("call", part.id, part.name, json.loads(part.arguments))
            case ToolResult():
                yield ("result", part.call_id, *said(part.parts))
            case Media():
                yield ("media", part.kind, part.source)


def asked(request: ChatRequest) -> dict[str, Any]:
    """What a request asks on any wire; system prompts first, wherever they stood."""
    system = [] if request.instructions is None else list(said(request.instructions.parts))
    turns = []
    for turn in request.turns:
        if turn.role in {"system", "developer"}:
            system += said(turn.parts)
            continue
        # A result of a tool is the user's on one wire and the tool's on another.
        role = "assistant" if turn.role == "assistant" else "user"
        turns += [(role, *one) for one in said(turn.parts)]
    choice = request.tool_choice
    return {
        "model": request.model,
        "system": system,
        "turns": turns,
        "tools": [
            (tool.name, tool.description, tool.parameters)
            for tool in request.tools
            if isinstance(tool, chat.Tool)
        ],
        "choice": None if choice is None else (choice.mode, choice.name),
        "alone": request.parallel_calls is False and (choice is None or choice.mode != "none"),
        "sampling": request.sampling,
        "stream": request.stream,
        "user": request.user,
        "service_tier": request.service_tier,
    }


@every_pair
@given(data=st.data())
def test_a_request_comes_back_from_another_wire_saying_the_same(
    name: str, other: str, data: Any
) -> None:
    here, there = WIRES[name], WIRES[other]
    first = here.read_request(data.draw(PLAIN_REQUESTS[name]))
    again = here.read_request(
        here.write_request(there.read_request(there.write_request(first).request)).request
    )
    one, two = asked(first), asked(again)
    # Where a wire demands a limit or a choice, it says one that the other left open.
    if first.sampling.max_tokens is None:
        one["sampling"] = two["sampling"] = None
    if first.tool_choice is None:
        one["choice"] = two["choice"] = None
    assert one == two


def answered(answer: ChatAnswer) -> dict[str, Any]:
    """What an answer says on any wire."""
    return {
        "id": answer.id,
        "model": answer.model,
        "said": list(said(answer.turn.parts)),
        "finish_reason": answer.finish_reason,
        "billed": answer.usage.billed,
    }


@every_pair
@given(data=st.data())
def test_a_reply_comes_back_from_another_wire_saying_the_same(
    name: str, other: str, data: Any
) -> None:
    here, there = WIRES[name], WIRES[other]
    first = here.read_reply(data.draw(PLAIN_REPLIES[name]))
    there_and_back = there.read_reply(there.write_reply(first))
    again = here.read_reply(here.write_reply(there_and_back))
    assert answered(again) == answered(there_and_back) == answered(first)


@every_wire
@given(data=st.data())
def test_a_whole_answer_and_its_stream_say_the_same(name: str, data: Any) -> None:
    wire, body = WIRES[name], data.draw(PLAIN_REPLIES[name])
    stream = wire.stream_in()
    told = wire.whole_stream(body, include_usage=True)
    answer = put_together(chunk for event in events(told) for chunk in stream.feed(event))
    assert stream.finished
    assert answer.finished
    assert_same(answer, wire.read_reply(body))


@every_pair
@given(data=st.data())
def test_a_stream_says_the_same_on_another_wire(name: str, other: str, data: Any) -> None:
    body = data.draw(PLAIN_REPLIES[name])
    source, out = WIRES[name].stream_in(), WIRES[other].stream_out()
    told = WIRES[name].whole_stream(body, include_usage=True)
    passed = [
        encode_events(out.feed(chunk)) for event in events(told) for chunk in source.feed(event)
    ]
    back = WIRES[other].stream_in()
    translated = b"".join([*passed, encode_events(out.finish())])
    answer = put_together(chunk for event in events(translated) for chunk in back.feed(event))
    assert back.finished
    assert_same(answer, WIRES[name].read_reply(body))


def assert_same(answer: Any, whole: ChatAnswer) -> None:
    message = answer.message
    texts = [part.text for part in whole.turn.parts if isinstance(part, Text)]
    assert (message["content"] or "") == "".join(texts)
    calls = [part for part in whole.turn.parts if isinstance(part, ToolCall)]
    streamed = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls", ())
    ]
    assert streamed == [(call.id, call.name, json.loads(call.arguments)) for call in calls]
    assert (answer.finish_reason, answer.model) == (whole.finish_reason, whole.model)
    assert answer.usage.billed == whole.usage.billed


@every_wire
@given(
    message=st.text(min_size=1),
    status=st.sampled_from([400, 401, 404, 413, 422, 429, 500, 503, 529]),
)
def test_an_error_is_read_by_its_own_wire_alone(name: str, message: str, status: int) -> None:
    wire = WIRES[name]
    body = json.loads(json.dumps(wire.write_error(Fault(status, message))))
    read = {one.name: one.read_error(body, status) for one in WIRES.values()}
    fault = read.pop(name)
    assert fault is not None
    assert (fault.status, fault.message) == (status, message)
    # Two wires of one vendor may have one envelope: then both read the same in it.
    assert set(read.values()) <= {None, fault}


@every_wire
@given(
    prompt=st.integers(0, 999),
    completion=st.integers(0, 999),
    share=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
)
def test_counts_are_read_as_they_were_written(
    name: str, prompt: int, completion: int, share: tuple[float, float]
) -> None:
    cached, written = (int(prompt * part) for part in share)
    usage = Usage(prompt, completion, cached, written)
    wire = WIRES[name]
    assert wire.read_usage({"usage": wire.write_usage(usage)}) == usage


@every_pair
@given(data=st.data())
def test_a_history_is_fitted_without_changing_what_was_sent(
    name: str, other: str, data: Any
) -> None:
    wire, body = WIRES[name], data.draw(REQUESTS[name])
    before = copy.deepcopy(body)
    stranger = Reader("another provider", "another model")
    fitted = wire.fitted_history(body, to=other, reader=stranger)
    assert body == before
    again = wire.fitted_history(fitted.request, to=other, reader=stranger)
    assert (again.request, again.changes) == (fitted.request, {})


KEYS = st.sampled_from(
    ["model", "messages", "role", "content", "type", "text", "name", "input", "id", "tools",
     "tool_choice", "function", "arguments", "file", "file_data", "image_url", "url", "source",
     "data", "stop", "temperature", "system", "usage", "choices", "message", "tool_calls",
     "response_format", "tool_use_id", "refusal", "finish_reason", "stop_reason", "error",
     "output", "call_id", "namespace", "summary", "encrypted_content", "instructions", "reasoning",
     "format", "status", "incomplete_details", "conversation", "image", "file_id", "file_url"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["user", "assistant", "system", "tool", "text", "image", "image_url", "file", "document",
     "tool_use", "tool_result", "function", "json_schema", "base64", "url", "custom", "{}", "{",
     "message", "function_call", "function_call_output", "custom_tool_call", "reasoning",
     "input_text", "output_text", "input_image", "input_file", "namespace", "additional_tools",
     "web_search_call", "item_reference", "allowed_tools", "completed", "failed"]
)  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just("\ud800") | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=16,
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": VALUES, "content": JUNK}, optional={"tool_calls": JUNK}),
    max_size=3,
)


def problem_of(act: Callable[[], object]) -> ProviderError | None:
    try:
        act()
    except ProviderError as error:
        return error
    return None


@every_wire
@given(junk=st.dictionaries(KEYS, JUNK), messages=MESSAGES)
def test_reading_junk_never_raises_and_writing_it_refuses_in_a_sentence(
    name: str, junk: dict[str, Any], messages: list[Any]
) -> None:
    typed = WIRES[name].read_request({**junk, "messages": messages, "input": messages})
    for wire in WIRES.values():
        problem = problem_of(lambda wire=wire: json.dumps(wire.write_request(typed).request))
        assert problem is None or (problem.kind, str(problem)[-1]) == ("refused", ".")
    library_request(name, {**junk, "messages": messages})
    for wire in WIRES.values():
        wire.read_error(junk, 400)
        wire.read_usage(junk)


@every_wire
@given(junk=st.dictionaries(KEYS, JUNK))
def test_a_reply_that_is_none_is_unreadable(name: str, junk: dict[str, Any]) -> None:
    problem = problem_of(lambda: WIRES[name].read_reply(junk))
    assert problem is None or problem.kind == "unreadable"
