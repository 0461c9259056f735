"""A chat completion told as a stream says the same, piece by piece."""

import json
from typing import Any

from factories.wires import events, put_together
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.openai_chat.whole_stream import whole_stream

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def completion(message: dict[str, Any], finish: str = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": finish, **more}
    return {
        "id": "c1", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [choice], "usage": USAGE, "system_fingerprint": "fp",
    }  # fmt: skip


def chunks(stream: bytes) -> list[dict[str, Any]]:
    *data, done = [event.data for event in events(stream)]
    assert done == "[DONE]"
    return [json.loads(text) for text in data]


@given(
    content=st.none() | st.text(),
    refusal=st.none() | st.text(min_size=1),
    calls=st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=3),
)
def test_the_pieces_add_up_to_the_message(
    content: str | None, refusal: str | None, calls: list[tuple[str, str]]
) -> None:
    made = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": text}}
        for n, (name, text) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": content, "refusal": refusal}
    whole = completion(message | ({"tool_calls": made} if made else {}))
    answer = put_together(chunks(whole_stream(whole, include_usage=False)))
    assert answer.message.get("content") == (content or None)
    assert answer.message.get("refusal") == refusal
    assert answer.message.get("tool_calls", []) == made
    assert answer.finish_reason == "stop"


def test_head_usage_and_what_is_not_known_here_are_kept() -> None:
    logprobs = {"content": [{"token": "hi", "logprob": -0.1}]}
    message = {"role": "assistant", "content": "hi", "reasoning_content": "hm", "refusal": None}
    whole = completion(message, "length", logprobs=logprobs)
    *said, last = chunks(whole_stream(whole, include_usage=True))
    for chunk in (*said, last):
        assert chunk["object"] == "chat.completion.chunk"
        assert (chunk["id"], chunk["created"], chunk["model"]) == ("c1", 7, "m")
        assert chunk["system_fingerprint"] == "fp"
    assert (last["choices"], last["usage"]) == ([], USAGE)
    assert {chunk["usage"] for chunk in said} == {None}
    first, second, third = (chunk["choices"][0] for chunk in said)
    assert first["delta"] == {"role": "assistant", "content": "", "reasoning_content": "hm"}
    assert (second["delta"], second["logprobs"]) == ({"content": "hi"}, logprobs)
    assert (third["delta"], third["finish_reason"]) == ({}, "length")


def test_content_in_parts_becomes_text() -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
    answer = put_together(chunks(whole_stream(completion(message), include_usage=False)))
    assert answer.message["content"] == "hi"


@given(calls=st.integers() | st.text() | st.lists(st.none() | st.integers()) | st.just({"a": 1}))
def test_calls_that_are_none_leave_the_text(calls: Any) -> None:
    whole = completion({"role": "assistant", "content": "hi", "tool_calls": calls})
    answer = put_together(chunks(whole_stream(whole, include_usage=False)))
    assert (answer.message, answer.finish_reason) == (
        {"role": "assistant", "content": "hi"},
        "stop",
    )
