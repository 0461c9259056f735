"""A provider's stream as the caller's: untouched on one wire, translated on another."""

import json
from itertools import pairwise, product
from typing import Any

import pytest
from factories.bodies import PLAIN_REPLIES
from factories.wires import events, put_together
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.fault import Fault
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.stream_relay import StreamRelay
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES

every_way = pytest.mark.parametrize(("caller", "provider"), list(product(sorted(WIRES), repeat=2)))


def relay(caller: str, provider: str, *, include_usage: bool = True) -> StreamRelay:
    return StreamRelay(caller, provider, include_usage=include_usage, created=7)


def data(*payloads: Any) -> bytes:
    return b"".join(
        b"data: " + (one if isinstance(one, str) else json.dumps(one)).encode() + b"\n\n"
        for one in payloads
    )


def chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "c", "model": "m", "choices": [choice]}


@every_way
@given(cut=st.data())
def test_a_stream_says_the_same_however_its_bytes_are_cut(
    caller: str, provider: str, cut: Any
) -> None:
    body = cut.draw(PLAIN_REPLIES[provider])
    whole = WIRES[provider].whole_stream(body, include_usage=True)
    places = sorted(cut.draw(st.sets(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]
    here = relay(caller, provider)
    sent = b"".join([here.feed(piece) for piece in pieces]) + here.end()
    assert here.finished
    assert here.whole
    assert here.stuck is None
    if caller == provider:
        assert sent == whole
    heard = WIRES[caller].stream_in()
    answer = put_together(one for event in events(sent) for one in heard.feed(event))
    assert heard.finished
    # Where a message begins some wires say empty text.
    both = [
        {**one.message, "content": one.message["content"] or ""} for one in (answer, here.answer)
    ]
    assert both[0] == both[1]
    assert answer.usage.billed == here.usage.billed == WIRES[provider].read_usage(body).billed


def test_what_was_readable_before_something_unreadable_reaches_the_caller() -> None:
    here = relay(ANTHROPIC, OPENAI)
    sent = here.feed(data(chunk("Par"), "{broken"))
    assert b"Par" in sent
    assert here.stuck is not None
    assert here.stuck.kind == "unreadable"
    assert not here.finished
    assert here.feed(data(chunk("is"))) == b""
    assert here.end() == b""


def test_on_one_wire_bytes_pass_even_when_they_cannot_be_read() -> None:
    here = relay(OPENAI, OPENAI)
    for piece in (data(chunk("Par")), data("{broken"), data(chunk("is", "stop"))):
        assert here.feed(piece) == piece
    assert here.stuck is None
    # The caller has it all; what we read has a hole, and is no evidence.
    assert here.finished
    assert (here.misread, here.answer.kept) == (1, False)


AFTER_THE_END = {
    OPENAI: (data(chunk("Paris.", "stop"), "[DONE]"), data("{more", chunk("more"))),
    ANTHROPIC: (
        data(
            {"type": "message_start", "message": {"id": "m"}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Paris."}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        ),
        data("[DONE]", "{more", {"type": "message_delta", "delta": {"stop_reason": "refusal"}}),
    ),
    RESPONSES: (
        data(
            {"type": "response.created", "response": {"id": "r"}},
            {"type": "response.output_text.delta", "output_index": 0, "delta": "Paris."},
            {"type": "response.completed", "response": {"id": "r", "output": []}},
        ),
        data("[DONE]", "{more", {"type": "response.output_text.delta", "delta": "more"}),
    ),
}


@every_way
def test_nothing_is_read_after_the_end(caller: str, provider: str) -> None:
    for together in (False, True):
        here = relay(caller, provider)
        said, after = AFTER_THE_END[provider]
        pieces = [said + after] if together else [said, after]
        sent = b"".join([here.feed(piece) for piece in pieces]) + here.end()
        assert (here.finished, here.whole, here.misread, here.stuck) == (True, True, 0, None)
        assert (here.answer.message["content"], here.answer.finish_reason) == ("Paris.", "stop")
        assert here.answer.kept
        assert (b"more" in sent) is (caller == provider)


def test_a_stream_that_breaks_off_after_an_empty_reason_is_cut() -> None:
    for caller in (OPENAI, ANTHROPIC):
        here = relay(caller, OPENAI)
        here.feed(data(chunk("The answer is", "")))
        assert (here.finished, here.end()) == (False, b"")


def test_an_event_above_the_bound_is_passed_over_where_it_passes_anyway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tierwatch.wire.sse.MAX_EVENT_BYTES", 1_000)
    stream = data(chunk("Par"), chunk("x" * 2_000), chunk("is.", "stop"), "[DONE]")
    for cut in (1, 60, 700, 1_999, 5_000):
        here = relay(OPENAI, OPENAI)
        pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]
        assert b"".join([here.feed(piece) for piece in pieces]) == stream
        assert (here.finished, here.misread, here.answer.kept) == (True, 1, False)
        assert here.answer.message["content"] == "Paris."
    crossing = relay(ANTHROPIC, OPENAI)
    crossing.feed(stream)
    assert crossing.stuck is not None


def test_a_provider_that_says_why_it_stopped_and_closes_is_finished_for_it() -> None:
    here = relay(ANTHROPIC, OPENAI)
    here.feed(data(chunk("Paris.", "stop")))
    assert (here.finished, here.whole) == (True, False)
    assert [event.event for event in events(here.end())][-1] == "message_stop"
    assert here.end() == b""  # once


def test_a_stream_that_was_cut_has_no_end() -> None:
    here = relay(ANTHROPIC, OPENAI)
    here.feed(data(chunk("Par")))
    assert (here.finished, here.end()) == (False, b"")


def test_nothing_follows_the_end() -> None:
    here = relay(ANTHROPIC, OPENAI)
    here.feed(data(chunk("Paris.", "stop"), "[DONE]"))
    assert here.feed(data(chunk("more"))) == b""
    assert here.answer.message["content"] == "Paris."


@pytest.mark.parametrize(
    ("caller", "provider", "error"),
    [
        (ANTHROPIC, OPENAI, {"error": {"message": "boom"}}),
        (OPENAI, ANTHROPIC, {"type": "error", "error": {"type": "api_error", "message": "boom"}}),
    ],
)
def test_an_error_in_a_stream_is_told_and_ends_it(
    caller: str, provider: str, error: dict[str, Any]
) -> None:
    here = relay(caller, provider)
    sent = here.feed(data(error))
    assert b"boom" in sent
    assert not here.finished
    assert here.answer.error is not None
    assert b"[DONE]" not in sent + here.end()


def test_a_cut_stream_of_anthropics_has_counted_what_it_read() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 1}
    here = relay(OPENAI, ANTHROPIC)
    here.feed(data({"type": "message_start", "message": {"id": "m", "usage": usage}}))
    # The output's count is a placeholder until the end.
    assert here.usage == Usage(9, None, 4)


def test_usage_nobody_asked_for_is_read_but_not_told() -> None:
    body = {"type": "message", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}
    stream = WIRES[ANTHROPIC].whole_stream(body, include_usage=True)
    here = relay(OPENAI, ANTHROPIC, include_usage=False)
    sent = here.feed(stream)
    assert b"usage" not in sent
    assert here.usage.billed == (5, 1, 0, 0)


SAID = st.one_of(
    st.text(max_size=6).map(chunk),
    st.sampled_from(
        [
            chunk("x", "stop"),
            {"error": {"message": "boom"}},
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}},
            {"choices": [{"delta": {"reasoning_content": "hm"}}]},
            "[DONE]",
            "{broken",
            "\\ud800",
            "7",
        ]
    ),
)


@given(
    said=st.lists(SAID, max_size=8),
    cuts=st.sets(st.integers(1, 800), max_size=8),
    ends=st.booleans(),
)
def test_whatever_a_provider_says_it_is_the_same_however_its_bytes_are_cut(
    said: list[Any], cuts: set[int], *, ends: bool
) -> None:
    stream = data(*said)[: None if ends else -1]
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for caller in (OPENAI, ANTHROPIC):
        found = set()
        for pieces in ([stream], [stream[a:b] for a, b in pairwise(edges)]):
            here = relay(caller, OPENAI)
            sent = b"".join([here.feed(piece) for piece in pieces])
            assert caller == ANTHROPIC or sent == stream
            facts = (here.finished, here.whole, here.reasoned, here.usage, str(here.stuck))
            found.add(
                (sent, here.end(), *facts, json.dumps([here.answer.message, here.answer.error]))
            )
        assert len(found) == 1


def test_a_long_stream_is_read_on_the_way_and_not_kept_unread() -> None:
    here = relay(OPENAI, OPENAI)
    piece = data(*[chunk("word ")] * 10)
    for _ in range(1_000):
        here.feed(piece)
        assert here._unread_bytes < 40_000
    assert here.answer.message["content"] == "word " * 10_000


def test_beyond_a_bound_a_stream_passes_on_and_is_not_kept() -> None:
    for caller in (OPENAI, ANTHROPIC):
        here = StreamRelay(caller, OPENAI, include_usage=True, created=7, most=10)
        sent = b"".join([here.feed(data(chunk("word "))) for _ in range(5)])
        sent += here.feed(data(chunk("", "stop"), "[DONE]"))
        assert sent.count(b"word ") == 5
        assert (here.answer.message["content"], here.answer.kept) == ("word word ", False)
        assert (here.answer.characters, here.finished, here.whole) == (25, True, True)


@pytest.mark.parametrize("cut", range(1, 17))
def test_reasoning_is_noticed_wherever_its_mark_is_cut(cut: int) -> None:
    for caller in (OPENAI, ANTHROPIC):
        here = relay(caller, OPENAI)
        whole = b'data: {"thought_signature": "x"}\n\n'
        here.feed(whole[: 7 + cut])
        here.feed(whole[7 + cut :])
        assert here.reasoned


@pytest.mark.parametrize(("text", "reasons"), [("thinking", False), ('{"reasoning":', True)])
def test_a_stream_that_seems_to_hold_reasoning_is_noticed(text: str, *, reasons: bool) -> None:
    here = relay(OPENAI, OPENAI)
    here.feed(f"data: {text}\n\n".encode())
    here.feed(data(chunk("x")))
    assert here.reasoned is reasons


@pytest.mark.parametrize(
    ("wire", "name"), [(OPENAI, ""), (ANTHROPIC, "error"), (RESPONSES, "response.failed")]
)
def test_a_stream_that_broke_in_a_line_still_ends_with_the_error(wire: str, name: str) -> None:
    here = relay(wire, wire)
    sent = here.feed(b'data: {"a": 1}\n\ndata: {"b')
    [whole, half, last] = events(sent + here.broken(Fault(502, "It broke.", "api_error")))
    assert (whole.data, half.data) == ('{"a": 1}', '{"b')
    assert last.event == name
    said = json.loads(last.data)
    error = said["response"]["error"] if wire == RESPONSES else said["error"]
    assert error["message"] == "It broke."


@pytest.mark.parametrize("provider", sorted(WIRES))
def test_a_response_that_breaks_off_fails_under_the_id_it_began_with(provider: str) -> None:
    """Clients raise on another id, and show no sentence of an end without one."""
    begun = {
        OPENAI: data(chunk("Hi")),
        ANTHROPIC: data(
            {"type": "message_start", "message": {"id": "c", "model": "m"}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
            {"type": "content_block_delta", "index": 0,
             "delta": {"type": "text_delta", "text": "Hi"}},
        ),
        RESPONSES: data(
            {"type": "response.created", "response": {"id": "c", "model": "m", "created_at": 7}},
            {"type": "response.in_progress", "response": {"id": "c"}},
        ),
    }  # fmt: skip
    here = relay(RESPONSES, provider)
    sent = here.feed(begun[provider]) + here.broken(Fault(502, "It broke.", "api_error", "cut"))
    told = [json.loads(event.data) for event in events(sent)]
    assert (told[0]["type"], told[-1]["type"]) == ("response.created", "response.failed")
    assert told[0]["response"]["id"] == told[-1]["response"]["id"] == "c"
    assert told[-1]["response"]["error"] == {"code": "cut", "message": "It broke."}
    assert told[-1]["sequence_number"] == len(told) - 1
    assert not here.finished


JSON_ASKED = {
    OPENAI: {"response_format": {"type": "json_object"}},
    ANTHROPIC: {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
}


@pytest.mark.parametrize("caller", sorted(JSON_ASKED))
def test_json_that_was_asked_for_crosses_without_its_fence(caller: str) -> None:
    provider = ANTHROPIC if caller == OPENAI else OPENAI
    text = {"type": "text", "text": '```json\n{"a": "x y"}\n```'}
    message = {"content": [text], "stop_reason": "end_turn"}
    choice = {"message": {"content": text["text"]}, "finish_reason": "stop"}
    body = message if provider == ANTHROPIC else {"choices": [choice]}
    stream = WIRES[provider].whole_stream(body, include_usage=True)
    for to, said in ((AnswerTo(JSON_ASKED[caller]), '{"a": "x y"}'), (NOBODY, text["text"])):
        here = StreamRelay(caller, provider, include_usage=True, created=7, to=to)
        sent = b"".join([here.feed(stream[at : at + 40]) for at in range(0, len(stream), 40)])
        heard = WIRES[caller].stream_in()
        answer = put_together(one for event in events(sent) for one in heard.feed(event))
        # What is judged is what the caller got.
        assert answer.message["content"] == here.answer.message["content"] == said
        assert here.finished
