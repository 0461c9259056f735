"""Reading OpenAI's replies and streams, and what a shadow call leaves out."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.wire.openai_wire import (
    StreamAnswer,
    error_envelope,
    error_text,
    estimated_tokens,
    lean_request,
    read_reply,
    request_characters,
)

REPLY: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "model": "m-1",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


def test_a_reply_is_read() -> None:
    reply = read_reply(REPLY)
    assert reply.message == {"role": "assistant", "content": "Hi"}
    assert (reply.finish_reason, reply.model) == ("stop", "m-1")
    assert (reply.prompt_tokens, reply.completion_tokens) == (3, 1)


def test_missing_or_impossible_counts_are_none() -> None:
    usage = {"prompt_tokens": -1, "completion_tokens": True}
    reply = read_reply({**REPLY, "usage": usage})
    assert (reply.prompt_tokens, reply.completion_tokens) == (None, None)
    assert read_reply({**REPLY, "usage": None}).prompt_tokens is None


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ([], "JSON list"),
        (None, "JSON NoneType"),
        ({}, "no choices"),
        ({"choices": []}, "no choices"),
        ({"choices": ["x"]}, "no message"),
        ({"choices": [{"message": None}]}, "no message"),
        ({"choices": [{"message": {}}]}, "neither content"),
        ({"choices": [{"message": {"content": 7}}]}, "content is a JSON int"),
        ({"choices": [{"message": {"content": None, "tool_calls": "x"}}]}, "tool_calls"),
        ({"error": {"message": "out of credit"}}, "out of credit"),
    ],
)
def test_what_is_no_chat_completion_is_unreadable(reply: object, said: str) -> None:
    with pytest.raises(ProviderError, match=said) as caught:
        read_reply(reply)
    assert caught.value.kind == "unreadable"


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
        assert read_reply(junk).message["role"] == "assistant"


def test_a_shadow_asks_the_same_without_what_it_would_cause() -> None:
    kept = {
        "model": "m",
        "messages": [{"role": "user", "content": "q"}],
        "temperature": 0.2,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "auto",
        "some_extension": 1,
    }
    caused = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "user": "u",
        "metadata": {"a": "b"},
        "store": True,
        "service_tier": "priority",
        "n": 3,
        "web_search_options": {},
    }
    request = {**kept, **caused}
    assert lean_request(request) == kept
    assert request.keys() == kept.keys() | caused.keys()


def test_a_shadow_carries_nothing_that_only_the_serving_model_can_read() -> None:
    said = {"role": "assistant", "content": "It rains."}
    mark = {"cache_control": {"type": "ephemeral"}}
    bound = {"reasoning_content": "Hm.", "audio": {"id": "a"}, "annotations": [], "refusal": None}
    asked = {"role": "user", "content": [{"type": "text", "text": "Weather?"}]}
    marked = {"role": "user", "content": [{"type": "text", "text": "Weather?", **mark}]}
    assert lean_request({"messages": [marked, said | bound, asked]}) == {
        "messages": [asked, said, asked]
    }


def test_a_shadow_carries_no_tool_that_the_provider_runs() -> None:
    request = {
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "tool_choice": "auto",
    }
    assert lean_request(request) == {}
    assert lean_request({"tools": ["junk", {"type": []}]}) == {}


def test_tokens_are_estimated_upwards() -> None:
    assert [estimated_tokens(n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
    parts = [
        {"type": "text", "text": "abcd"},
        {"type": "image_url", "image_url": {"url": "x" * 99}},
    ]
    messages = [{"role": "user", "content": parts}, {"role": "user", "content": "ef"}, "junk"]
    assert request_characters({"messages": messages}) == 6
    assert request_characters({}) == 0


def test_errors_are_written_and_read() -> None:
    body = error_envelope("No.", "invalid_request_error", "bad", "model")
    assert body["error"] == {
        "message": "No.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "bad",
    }
    assert error_text(body) == "No."
    assert [error_text(b) for b in ("x", {"detail": "d"}, [1], {"error": "e"}, {})] == [
        "x",
        "d",
        "",
        "e",
        "",
    ]
