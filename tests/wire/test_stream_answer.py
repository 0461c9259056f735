"""Chunks of a streamed answer, put together."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.wire.first_choice import first_choice
from tierwatch.wire.stream_answer import StreamAnswer


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "c", "model": "m", "choices": [choice]}


def test_a_stream_is_put_together() -> None:
    answer = StreamAnswer()
    for one in [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "other"}, index=1),
        chunk({"content": "lo"}),
        chunk({}, "stop"),
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}},
    ]:
        assert not answer.finished or one["choices"] == []
        answer.feed(one)
    assert answer.message == {"role": "assistant", "content": "Hello"}
    assert answer.finished
    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 2)
    assert answer.characters == 5


def call(index: int | None, arguments: str, call_id: str | None = None) -> dict[str, Any]:
    piece: dict[str, Any] = {"function": {"arguments": arguments}}
    if index is not None:
        piece["index"] = index
    if call_id:
        piece |= {"id": call_id, "type": "function"}
        piece["function"]["name"] = f"f_{call_id}"
    return {"tool_calls": [piece]}


def calls_of(answer: StreamAnswer) -> list[tuple[str, str, str]]:
    return [
        (one["id"], one["function"]["name"], one["function"]["arguments"])
        for one in answer.message["tool_calls"]
    ]


def test_interleaved_tool_calls_are_kept_apart_by_index() -> None:
    answer = StreamAnswer()
    pieces = [call(0, "", "a"), call(1, '{"y"', "b"), call(0, "{}"), call(1, ":2}")]
    for piece in pieces:
        answer.feed(chunk(piece))
    answer.feed(chunk({}, "tool_calls"))
    assert calls_of(answer) == [("a", "f_a", "{}"), ("b", "f_b", '{"y":2}')]
    assert answer.message["content"] is None


@pytest.mark.parametrize("index", [0, None])
def test_parallel_calls_under_one_index_are_kept_apart_by_id(index: int | None) -> None:
    answer = StreamAnswer()
    for piece in [call(index, "{", "a"), call(index, "}"), call(index, "{}", "b")]:
        answer.feed(chunk(piece))
    assert calls_of(answer) == [("a", "f_a", "{}"), ("b", "f_b", "{}")]


def test_an_error_in_mid_stream_leaves_it_unfinished() -> None:
    answer = StreamAnswer()
    answer.feed(chunk({"content": "x"}, "stop"))
    answer.feed({"error": "overloaded"})
    assert answer.error == {"message": "overloaded"}
    assert not answer.finished


def test_an_empty_stream_is_an_unfinished_empty_message() -> None:
    answer = StreamAnswer()
    assert (answer.message, answer.finished) == ({"role": "assistant", "content": None}, False)


def test_an_answer_in_a_script_of_many_bytes_counts_by_them() -> None:
    answer = StreamAnswer(most=8)
    for piece in ("四个", "ab", "字"):
        answer.feed(chunk({"content": piece}))
    # Three signs of three bytes each, and two letters; five characters are kept.
    assert (answer.characters, answer.kept) == (11, True)


def test_up_to_a_number_of_characters_all_is_kept_and_beyond_it_counted() -> None:
    answer = StreamAnswer(most=8)
    answer.feed(chunk({"content": "Hello"}))
    answer.feed(chunk(call(0, "{}", "a")))
    answer.feed(chunk({"refusal": "n"}))
    assert (answer.characters, answer.kept) == (8, True)
    answer.feed(chunk({"content": "!"}))
    answer.feed(chunk(call(0, "{}", "b")))
    answer.feed(chunk({}, "tool_calls"))
    assert (answer.characters, answer.kept) == (11, False)
    assert (answer.message["content"], answer.message["refusal"]) == ("Hello", "n")
    # That there was a second call is known; what it said is not kept.
    assert calls_of(answer) == [("a", "f_a", "{}"), ("b", "f_b", "")]
    assert answer.finished


def test_an_empty_reason_is_none_and_replaces_none() -> None:
    answer = StreamAnswer()
    answer.feed(chunk({"content": "The answer is"}, ""))
    assert (answer.finish_reason, answer.finished) == (None, False)
    answer.feed(chunk({}, "tool_calls"))
    answer.feed(chunk({}, ""))
    assert (answer.finish_reason, answer.finished) == ("tool_calls", True)


def test_counts_stand_in_the_choice_of_some_servers_and_zeros_do_not_replace_them() -> None:
    counts = {"prompt_tokens": 9, "completion_tokens": 2}
    for last in (
        {"choices": [{"delta": {}, "finish_reason": "stop", "usage": counts}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "x_groq": {"usage": counts}},
        {"choices": [], "usage": counts},
    ):
        answer = StreamAnswer()
        answer.feed(last)
        answer.feed({"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}})
        assert answer.usage == (9, 2, None, None)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_are_counted_and_not_kept(name: str) -> None:
    answer = StreamAnswer(most=5)
    answer.feed(chunk({name: "t" * 8_000}))
    answer.feed(chunk({"content": "Hello"}))
    assert (answer.characters, answer.kept) == (8_005, True)
    assert answer.message == {"role": "assistant", "content": "Hello"}


def test_an_answer_with_a_hole_is_not_all_there() -> None:
    answer = StreamAnswer()
    answer.feed(chunk({"content": "Hello"}, "stop"))
    answer.misread()
    assert (answer.finished, answer.kept) == (True, False)


def test_calls_without_index_or_id_are_kept_apart() -> None:
    answer = StreamAnswer()
    for city in ("Bern", "Rome"):
        function = {"name": "weather", "arguments": f'{{"city": "{city}"}}'}
        answer.feed(chunk({"tool_calls": [{"function": function}]}))
    one, two = calls_of(answer)
    assert (one[1:], two[1:]) == (
        ("weather", '{"city": "Bern"}'),
        ("weather", '{"city": "Rome"}'),
    )
    assert len({one[0], two[0], ""}) == 3


def test_chunks_come_back_with_their_calls_settled() -> None:
    answer = StreamAnswer()
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    said = {"id": "c", "choices": [{"delta": {"tool_calls": [call, "junk"]}}], "model": "m"}
    settled: Any = answer.feed(said)
    [piece] = settled["choices"][0]["delta"]["tool_calls"]
    assert piece["index"] == 0
    assert piece["id"].startswith("call_")
    assert piece["function"] == {"name": "f", "arguments": '{"a":1}'}
    assert settled["model"] == "m"
    assert answer.feed(settled | {"id": "d"}) is not None
    for same in (chunk({"content": "x"}), chunk({"tool_calls": [call]}, index=1), 7, {}):
        assert answer.feed(same) is same


def test_a_call_of_a_custom_tool_is_put_together() -> None:
    answer = StreamAnswer()
    for piece in ({"id": "a", "custom": {"name": "patch", "input": "*** "}},
                  {"custom": {"input": "Begin"}}):  # fmt: skip
        answer.feed(chunk({"tool_calls": [{"index": 0, "type": "custom", **piece}]}))
    said = {"name": "patch", "input": "*** Begin"}
    assert answer.message["tool_calls"] == [{"id": "a", "type": "custom", "custom": said}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "tool_calls", "index", "function", "usage", "id", "message"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_junk_never_breaks_a_stream_and_is_never_a_reply_by_accident(junk: Any) -> None:
    answer = StreamAnswer()
    answer.feed(junk)
    answer.feed(chunk({"content": "x"}, "stop"))
    assert answer.message["content"].endswith("x")
    with contextlib.suppress(ProviderError):
        assert first_choice(junk).message["role"] == "assistant"
