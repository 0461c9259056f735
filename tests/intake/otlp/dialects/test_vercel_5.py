"""Vercel's AI SDK 4 and 5."""

import json
from typing import Any

import pytest
from factories.otlp import call_in, span

from tierwatch.intake.calls import FRAME, NO_QUESTION, OTHER, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.intake.otlp.dialects.vercel_5 import DIALECT

TOOL = {"type": "function", "name": "find", "description": "d", "inputSchema": {"type": "object"}}
ASKED = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": [{"type": "text", "text": "Which shelf?"}]},
]


def generated(messages: object = ASKED, **more: Any) -> dict[str, Any]:
    return {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.telemetry.functionId": "desk",
        "ai.telemetry.metadata.sessionId": "talk-1",
        "ai.telemetry.metadata.userId": "reader-9",
        "ai.prompt.messages": json.dumps(messages),
        "ai.response.finishReason": "stop",
        "ai.response.text": "Shelf four.",
        "ai.usage.cachedInputTokens": 12,
        "gen_ai.system": "openai.responses",
        "gen_ai.request.model": "small",
        "gen_ai.request.temperature": 0.3,
        "gen_ai.response.model": "small-2026",
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 5,
    } | {name.replace("__", "."): value for name, value in more.items()}


def read(**more: Any) -> Any:
    return call_in(span(generated(**more), scope="ai"))


def test_everything_that_a_span_says_is_in_the_call() -> None:
    call = read(ai__response__msToFirstChunk=41.5)
    assert call.request == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Which shelf?"},
        ],
        "temperature": 0.3,
    }
    assert call.answer == {"role": "assistant", "content": "Shelf four."}
    assert (call.asked, call.model, call.provider) == ("small", "small-2026", "openai")
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (20, 5, 12)
    assert (call.session, call.user, call.tags) == ("talk-1", "reader-9", ("desk",))
    assert (call.finished, call.outside, call.first_byte_ms) == (True, "", 41.5)


@pytest.mark.parametrize("arguments", [{"input": '{"isbn":"1"}'}, {"args": '{"isbn":"1"}'}])
def test_calls_of_tools_of_both_versions(arguments: dict[str, str]) -> None:
    calls = [{"toolCallId": "c1", "toolName": "find"} | arguments]
    call = read(
        ai__response__text="",
        ai__response__finishReason="tool-calls",
        ai__response__toolCalls=json.dumps(calls),
        ai__prompt__tools=[json.dumps(TOOL)],
        ai__prompt__toolChoice='{"type": "auto"}',
    )
    assert call.answer["tool_calls"][0]["function"] == {"name": "find", "arguments": '{"isbn":"1"}'}
    assert (call.finish_reason, call.finished, call.outside) == ("tool_calls", True, "")
    assert call.request["tools"][0]["function"]["parameters"] == {"type": "object"}
    assert "tool_choice" not in call.request


@pytest.mark.parametrize(
    "result", [{"output": {"type": "text", "value": "four"}}, {"result": "four"}]
)
def test_results_of_tools_of_both_versions(result: dict[str, Any]) -> None:
    messages = [
        *ASKED,
        {"role": "assistant", "content": [
            {"type": "tool-call", "toolCallId": "c1", "toolName": "find", "input": {"isbn": "1"}}]},
        {"role": "tool", "content": [
            {"type": "tool-result", "toolCallId": "c1", "toolName": "find"} | result]},
    ]  # fmt: skip
    call = read(messages=messages, ai__prompt__tools=[json.dumps(TOOL)])
    assert call.request["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"isbn":"1"}'
    assert call.request["messages"][3] == {"role": "tool", "tool_call_id": "c1", "content": "four"}
    assert call.outside == ""


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({"type": "required"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "toolName": "find"}, {"type": "function", "function": {"name": "find"}}),
    ],
)
def test_a_choice_of_tools_is_asked_for_again(choice: dict[str, str], wanted: object) -> None:
    assert read(ai__prompt__toolChoice=json.dumps(choice)).request["tool_choice"] == wanted


def test_a_choice_or_a_tool_that_is_not_known_was_not_seen() -> None:
    assert read(ai__prompt__toolChoice='{"type": "dice"}').outside == PARAMETERS_UNSEEN
    assert read(ai__prompt__toolChoice='{"type": "au').outside == PARAMETERS_UNSEEN
    assert read(ai__prompt__tools=['{"type": ']).outside == PARAMETERS_UNSEEN


def test_an_objects_schema_stands_elsewhere() -> None:
    call = read(ai__operationId="ai.generateObject.doGenerate", ai__response__text="",
                ai__response__object='{"shelf": 4}')  # fmt: skip
    assert (call.answer["content"], call.outside) == ('{"shelf": 4}', PARAMETERS_UNSEEN)


@pytest.mark.parametrize(
    ("data", "outside"),
    [("https://a.example/b.png", ""), ("iVBO", ""), ({"type": "Buffer"}, TRUNCATED)],
)
def test_an_image_is_there_or_said_to_be_missing(data: object, outside: str) -> None:
    part = {"type": "file", "mediaType": "image/png", "data": data}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What?"}, part]}]
    call = read(messages=messages)
    assert call.outside == outside
    if not outside:
        url = call.request["messages"][0]["content"][1]["image_url"]["url"]
        assert url.endswith(str(data))


@pytest.mark.parametrize("finish", ["unknown", "other", "error"])
def test_a_reason_that_is_none_leaves_the_answer_unfinished(finish: str) -> None:
    assert not read(ai__response__finishReason=finish).finished


def test_an_aborted_stream_has_no_reason() -> None:
    sent = generated(ai__operationId="ai.streamText.doStream")
    del sent["ai.response.finishReason"]
    assert not call_in(span(sent, scope="ai")).finished


def test_content_that_was_not_recorded_is_no_question() -> None:
    sent = generated()
    del sent["ai.prompt.messages"]
    assert call_in(span(sent, scope="ai")).outside == NO_QUESTION


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ("ai.generateText.doGenerate", ""),
        ("ai.streamText.doStream", ""),
        ("ai.streamObject.doStream", ""),
        ("ai.generateText", FRAME),
        ("ai.streamObject", FRAME),
        ("ai.toolCall", OTHER),
        ("ai.embed.doEmbed", OTHER),
        ([], OTHER),
    ],
)
def test_kinds_of_spans(operation: object, what: str) -> None:
    assert DIALECT.kind_of(span({"ai.operationId": operation})) == what
