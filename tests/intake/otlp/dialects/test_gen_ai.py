"""The conventions for GenAI, as instrumentations that follow them say a call."""

import json
from typing import Any

import pytest
from factories.otlp import TOOL, call_in, details_of, gen_ai, old_records, said, span

from tierwatch.intake.calls import FRAME, NO_QUESTION, OTHER, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.intake.otlp.dialects.gen_ai import found_in, kind_of, request_parameters, waits
from tierwatch.intake.otlp.telemetry import Event

ANOTHER = "somebody.elses.scope"


def test_everything_that_a_span_says_is_in_the_call() -> None:
    call = call_in(
        span(
            gen_ai(
                gen_ai__request__temperature=0.3,
                gen_ai__request__max_tokens=90,
                gen_ai__request__stop_sequences=["END"],
                gen_ai__request__stream=True,
                gen_ai__request__choice__count=1,
                gen_ai__usage__cache_read__input_tokens=12,
                gen_ai__conversation__id="talk-1",
                gen_ai__agent__name="librarian",
                gen_ai__response__time_to_first_chunk=0.125,
                enduser__id="reader-9",
                operation__cost=0.004,
            ),
            scope=ANOTHER,
        )
    )
    assert call.request == {
        "model": "small",
        "messages": [{"role": "user", "content": "Which shelf?"}],
        "temperature": 0.3,
        "max_tokens": 90,
        "stop": ["END"],
        "stream": True,
    }
    assert call.answer == {"role": "assistant", "content": "Shelf four."}
    assert (call.asked, call.model, call.provider) == ("small", "small-2026", "openai")
    assert (call.prompt_tokens, call.completion_tokens, call.cached_tokens) == (20, 5, 12)
    assert (call.session, call.user, call.tags) == ("talk-1", "reader-9", ("librarian",))
    assert (call.first_byte_ms, call.cost_usd) == (125.0, 0.004)
    assert (call.finished, call.outside) == (True, "")


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("chat", ""),
        ("text_completion", ""),
        ("generate_content", ""),
        ("invoke_agent", FRAME),
        ("agent_step", FRAME),
        ("create_agent", FRAME),
        ("execute_tool", OTHER),
        ("embeddings", OTHER),
        ("a_word_of_tomorrow", OTHER),
    ],
)
def test_what_a_span_is_by_its_operation(operation: str, kind: str) -> None:
    assert kind_of(span(gen_ai(gen_ai__operation__name=operation))) == kind


def test_a_span_without_an_operation_is_a_call_if_it_names_a_model() -> None:
    attributes = gen_ai()
    del attributes["gen_ai.operation.name"]
    assert kind_of(span(attributes)) == ""
    assert kind_of(span({"http.method": "GET"})) == OTHER


def test_content_is_waited_for_where_the_span_has_none() -> None:
    assert waits(span(gen_ai(None, None)))
    assert not waits(span(gen_ai(None)))
    assert not waits(span(gen_ai()))
    assert not waits(span({}, events=[Event("gen_ai.user.message", 1, {"content": "x"})]))


def test_structured_messages_and_text_are_the_same() -> None:
    as_text = call_in(span(gen_ai()))
    structured = gen_ai(None, None) | {
        "gen_ai.input.messages": [said("user", "Which shelf?")],
        "gen_ai.output.messages": [said("assistant", "Shelf four.")],
    }
    assert call_in(span(structured)) == as_text
    assert call_in(span(gen_ai(None, None)), [details_of()]) == as_text


def test_a_stream_without_a_reason_on_the_span_has_it_in_its_message() -> None:
    attributes = gen_ai()
    del attributes["gen_ai.response.finish_reasons"]
    assert not call_in(span(attributes)).finished
    message = said("assistant", "Shelf four.") | {"finish_reason": "stop"}
    attributes["gen_ai.output.messages"] = json.dumps([message])
    assert call_in(span(attributes)).finished


def test_the_old_conventions_records() -> None:
    call = call_in(span(gen_ai(None, None, gen_ai__system="openai")), old_records())
    assert [one["content"] for one in call.request["messages"]] == ["Be short.", "Which shelf?"]
    assert (call.answer, call.finished) == ({"role": "assistant", "content": "Shelf four."}, True)


def test_the_old_names_of_counts_are_read() -> None:
    attributes = {"gen_ai.usage.prompt_tokens": 4, "gen_ai.usage.completion_tokens": 2}
    found = found_in(span(attributes))
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (4, 2)


def test_no_content_at_all_is_no_question() -> None:
    call = call_in(span(gen_ai(None, None)))
    assert (call.outside, call.answer, call.finished) == (NO_QUESTION, None, False)
    assert (call.prompt_tokens, call.finish_reason) == (20, "stop")


@pytest.mark.parametrize("name", ["gen_ai.input.messages", "gen_ai.output.messages"])
def test_text_that_a_limit_cut_is_no_evidence(name: str) -> None:
    """OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT leaves JSON that ends anywhere."""
    attributes = gen_ai()
    attributes[name] = attributes[name][:-9]
    call = call_in(span(attributes))
    assert call.outside in {TRUNCATED, NO_QUESTION}
    assert not (name == "gen_ai.output.messages" and call.finished)


def test_attributes_that_a_limit_dropped_may_be_parameters() -> None:
    assert call_in(span(gen_ai(), dropped=2)).outside == PARAMETERS_UNSEEN


def test_several_answers_leave_it_open_which_was_used() -> None:
    answers = json.dumps([said("assistant", "Four."), said("assistant", "Five.")])
    call = call_in(span(gen_ai() | {"gen_ai.output.messages": answers}))
    assert call.outside == PARAMETERS_UNSEEN


@pytest.mark.parametrize(
    ("attributes", "form", "unseen"),
    [
        ({}, None, False),
        ({"gen_ai.output.type": "text"}, None, False),
        ({"gen_ai.output.type": "json"}, None, True),
        ({"gen_ai.openai.request.response_format": "json_object"}, {"type": "json_object"}, False),
        ({"gen_ai.openai.request.response_format": "json_schema"}, None, True),
        (
            {"gen_ai.request.structured_output_schema": json.dumps(TOOL)},
            {"type": "json_schema", "json_schema": {"name": "answer", "schema": TOOL}},
            False,
        ),
    ],
)
def test_a_form_of_the_answer_is_said_or_unseen(
    attributes: dict[str, Any], form: dict[str, Any] | None, *, unseen: bool
) -> None:
    parameters, lost = request_parameters(attributes)
    assert (parameters.get("response_format"), lost) == (form, unseen)


def test_tools_are_offered_as_they_were() -> None:
    definitions = json.dumps([{"type": "function", "name": "find", "parameters": TOOL}])
    call = call_in(span(gen_ai(gen_ai__tool__definitions=definitions)))
    assert call.request["tools"] == [
        {"type": "function", "function": {"name": "find", "parameters": TOOL}}
    ]
    cut = call_in(span(gen_ai(gen_ai__tool__definitions=definitions[:-5])))
    assert cut.outside == PARAMETERS_UNSEEN
