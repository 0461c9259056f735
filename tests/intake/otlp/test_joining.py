"""Spans and the records of their content: whatever order, split or repeat, the same calls."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import pytest
from factories.otlp import (
    START_NS,
    V2,
    details_of,
    gen_ai,
    old_records,
    record,
    span,
)
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import FRAME, NO_QUESTION, OTHER, REPEAT, Call, Readings, together
from tierwatch.intake.otlp.dialects.claude_code import SCOPE
from tierwatch.intake.otlp.joining import BOUNDS, NOTHING, Bounds, Waiting, flushed, take
from tierwatch.intake.otlp.telemetry import CLOCK, EARLY, HALF, LogRecord, Span, Telemetry

NOW = START_NS / 1e9 + 1
WITHOUT_CONTENT = span(gen_ai(None, None))


def spans(*some: Span) -> Telemetry:
    return Telemetry(tuple(some))


def records(*some: LogRecord) -> Telemetry:
    return Telemetry((), tuple(some))


def run(
    steps: Sequence[tuple[Telemetry, float]], bounds: Bounds = BOUNDS
) -> tuple[Waiting, Readings]:
    waiting, said = NOTHING, []
    for telemetry, now in steps:
        waiting, readings = take(waiting, telemetry, now, bounds)
        said.append(readings)
    return waiting, together(said)


def test_a_span_that_says_everything_is_a_call_at_once() -> None:
    waiting, said = take(NOTHING, spans(span(gen_ai())), NOW)
    assert (len(said.calls), said.counted, waiting) == (1, {}, NOTHING)


@pytest.mark.parametrize("span_first", [True, False])
def test_one_record_of_everything_completes_a_call_in_either_order(*, span_first: bool) -> None:
    steps = [spans(WITHOUT_CONTENT), records(details_of())]
    waiting, first = take(NOTHING, steps[not span_first], NOW)
    assert first == Readings((), {})
    waiting, second = take(waiting, steps[span_first], NOW + 5)
    (call,) = second.calls
    assert (call.finished, call.outside) == (True, "")
    assert waiting.halves == {}


def test_records_of_one_message_each_are_waited_for_to_the_end() -> None:
    """Nobody says how many there will be, and they come in batches of their own."""
    system, user, choice = old_records()
    waiting, said = run(
        [
            (records(choice), NOW),
            (spans(WITHOUT_CONTENT), NOW + 1),
            (records(user, system), NOW + 19),
        ]
    )
    assert said.calls == ()
    waiting, said = take(waiting, Telemetry(), NOW + 20)
    (call,) = said.calls
    assert [one["content"] for one in call.request["messages"]] == ["Be short.", "Which shelf?"]
    assert (call.finished, waiting.halves, waiting.characters) == (True, {}, 0)


def test_a_span_whose_records_never_come_is_a_call_without_a_question() -> None:
    _, said = run(
        [(spans(WITHOUT_CONTENT), NOW), (Telemetry(), NOW + 19.9), (Telemetry(), NOW + 20)]
    )
    (call,) = said.calls
    assert (call.outside, call.prompt_tokens, said.counted) == (NO_QUESTION, 20, {})


def test_records_whose_span_never_comes_are_counted() -> None:
    waiting, said = run([(records(*old_records()), NOW), (Telemetry(), NOW + 20)])
    assert (said, waiting.halves) == (Readings((), {HALF: 3}), {})


def test_repeats_are_counted_and_change_nothing() -> None:
    whole = span(gen_ai(), number=2)
    _, said = run(
        [
            (spans(WITHOUT_CONTENT, WITHOUT_CONTENT, whole, whole), NOW),
            (records(details_of()), NOW + 1),
            (records(details_of()), NOW + 2),
            (spans(WITHOUT_CONTENT), NOW + 3),
        ]
    )
    assert len(said.calls) == 2
    assert said.counted == {REPEAT: 4}


def test_a_joined_call_is_remembered_for_some_time() -> None:
    """Days later the service's own table of ids knows it."""
    waiting, _ = run([(spans(WITHOUT_CONTENT), NOW), (records(details_of()), NOW)])
    waiting, said = take(waiting, spans(WITHOUT_CONTENT), NOW + 599)
    assert said.counted == {REPEAT: 1}
    waiting, _ = take(waiting, Telemetry(), NOW + 601)
    assert waiting == NOTHING


def test_frames_and_others_are_counted_by_kind() -> None:
    _, said = take(
        NOTHING,
        Telemetry(
            (
                span(gen_ai(gen_ai__operation__name="invoke_agent")),
                span({"db.system": "postgresql"}, scope="mine"),
                span(gen_ai(gen_ai__operation__name="execute_tool")),
            ),
            (record("a.log.line", "x"), record("user_prompt", scope=SCOPE)),
            {"no_id": 2},
        ),
        NOW,
    )
    assert said == Readings((), {FRAME: 1, OTHER: 4, "no_id": 2})


def test_a_record_outside_any_span_is_no_half() -> None:
    _, said = take(NOTHING, records(record("gen_ai.choice", {}, trace="")), NOW)
    assert said.counted == {OTHER: 1}


def test_events_of_claude_code_are_calls() -> None:
    event = record("api_request", attributes={"session.id": "s", "model": "m"}, scope=SCOPE)
    _, said = take(NOTHING, records(event, event), NOW)
    assert (len(said.calls), said.counted) == (1, {REPEAT: 1})


@pytest.mark.parametrize(("ahead_s", "counted"), [(86_400, {CLOCK: 1}), (200, {}), (-86_400, {})])
def test_a_clock_that_is_ahead_is_replaced_by_ours(ahead_s: int, counted: dict[str, int]) -> None:
    """One that is behind may have waited for a day to be delivered."""
    shift = ahead_s * 1_000_000_000
    one = span(gen_ai())
    one = one._replace(start_ns=one.start_ns + shift, end_ns=one.end_ns + shift)
    _, said = take(NOTHING, spans(one), NOW)
    (call,) = said.calls
    assert said.counted == counted
    assert call.started_at == pytest.approx(NOW - 0.25 if counted else START_NS / 1e9 + ahead_s)
    assert call.latency_ms == 250


def test_a_span_without_times_arrived_now() -> None:
    _, said = take(NOTHING, spans(span(gen_ai())._replace(start_ns=0, end_ns=0)), NOW)
    assert (said.calls[0].started_at, said.counted) == (NOW, {CLOCK: 1})


def test_no_more_wait_than_may_and_the_oldest_goes_first() -> None:
    bounds = Bounds(most=3)
    many = [span(gen_ai(None, None), number=number) for number in range(1, 6)]
    waiting, said = take(NOTHING, spans(*many), NOW, bounds)
    assert [call.source_id[-1] for call in said.calls] == ["1", "2"]
    assert said.counted == {EARLY: 2}
    assert len(waiting.halves) == 3


def test_long_texts_count_by_their_characters() -> None:
    bounds = Bounds(characters=2_000)
    long = [record("gen_ai.user.message", {"content": "x" * 900}, number=n) for n in (1, 2, 3)]
    waiting, said = take(NOTHING, records(*long), NOW, bounds)
    assert said.counted == {EARLY: 1, HALF: 1}
    assert waiting.characters <= 2_000
    waiting, _ = take(waiting, Telemetry(), NOW + 20, bounds)
    assert waiting.characters == 0


def test_what_waits_comes_out_at_the_end() -> None:
    waiting, _ = run([(spans(WITHOUT_CONTENT, span(gen_ai(None, None), number=2)), NOW),
                      (records(*old_records()), NOW)])  # fmt: skip
    said = flushed(waiting, NOW)
    assert [call.outside for call in said.calls] == ["", NO_QUESTION]


def test_what_waited_before_is_not_changed() -> None:
    waiting, _ = take(NOTHING, spans(WITHOUT_CONTENT), NOW)
    before = Waiting(dict(waiting.halves), dict(waiting.joined), waiting.characters)
    take(waiting, records(details_of()), NOW)
    take(waiting, Telemetry(), NOW + 99)
    assert waiting == before
    assert Waiting() == NOTHING


class Delivery(NamedTuple):
    """A span or a record, once."""

    span: Span | None = None
    record: LogRecord | None = None


def _deliveries() -> list[Delivery]:
    found = []
    for number in range(1, 4):  # records of one message each
        one = span(gen_ai(None, None), number=number, scope=V2)
        found += [Delivery(span=one)]
        found += [Delivery(record=told) for told in old_records(number, f"Shelf {number}.")]
    for number in range(4, 6):  # one record of everything
        found += [Delivery(span=span(gen_ai(None, None), number=number))]
        found += [Delivery(record=details_of(number))]
    found += [
        Delivery(span=span(gen_ai(), number=6)),
        Delivery(span=span(gen_ai(None, None), number=7)),
    ]
    found += [Delivery(record=record("gen_ai.user.message", {"content": "?"}, number=8))]
    return found


DELIVERIES = _deliveries()


def _together(some: Sequence[Delivery]) -> Telemetry:
    return Telemetry(
        tuple(one.span for one in some if one.span), tuple(one.record for one in some if one.record)
    )


def _calls(batches: Sequence[Sequence[Delivery]]) -> dict[str, Call]:
    """The first call of each id, as the service keeps it."""
    now, waiting, found = NOW, NOTHING, {}
    for batch in batches:
        waiting, said = take(waiting, _together(batch), now)
        now += 19 / max(1, len(batches))  # everything within what is waited for
        for call in said.calls:
            found.setdefault(call.source_id, call)
    for call in flushed(waiting, now).calls:
        found.setdefault(call.source_id, call)
    return found


IN_ONE = _calls([DELIVERIES])


def test_in_one_batch_everything_is_found() -> None:
    assert len(IN_ONE) == 7
    assert sum(call.finished and not call.outside for call in IN_ONE.values()) == 6


@given(st.data())
def test_order_repeats_and_splits_change_nothing(data: st.DataObject) -> None:
    sent = data.draw(st.permutations(DELIVERIES))
    sent = sent + data.draw(st.lists(st.sampled_from(DELIVERIES), max_size=8))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    edges = [0, *cuts, len(sent)]
    batches = [sent[start:end] for start, end in pairwise(edges)]
    assert _calls(batches) == IN_ONE


@given(st.permutations(DELIVERIES), st.integers(0, len(DELIVERIES)), st.integers(0, 3))
def test_batches_that_are_read_again_after_a_kill_change_nothing(
    sent: list[Delivery], killed_at: int, again: int
) -> None:
    """The state is lost; the service reads what it has kept once more, from the start."""
    size = again + 1
    batches = [sent[start : start + size] for start in range(0, len(sent), size)]
    before = _calls_without_end(batches[: killed_at // size])
    assert {**_calls(batches), **before} == IN_ONE


def _calls_without_end(batches: Sequence[Sequence[Delivery]]) -> dict[str, Call]:
    waiting, found = NOTHING, {}
    for batch in batches:
        waiting, said = take(waiting, _together(batch), NOW)
        found |= {call.source_id: call for call in said.calls}
    return found
