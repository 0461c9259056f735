"""The vendors' own clients, unmodified, through the gateway: both wires, both kinds of provider."""

import json
from typing import Any

import anthropic
import openai
import pytest

MESSAGES: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
OPENAI_TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
ANTHROPIC_TOOLS: Any = [{"name": "weather", "input_schema": SCHEMA}]

OPENAI_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Paris"}'},
}


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: Any) -> Any:
    return request.getfixturevalue(f"{request.param}_provider")


@pytest.fixture
def gateway(start_gateway: Any, provider: Any) -> Any:
    return start_gateway(provider)


@pytest.fixture
def openai_client(gateway: Any) -> Any:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway: Any) -> Any:
    with anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client:
        yield client


def call_reply(provider: Any, wire: Any) -> Any:
    """A whole answer that calls a tool, on the provider's wire."""
    if provider.kind == "openai":
        reply = json.loads(json.dumps(wire.openai_reply))
        message = {"role": "assistant", "content": None, "tool_calls": [OPENAI_CALL]}
        reply["choices"][0] = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return wire.json(reply)
    block = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}}
    return wire.json({**wire.anthropic_reply, "content": [block], "stop_reason": "tool_use"})


def text_stream(provider: Any, wire: Any) -> Any:
    if provider.kind == "openai":
        return wire.stream(*wire.openai_chunks("Par", "is.", usage=True))
    return wire.stream(*wire.anthropic_events("Par", "is."))


def call_stream(provider: Any, wire: Any) -> Any:
    """A streamed answer that calls a tool, its arguments in two pieces."""
    if provider.kind == "openai":
        start = {**OPENAI_CALL, "index": 0, "function": {"name": "weather", "arguments": ""}}
        pieces = [{"index": 0, "function": {"arguments": a}} for a in ('{"city"', ': "Paris"}')]
        deltas = [{"role": "assistant", "tool_calls": [start]}]
        deltas += [{"tool_calls": [piece]} for piece in pieces]
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
        chunks = [json.dumps({**head, "choices": [choice]}) for choice in choices]
        return wire.stream(*(f"data: {chunk}\n\n".encode() for chunk in [*chunks, "[DONE]"]))
    block = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {}}
    pieces = [{"type": "input_json_delta", "partial_json": a} for a in ('{"city"', ': "Paris"}')]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**wire.anthropic_reply, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": piece} for piece in pieces),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return wire.stream(
        *(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
    )


def test_openai_completes(openai_client: Any, gateway: Any) -> None:
    answer = openai_client.chat.completions.create(model="auto", messages=MESSAGES)
    assert answer.choices[0].message.content == "Paris."
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (21, 2)
    served = gateway.recorded.one()
    assert (served.answer["content"], served.prompt_tokens) == ("Paris.", 21)


def test_openai_streams(openai_client: Any, gateway: Any, provider: Any, wire: Any) -> None:
    provider.replies = [text_stream(provider, wire)]
    stream = openai_client.chat.completions.create(
        model="auto", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    texts = [c.choices[0].delta.content for c in chunks if c.choices]
    assert "".join(text for text in texts if text) == "Paris."
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert [c.usage.prompt_tokens for c in chunks if c.usage] == [21]
    served = gateway.recorded.one()
    assert (served.finished, served.answer["content"], served.prompt_tokens) == (True, "Paris.", 21)


def test_openai_streams_without_usage_when_it_is_not_asked_for(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    anthropic_provider.replies = [wire.stream(*wire.anthropic_events("Paris."))]
    gateway = start_gateway(anthropic_provider)
    url = f"{gateway.url}/v1"
    with openai.OpenAI(base_url=url, api_key="mine", max_retries=0) as client:
        chunks = list(client.chat.completions.create(model="auto", messages=MESSAGES, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    served = gateway.recorded.one()
    assert (served.prompt_tokens, served.tokens_estimated) == (21, False)


def test_openai_calls_a_tool_and_returns_its_result(
    openai_client: Any, gateway: Any, provider: Any, wire: Any
) -> None:
    provider.replies = [call_reply(provider, wire)]
    answer = openai_client.chat.completions.create(
        model="auto", messages=MESSAGES, tools=OPENAI_TOOLS
    )
    (call,) = answer.choices[0].message.tool_calls
    assert (call.id, call.function.name) == ("call_1", "weather")
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    assert answer.choices[0].finish_reason == "tool_calls"
    result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}
    turns = [*MESSAGES, answer.choices[0].message, result]
    after = openai_client.chat.completions.create(model="auto", messages=turns, tools=OPENAI_TOOLS)
    assert after.choices[0].message.content == "Paris."
    sent = provider.received[1].json["messages"]
    assert len(sent) == 3
    assert "Sunny" in json.dumps(sent[-1])
    assert gateway.recorded.exchanges[0].answer["tool_calls"][0]["function"]["name"] == "weather"


def test_openai_streams_a_tool_call(
    openai_client: Any, gateway: Any, provider: Any, wire: Any
) -> None:
    provider.replies = [call_stream(provider, wire)]
    stream = openai_client.chat.completions.create(
        model="auto", messages=MESSAGES, tools=OPENAI_TOOLS, stream=True
    )
    deltas = [c.choices[0].delta for c in stream if c.choices]
    pieces = [call for delta in deltas for call in delta.tool_calls or ()]
    assert {piece.index for piece in pieces} == {0}
    arguments = "".join(piece.function.arguments or "" for piece in pieces)
    assert json.loads(arguments) == {"city": "Paris"}
    (call,) = gateway.recorded.one().answer["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}


def test_openai_lists_models(openai_client: Any) -> None:
    names = [model.id for model in openai_client.models.list()]
    assert names[:4] == ["auto", "simple", "standard", "complex"]
    assert openai_client.models.retrieve("model-simple").owned_by.startswith("p")


def test_openai_raises_its_own_errors(openai_client: Any, provider: Any, wire: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model"):
        openai_client.chat.completions.create(model="gpt-17", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError, match="at least one message"):
        openai_client.chat.completions.create(model="auto", messages=[])
    provider.usual = wire.json({"error": {"message": "slow"}}, 429)
    with pytest.raises(openai.RateLimitError):
        openai_client.chat.completions.create(model="auto", messages=MESSAGES)
    provider.usual = wire.http(200, b"<html>")
    with pytest.raises(openai.InternalServerError):
        openai_client.chat.completions.create(model="auto", messages=MESSAGES)


def test_openai_sees_a_cut_stream_as_an_error(
    openai_client: Any, gateway: Any, provider: Any, wire: Any
) -> None:
    chunks = (
        wire.openai_chunks("Par", finish=None, done=False)
        if provider.kind == "openai"
        else wire.anthropic_events("Par", end=False)
    )
    provider.replies = [wire.stream(*chunks)]
    stream = openai_client.chat.completions.create(model="auto", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError, match="too early"):
        list(stream)
    assert not gateway.recorded.one().finished


def test_anthropic_completes(anthropic_client: Any, gateway: Any, provider: Any) -> None:
    answer = anthropic_client.messages.create(
        model="auto", max_tokens=100, system="Be brief.", messages=MESSAGES
    )
    assert [block.text for block in answer.content] == ["Paris."]
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (21, 2)
    assert provider.received[0].json["model"] == "model-simple"
    served = gateway.recorded.one()
    # What is kept is the caller's own, on the wire it came on.
    assert (served.wire, served.request["system"]) == ("anthropic", "Be brief.")
    assert served.request["messages"] == MESSAGES
    assert (served.answer["content"], served.finish_reason) == ("Paris.", "stop")


def test_anthropic_streams(anthropic_client: Any, gateway: Any, provider: Any, wire: Any) -> None:
    provider.replies = [text_stream(provider, wire)]
    with anthropic_client.messages.stream(
        model="auto", max_tokens=100, messages=MESSAGES
    ) as stream:
        assert "".join(stream.text_stream) == "Paris."
        answer = stream.get_final_message()
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == 2
    served = gateway.recorded.one()
    assert (served.finished, served.answer["content"], served.prompt_tokens) == (True, "Paris.", 21)


def test_anthropic_calls_a_tool_and_returns_its_result(
    anthropic_client: Any, gateway: Any, provider: Any, wire: Any
) -> None:
    provider.replies = [call_reply(provider, wire)]
    answer = anthropic_client.messages.create(
        model="auto", max_tokens=100, messages=MESSAGES, tools=ANTHROPIC_TOOLS
    )
    (call,) = answer.content
    assert (call.id, call.name, call.input) == ("call_1", "weather", {"city": "Paris"})
    assert answer.stop_reason == "tool_use"
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Sunny"}
    turns = [
        *MESSAGES,
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": [result]},
    ]
    after = anthropic_client.messages.create(
        model="auto", max_tokens=100, messages=turns, tools=ANTHROPIC_TOOLS
    )
    assert after.content[0].text == "Paris."
    assert "Sunny" in json.dumps(provider.received[1].json["messages"][-1])


def test_anthropic_streams_a_tool_call(
    anthropic_client: Any, gateway: Any, provider: Any, wire: Any
) -> None:
    provider.replies = [call_stream(provider, wire)]
    with anthropic_client.messages.stream(
        model="auto", max_tokens=100, messages=MESSAGES, tools=ANTHROPIC_TOOLS
    ) as stream:
        answer = stream.get_final_message()
    (call,) = answer.content
    assert (call.name, call.input) == ("weather", {"city": "Paris"})
    assert answer.stop_reason == "tool_use"
    assert gateway.recorded.one().answer["tool_calls"][0]["id"] == "call_1"


def test_anthropic_lists_models(anthropic_client: Any) -> None:
    names = [model.id for model in anthropic_client.models.list()]
    assert names[:4] == ["auto", "simple", "standard", "complex"]


def test_anthropic_raises_its_own_errors(anthropic_client: Any, provider: Any, wire: Any) -> None:
    with pytest.raises(anthropic.NotFoundError, match="There is no model") as not_found:
        anthropic_client.messages.create(model="gpt-17", max_tokens=9, messages=MESSAGES)
    assert not_found.value.body["error"]["type"] == "not_found_error"
    provider.usual = wire.json({"error": {"message": "slow"}}, 429)
    with pytest.raises(anthropic.RateLimitError):
        anthropic_client.messages.create(model="auto", max_tokens=9, messages=MESSAGES)


def test_anthropic_sees_a_cut_stream_as_an_error(
    anthropic_client: Any, gateway: Any, provider: Any, wire: Any
) -> None:
    chunks = (
        wire.openai_chunks("Par", finish=None, done=False)
        if provider.kind == "openai"
        else wire.anthropic_events("Par", end=False)
    )
    provider.replies = [wire.stream(*chunks)]
    stream = anthropic_client.messages.create(
        model="auto", max_tokens=9, messages=MESSAGES, stream=True
    )
    with pytest.raises(anthropic.APIError, match="too early"):
        list(stream)
    assert not gateway.recorded.one().finished
