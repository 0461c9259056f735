"""A stream put together for who asked for a whole answer."""

import json
from contextlib import suppress
from typing import Any

import pytest
from fakes.provider import anthropic_events, openai_chunks
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.providers.collected import collected


@pytest.mark.parametrize("end", [b"", b"\n", b": bye\n\n"])
def test_the_answer_of_either_wire(end: bytes) -> None:
    chat = collected("openai", b"".join(openai_chunks("Par", "is.", usage=True)) + end)
    messages = collected("anthropic", b"".join(anthropic_events("Par", "is.")) + end)
    for answer in (chat, messages):
        (choice,) = answer["choices"]
        assert choice["message"] == {"role": "assistant", "content": "Paris."}
        assert choice["finish_reason"] == "stop"
        assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (21, 2)
        assert answer["object"] == "chat.completion"
    assert (chat["id"], messages["id"]) == ("chatcmpl-1", "msg_1")


def test_a_call_comes_whole() -> None:
    pieces: list[Any] = [
        {"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a": 1}'}},
    ]
    events = [{"choices": [{"delta": {"tool_calls": [piece]}}]} for piece in pieces]
    events.append({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    stream = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
    (choice,) = collected("openai", stream)["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert (call["id"], call["function"]) == ("c", {"name": "f", "arguments": '{"a": 1}'})


@pytest.mark.parametrize(
    ("wire", "stream", "kind"),
    [
        ("openai", b"".join(openai_chunks("Par", finish=None, done=False)), "cut"),
        ("anthropic", b"".join(anthropic_events("Par", end=False)), "cut"),
        ("openai", b'data: {"error": {"message": "No."}}\n\n', "server"),
        ("openai", b"", "unreadable"),
    ],
)
def test_what_is_no_answer(wire: str, stream: bytes, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        collected(wire, stream)
    assert caught.value.kind == kind


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_it_is_an_answer_or_a_providers_error(stream: bytes) -> None:
    for wire in ("openai", "anthropic"):
        with suppress(ProviderError):
            assert collected(wire, stream)["choices"]
