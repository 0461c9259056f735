"""OpenLLMetry, today's and the versions that numbered messages in attributes."""

import json
from typing import Any

from factories.otlp import OPENLLMETRY, START_NS, call_in, gen_ai, span

from tierwatch.intake.calls import NO_QUESTION
from tierwatch.intake.otlp.dialects.openllmetry import DIALECT
from tierwatch.intake.otlp.telemetry import CHUNK, Event

OLD: dict[str, Any] = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "small",
    "gen_ai.response.model": "small-2026",
    "gen_ai.usage.prompt_tokens": 20,
    "gen_ai.usage.completion_tokens": 5,
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be short.",
    "gen_ai.prompt.10.role": "user",
    "gen_ai.prompt.10.content": "Which shelf?",
    "gen_ai.prompt.2.role": "assistant",
    "gen_ai.prompt.2.tool_calls.0.id": "c1",
    "gen_ai.prompt.2.tool_calls.0.name": "find",
    "gen_ai.prompt.2.tool_calls.0.arguments": "{}",
    "gen_ai.prompt.3.role": "tool",
    "gen_ai.prompt.3.tool_call_id": "c1",
    "gen_ai.prompt.3.content": "four",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "Shelf four.",
    "gen_ai.completion.0.finish_reason": "stop",
    "traceloop.association.properties.session_id": "talk-1",
}


def test_a_broken_stream_is_not_finished_though_its_status_is_ok() -> None:
    attributes = gen_ai()
    del attributes["gen_ai.response.finish_reasons"]
    said = [
        {"role": "assistant", "parts": [{"type": "text", "content": "Sh"}], "finish_reason": ""}
    ]
    attributes["gen_ai.output.messages"] = json.dumps(said)
    call = call_in(span(attributes, scope=OPENLLMETRY))
    assert (call.finished, call.finish_reason, call.error) == (False, None, "")
    assert call.answer == {"role": "assistant", "content": "Sh"}


def test_an_image_has_removed_the_question() -> None:
    call = call_in(span(gen_ai(None), scope=OPENLLMETRY))
    assert (call.outside, call.prompt_tokens) == (NO_QUESTION, 20)
    assert not DIALECT.waits(span(gen_ai(None)))


def test_the_first_chunk_says_when_the_answer_began() -> None:
    chunks = [Event(CHUNK, START_NS + 30_000_000, {})]
    assert call_in(span(gen_ai(), scope=OPENLLMETRY, events=chunks)).first_byte_ms == 30.0
    early = [Event(CHUNK, START_NS - 5, {})]
    assert call_in(span(gen_ai(), scope=OPENLLMETRY, events=early)).first_byte_ms == 0.0


def test_calls_of_responses_are_matched_with_their_results() -> None:
    asked = [
        {"role": "user", "parts": [{"type": "text", "content": "Which shelf?"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "fc_1", "name": "find"}]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "call_1", "response": "4"}],
        },
    ]
    tools = json.dumps([{"type": "function", "name": "find"}])
    sent = gen_ai(gen_ai__tool__definitions=tools) | {"gen_ai.input.messages": json.dumps(asked)}
    call = call_in(span(sent, scope=OPENLLMETRY))
    assert call.request["messages"][1]["tool_calls"][0]["id"] == "call_1"
    assert call.outside == ""


def test_numbered_messages_of_older_versions() -> None:
    call = call_in(span(OLD | {"llm.request.functions.0.name": "find"}, scope=OPENLLMETRY))
    assert [message["role"] for message in call.request["messages"]] == [
        "system",
        "assistant",
        "tool",
        "user",
    ]
    assert call.request["messages"][1]["tool_calls"][0]["function"]["name"] == "find"
    assert call.answer == {"role": "assistant", "content": "Shelf four."}
    assert (call.finished, call.session, call.prompt_tokens) == (True, "talk-1", 20)
    assert not DIALECT.waits(span(OLD))


def test_an_older_version_is_known_by_its_request_type_under_any_scope() -> None:
    assert call_in(span(OLD, scope="some.fork")).asked == "small"


def test_an_answer_without_text_is_none() -> None:
    call = call_in(span(OLD | {"gen_ai.completion.0.content": ""}, scope=OPENLLMETRY))
    assert (call.answer, call.finished) == (None, False)
