"""OpenInference: bodies where they are the client's own, numbered messages elsewhere."""

import json
from typing import Any

import pytest
from factories.otlp import START_NS, call_in, span

from tierwatch.intake.calls import FRAME, NO_QUESTION, OTHER, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.intake.otlp.dialects.openinference import DIALECT
from tierwatch.intake.otlp.telemetry import Event

OPENAI = "openinference.instrumentation.openai"
LANGCHAIN = "openinference.instrumentation.langchain"
ASKED = {"role": "user", "content": "Which shelf?"}
BODY = {"model": "small", "messages": [ASKED], "temperature": 0.3, "tool_choice": "auto"}
REPLY = {
    "id": "c1",
    "object": "chat.completion",
    "model": "small-2026",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Four."}}
    ],
}


def attributes(**more: Any) -> dict[str, Any]:
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": "small-2026",
        "llm.system": "openai",
        "llm.finish_reason": "stop",
        "llm.token_count.prompt": 20,
        "llm.token_count.completion": 5,
        "llm.token_count.prompt_details.cache_read": 12,
        "session.id": "talk-1",
        "user.id": "reader-9",
        "tag.tags": ["desk"],
    } | {name.replace("__", "."): value for name, value in more.items()}


def bodies(body: object = BODY, reply: object = REPLY, **more: Any) -> dict[str, Any]:
    said = {"input.value": json.dumps(body), "input.mime_type": "application/json"}
    if reply is not None:
        said["output.value"] = json.dumps(reply)
    return attributes(**more) | said


NUMBERED: dict[str, Any] = {
    "llm.invocation_parameters": '{"model": "small", "temperature": 0.3}',
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be short.",
    # 1 is missing: a limit on the number of attributes takes any of them.
    "llm.input_messages.10.message.role": "user",
    "llm.input_messages.10.message.contents.0.message_content.type": "text",
    "llm.input_messages.10.message.contents.0.message_content.text": "Which shelf?",
    "llm.input_messages.10.message.contents.1.message_content.type": "image",
    "llm.input_messages.10.message.contents.1.message_content.image.image.url": "https://a.example/b",
    "llm.input_messages.2.message.role": "assistant",
    "llm.input_messages.2.message.tool_calls.0.tool_call.id": "c1",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "find",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": "{}",
    "llm.input_messages.3.message.role": "tool",
    "llm.input_messages.3.message.tool_call_id": "c1",
    "llm.input_messages.3.message.content": "four",
    "llm.tools.0.tool.json_schema": '{"type": "function", "function": {"name": "find"}}',
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.contents.0.message_content.text": "Shelf ",
    "llm.output_messages.0.message.contents.1.message_content.text": "four.",
}


def test_the_clients_own_bodies_are_the_call() -> None:
    call = call_in(span(bodies(), scope=OPENAI))
    assert call.request == BODY
    assert call.answer == {"role": "assistant", "content": "Four."}
    assert (call.asked, call.model, call.provider) == ("small", "small-2026", "openai")
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (20, 5, 12)
    assert (call.session, call.user, call.tags) == ("talk-1", "reader-9", ("desk",))
    assert (call.finished, call.outside, call.wire) == (True, "", "openai")


def test_numbered_messages_are_the_call_where_bodies_are_somebody_elses() -> None:
    call = call_in(span(bodies(body={"messages": [[{"lc": 1}]]}, reply=None) | NUMBERED,
                        scope=LANGCHAIN))  # fmt: skip
    roles = [message["role"] for message in call.request["messages"]]
    assert roles == ["system", "assistant", "tool", "user"]
    assert call.request["messages"][3]["content"] == [
        {"type": "text", "text": "Which shelf?"},
        {"type": "image_url", "image_url": {"url": "https://a.example/b"}},
    ]
    assert call.request["messages"][1]["tool_calls"][0]["function"]["name"] == "find"
    assert call.request["tools"] == [{"type": "function", "function": {"name": "find"}}]
    assert call.request["temperature"] == 0.3
    assert call.answer == {"role": "assistant", "content": "Shelf four."}
    assert (call.asked, call.finished, call.outside) == ("small", True, "")


def test_a_stream_has_numbered_messages_for_its_answer() -> None:
    said = {
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "Four.",
    }
    first = Event("First Token Stream Event", START_NS + 40_000_000, {})
    call = call_in(span(bodies(reply=None) | said, scope=OPENAI, events=[first]))
    assert (call.answer, call.finished) == ({"role": "assistant", "content": "Four."}, True)
    assert call.first_byte_ms == 40.0


def test_a_response_says_itself_whether_it_is_whole() -> None:
    body = {"model": "small", "input": "Which shelf?"}
    item = {
        "type": "message", "role": "assistant", "id": "m1", "status": "completed",
        "content": [{"type": "output_text", "text": "Four.", "annotations": []}],
    }  # fmt: skip
    sent = bodies(body, {"id": "r1", "status": "completed", "output": [item]})
    del sent["llm.finish_reason"]
    call = call_in(span(sent, scope=OPENAI))
    assert (call.wire, call.request, call.finish_reason) == ("responses", body, "stop")
    assert (call.finished, call.answer["content"] if call.answer else "") == (True, "Four.")
    sent |= bodies(body, {"id": "r1", "status": "in_progress", "output": [item]})
    del sent["llm.finish_reason"]
    assert not call_in(span(sent, scope=OPENAI)).finished


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "prompt"])
def test_a_conversation_that_the_provider_keeps_was_not_seen(name: str) -> None:
    body = {"model": "small", "input": "And now?", name: "resp_0"}
    assert call_in(span(bodies(body), scope=OPENAI)).outside == PARAMETERS_UNSEEN


def test_a_form_that_is_a_class_of_the_callers_was_not_seen() -> None:
    body = BODY | {"response_format": "<class 'app.Shelf'>"}
    assert call_in(span(bodies(body), scope=OPENAI)).outside == PARAMETERS_UNSEEN


def test_a_stream_that_broke_is_not_finished() -> None:
    """A closed one has no reason and no status; one broken by the provider an ERROR."""
    sent = bodies(reply={"choices": [{"message": {"role": "assistant", "content": "Sh"}}]})
    del sent["llm.finish_reason"]
    assert not call_in(span(sent, scope=OPENAI)).finished
    broken = call_in(span(sent, scope=OPENAI, failed=True, message="APIError: broke"))
    assert (broken.finished, broken.status, broken.error) == (False, 502, "APIError: broke")


def test_a_text_that_is_none_is_left_out() -> None:
    """An attribute may be anything, whatever its name says."""
    odd = NUMBERED | {
        "llm.input_messages.0.message.content": ["a", "b"],
        "llm.input_messages.10.message.contents.1.message_content.image.image.url": 7,
    }
    call = call_in(span(attributes() | odd, scope=LANGCHAIN))
    assert call.request["messages"][0] == {"role": "system", "content": None}
    assert call.request["messages"][3]["content"][1] == {"type": "text", "text": ""}


def test_hidden_inputs_are_no_question() -> None:
    hidden = attributes() | {"input.value": "__REDACTED__", "output.value": "__REDACTED__"}
    call = call_in(span(hidden, scope=OPENAI))
    assert (call.outside, call.finished) == (NO_QUESTION, False)


def test_an_image_that_was_too_long_is_truncated() -> None:
    image = {"type": "image_url", "image_url": {"url": "__REDACTED__"}}
    body = BODY | {"messages": [{"role": "user", "content": [image]}]}
    assert call_in(span(bodies(body), scope=OPENAI)).outside == TRUNCATED


def test_dropped_attributes_may_have_been_anything_but_the_bodies() -> None:
    assert (
        call_in(span(attributes() | NUMBERED, scope=LANGCHAIN, dropped=4)).outside
        == PARAMETERS_UNSEEN
    )
    assert call_in(span(bodies(), scope=OPENAI, dropped=4)).outside == ""


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("LLM", ""),
        ("AGENT", FRAME),
        ("CHAIN", FRAME),
        ("TOOL", OTHER),
        ("EMBEDDING", OTHER),
        ([], OTHER),
    ],
)
def test_kinds_of_spans(kind: object, what: str) -> None:
    assert DIALECT.kind_of(span({"openinference.span.kind": kind})) == what


def test_the_version_of_a_template_is_read() -> None:
    sent = bodies(llm__prompt_template__version="v1.0")
    assert call_in(span(sent, scope=OPENAI)).prompt_version == "v1.0"
    assert call_in(span(bodies(), scope=OPENAI)).prompt_version == ""
