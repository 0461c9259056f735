"""An answer from the cache, whole and streamed, checked against the vendors' types."""

import json
import uuid
from typing import Any

import pytest
from anthropic.types import Message
from factories.wires import events, put_together
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tierwatch.wire.cached_reply import CachedAnswer, streamed_reply, whole_reply
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.wires import WIRES

ID = uuid.UUID(int=7)


def cached(content: str = "Paris.", tokens: tuple[Any, Any] = (9, 2)) -> CachedAnswer:
    return CachedAnswer(content, "simple", "m", tokens, None)


def test_a_chat_completion_says_that_every_prompt_token_was_cached() -> None:
    body = json.loads(whole_reply(OPENAI, cached(), ID, 5))
    ChatCompletion.model_validate(body, strict=True)
    assert (body["id"], body["created"], body["model"]) == (f"chatcmpl-{ID.hex}", 5, "m")
    [choice] = body["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Paris.", "refusal": None}
    assert choice["finish_reason"] == "stop"
    assert body["usage"] == {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "total_tokens": 11,
        "prompt_tokens_details": {"cached_tokens": 9},
    }


def test_a_message_counts_them_beside_the_input() -> None:
    body = json.loads(whole_reply(ANTHROPIC, cached(), ID, 5))
    Message.model_validate(body, strict=True)
    assert body["content"] == [{"type": "text", "text": "Paris."}]
    assert body["stop_reason"] == "end_turn"
    # 9 - 9 - 0 fresh tokens.
    assert (body["usage"]["input_tokens"], body["usage"]["cache_read_input_tokens"]) == (0, 9)


@pytest.mark.parametrize("wire", sorted(WIRES))
@pytest.mark.parametrize("tokens", [(None, None), (0, 0), (9, None)])
def test_what_nobody_counted_is_told_as_nothing(wire: str, tokens: tuple[Any, Any]) -> None:
    body = json.loads(whole_reply(wire, cached(tokens=tokens), ID, 5))
    assert WIRES[wire].read_usage(body).billed == (tokens[0] or 0, 0, tokens[0] or 0, 0)


@pytest.mark.parametrize("wire", sorted(WIRES))
@pytest.mark.parametrize("content", ["Paris.", "two\nlines", '"quoted" 日本', " "])
def test_the_stream_says_what_the_whole_says(wire: str, content: str) -> None:
    stream = streamed_reply(wire, cached(content), ID, 5, include_usage=True)
    source = WIRES[wire].stream_in()
    answer = put_together(chunk for event in events(stream) for chunk in source.feed(event))
    assert source.finished
    assert (answer.message["content"], answer.finish_reason) == (content, "stop")
    assert answer.usage.billed == (9, 2, 9, 0)


def test_usage_is_streamed_to_who_asked_for_it() -> None:
    *chunks, done = events(streamed_reply(OPENAI, cached(), ID, 5, include_usage=False))
    assert done.data == "[DONE]"
    for chunk in chunks:
        ChatCompletionChunk.model_validate_json(chunk.data, strict=True)
        assert json.loads(chunk.data)["choices"]
    # Anthropic's streams always count.
    named = events(streamed_reply(ANTHROPIC, cached(), ID, 5, include_usage=False))
    [end] = [event for event in named if event.event == "message_delta"]
    assert json.loads(end.data)["usage"]["output_tokens"] == 2
