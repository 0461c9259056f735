"""Content in log records and events."""

from factories.otlp import details_of, gen_ai, old_records, record, span

from tierwatch.intake.calls import NO_QUESTION
from tierwatch.intake.otlp.dialects.content_records import details, one_by_one
from tierwatch.intake.otlp.telemetry import Event


def test_the_record_of_everything_adds_what_the_span_does_not_say() -> None:
    one = span(gen_ai(None, None))
    merged = details(one, [details_of()])
    assert merged["gen_ai.input.messages"][0]["role"] == "user"
    assert merged["gen_ai.usage.input_tokens"] == 20
    assert details(one, []) is one.attributes


def test_messages_one_by_one() -> None:
    told = one_by_one(span({}), old_records())
    assert told is not None
    assert told.messages == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Which shelf?"},
    ]
    assert told.answer == {"role": "assistant", "content": "Shelf four."}
    assert (told.finish, told.outside) == ("stop", "")


def test_records_without_content_mean_that_it_is_off() -> None:
    """By default openai-v2 sends them with nothing in them; a call's name is left."""
    call = {"id": "c1", "type": "function", "function": {"name": "find"}}
    told = one_by_one(
        span({}),
        [
            record("gen_ai.user.message"),
            record(
                "gen_ai.choice", {"finish_reason": "tool_calls", "message": {"tool_calls": [call]}}
            ),
        ],
    )
    assert told is not None
    assert (told.messages, told.answer, told.finish) == (None, None, "tool_calls")
    assert told.outside == NO_QUESTION


def test_a_conversation_with_a_tool() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    told = one_by_one(
        span({}),
        [
            record("gen_ai.user.message", {"content": [{"type": "text", "text": "Which?"}]}),
            record("gen_ai.assistant.message", {"tool_calls": [call]}),
            record("gen_ai.tool.message", {"content": "four", "id": "c1"}),
        ],
    )
    assert told is not None
    assert told.messages == [
        {"role": "user", "content": [{"type": "text", "text": "Which?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "four", "tool_call_id": "c1"},
    ]
    assert told.answer is None


def test_the_same_as_events_of_the_span() -> None:
    events = [
        Event("gen_ai.user.message", 1, {"content": "Which shelf?"}),
        Event("gen_ai.choice", 2, {"finish_reason": "stop", "content": "Shelf four."}),
    ]
    told = one_by_one(span({}, events=events), [])
    assert told is not None
    assert told.messages == [{"role": "user", "content": "Which shelf?"}]
    assert told.answer == {"role": "assistant", "content": "Shelf four."}


def test_no_such_records_are_none() -> None:
    assert one_by_one(span({}), [record("something.else", {"content": "x"})]) is None
