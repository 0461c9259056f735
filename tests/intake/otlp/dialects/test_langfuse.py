"""Langfuse's SDK: what is text and what JSON, what is whole, which defaults nobody sent."""

import json
from typing import Any

import pytest
from factories.otlp import call_in, span

from tierwatch.intake.calls import FRAME, NO_QUESTION, OTHER, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.intake.otlp.dialects.langfuse import DIALECT

SCOPE = "langfuse-sdk"
ASKED = [{"role": "user", "content": "Which shelf?"}]
TOOLS = [{"type": "function", "function": {"name": "find"}}]
CALLING = {
    "role": "assistant",
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    ],
}


def observation(
    asked: object = ASKED, answer: object = "Shelf four.", *, streamed: bool = True, **more: Any
) -> dict[str, Any]:
    """A generation; a finish reason is given to a stream alone, as the SDK does."""
    attributes: dict[str, Any] = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "small-2026",
        "langfuse.observation.input": asked if isinstance(asked, str) else json.dumps(asked),
        "langfuse.observation.output": answer if isinstance(answer, str) else json.dumps(answer),
    }
    if streamed:
        attributes["langfuse.observation.completion_start_time"] = '"2026-11-18T11:06:40.100000Z"'
        attributes["langfuse.observation.metadata.finish_reason"] = '"stop"'
    return attributes | {f"langfuse.{name.replace('__', '.')}": said for name, said in more.items()}


def read(attributes: dict[str, Any], **more: Any) -> Any:
    return call_in(span(attributes, scope=SCOPE, **more))


@pytest.mark.parametrize("text", ["42", '{"a": 1}', "[1, 2]", "null", '"quoted"', "Shelf four."])
def test_a_streams_answer_is_its_text_whatever_it_looks_like(text: str) -> None:
    call = read(observation(answer=text))
    assert call.answer == {"role": "assistant", "content": text}
    assert (call.finished, call.finish_reason) == (True, "stop")


def test_a_streams_call_of_a_tool_is_json() -> None:
    sent = observation({"tools": TOOLS, "messages": ASKED}, CALLING)
    sent["langfuse.observation.metadata.finish_reason"] = '"tool_calls"'
    call = read(sent)
    assert call.answer["tool_calls"] == CALLING["tool_calls"]
    assert (call.finished, call.finish_reason, call.outside) == (True, "tool_calls", "")
    assert call.request["tools"] == TOOLS


def test_a_stream_without_a_reason_broke() -> None:
    sent = observation(answer="Sh")
    del sent["langfuse.observation.metadata.finish_reason"]
    call = read(sent)
    assert (call.finished, call.answer["content"], call.outside) == (False, "Sh", "")


def test_a_whole_answer_has_no_reason_and_is_finished() -> None:
    answer = {"role": "assistant", "content": "Shelf four."}
    call = read(observation(answer=answer, streamed=False))
    assert (call.answer, call.finished, call.finish_reason) == (answer, True, None)


def test_an_item_of_responses_is_a_message() -> None:
    item = {
        "id": "m1", "type": "message", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "Four.", "annotations": []}],
    }  # fmt: skip
    call = read(observation(answer=item, streamed=False))
    assert (call.answer, call.finished) == ({"role": "assistant", "content": "Four."}, True)
    cut = read(observation(answer=[item | {"status": "incomplete"}], streamed=False))
    assert cut.finish_reason == "length"


def test_a_conversation_in_items_is_on_the_wire_of_responses() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "Which?"}]},
        {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "four"},
    ]
    call = read(observation(items))
    assert (call.wire, call.request["input"], call.outside) == (
        "responses",
        items,
        PARAMETERS_UNSEEN,
    )


@pytest.mark.parametrize(
    ("asked", "messages"),
    [
        (ASKED, ASKED),
        ({"messages": ASKED}, ASKED),
        ("Which shelf?", [{"role": "user", "content": "Which shelf?"}]),
        ("42", [{"role": "user", "content": "42"}]),
    ],
)
def test_questions_in_three_forms(asked: object, messages: list[dict[str, Any]]) -> None:
    assert read(observation(asked)).request["messages"] == messages


@pytest.mark.parametrize("asked", [{"question": "?"}, [1, 2], [{"content": "?"}], []])
def test_what_is_no_conversation_is_no_question(asked: object) -> None:
    assert read(observation(asked)).outside == NO_QUESTION


def test_defaults_that_nobody_sent_are_left_out() -> None:
    parameters = {
        "temperature": 1, "max_tokens": "Infinity", "top_p": 1, "frequency_penalty": 0,
        "presence_penalty": 0, "service_tier": "default", "seed": 7, "n": 1,
    }  # fmt: skip
    call = read(observation(observation__model__parameters=json.dumps(parameters)))
    assert call.request == {"model": "small-2026", "messages": ASKED, "seed": 7}
    call = read(observation(observation__model__parameters='{"temperature": 0.2, "n": 2}'))
    assert (call.request["temperature"], call.request["n"]) == (0.2, 2)


def test_the_form_of_an_answer_is_among_the_metadata() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "shelf", "schema": {"type": "object"}}}
    answer = {"role": "assistant", "content": '{"shelf": 4}'}
    sent = observation(answer=answer, streamed=False)
    assert read(sent).outside == PARAMETERS_UNSEEN
    told = "langfuse.observation.metadata.response_format"
    call = read({**sent, told: json.dumps(form)})
    assert (call.request["response_format"], call.outside) == (form, "")
    # A class is no form that could be asked for again.
    assert read({**sent, told: "<class 'Shelf'>"}).outside == PARAMETERS_UNSEEN


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 20, "completion_tokens": 5,
          "prompt_tokens_details": {"cached_tokens": 12}}, (20, 5, 12)),
        ({"input_tokens": 20, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 12}},
         (20, 5, 12)),
        ({"input": 20, "output": 5, "cache_read_input_tokens": 12}, (20, 5, 12)),
        ({}, (None, None, 0)),
        ([], (None, None, 0)),
    ],
)  # fmt: skip
def test_counts_under_three_names(usage: object, counts: tuple[int | None, ...]) -> None:
    call = read(observation(observation__usage_details=json.dumps(usage)))
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == counts


def test_a_session_may_be_metadata_and_is_unquoted() -> None:
    call = read(observation(
        observation__metadata__langfuse_session_id='"s1"',
        observation__metadata__langfuse_user_id='"u1"',
        trace__tags=["desk", 7],
        observation__cost_details='{"total": 0.001}',
    ))  # fmt: skip
    assert (call.session, call.user, call.tags, call.cost_usd) == ("s1", "u1", ("desk",), 0.001)
    assert read(observation() | {"session.id": "s2", "user.id": "u2"}).session == "s2"


def test_the_first_byte_is_a_date_in_quotes() -> None:
    """The span begins at 2026-11-18T11:06:40Z."""
    assert read(observation()).first_byte_ms == pytest.approx(100, abs=0.01)
    odd = observation() | {"langfuse.observation.completion_start_time": '"yesterday"'}
    assert read(odd).first_byte_ms == 0


def test_an_error_is_one_by_its_level_or_status() -> None:
    sent = observation(answer="", observation__level="ERROR",
                       observation__status_message="Error code: 400 - no")  # fmt: skip
    call = read(sent)
    assert (call.status, call.error, call.finished) == (400, "Error code: 400 - no", False)
    # Nobody answered: the name is of who was asked.
    assert (call.asked, call.model) == ("small-2026", "")


def test_an_uploaded_medium_is_truncated() -> None:
    url = {"type": "image_url", "image_url": {"url": "@@@langfuseMedia:type=image/png|id=1@@@"}}
    assert read(observation([{"role": "user", "content": [url]}])).outside == TRUNCATED


@pytest.mark.parametrize(
    ("kind", "what"),
    [("generation", ""), ("agent", FRAME), ("chain", FRAME), ("span", OTHER), ({}, OTHER)],
)
def test_kinds_of_observations(kind: object, what: str) -> None:
    assert DIALECT.kind_of(span({"langfuse.observation.type": kind})) == what


@pytest.mark.parametrize(
    ("name", "version", "read_as"),
    [
        ("Movie critic", 3, "Movie-critic:3"),
        ("critic", "3", "critic:3"),
        ("critic", None, ""),
        ("", 3, "3"),
        ("critic", [3], ""),
    ],
)
def test_a_prompt_of_theirs_is_named_with_its_version(
    name: str, version: object, read_as: str
) -> None:
    call = read(observation(observation__prompt__name=name, observation__prompt__version=version))
    assert call.prompt_version == read_as
