"""A provider's stream on OpenAI's wire, as chunks."""

import json

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.openai_chat.stream_in import StreamIn
from tierwatch.wire.sse import SSEEvent


def test_an_event_is_a_chunk_until_the_end() -> None:
    stream = StreamIn(created=7)
    assert stream.feed(SSEEvent("", '{"choices": []}')) == [{"choices": []}]
    assert not stream.finished
    assert stream.feed(SSEEvent("", "[DONE]")) == []
    assert stream.finished
    assert stream.usage is None  # the chunks say it


@pytest.mark.parametrize("data", ["{", ' {"choices": [', "{'a': 1}"])
def test_what_is_not_json_leaves_a_hole(data: str) -> None:
    with pytest.raises(ProviderError, match="not JSON") as caught:
        StreamIn().feed(SSEEvent("", data))
    assert caught.value.kind == "unreadable"


def test_half_a_surrogate_pair_is_read() -> None:
    [chunk] = StreamIn().feed(SSEEvent("", r'{"choices": [{"delta": {"content": "\ud800"}}]}'))
    assert chunk["choices"][0]["delta"]["content"] == "\ud800"


@pytest.mark.parametrize("data", ["", "[DONE", "ping", "keep-alive", "7", "null", "[]", '"x"'])
def test_words_that_keep_a_line_alive_are_passed_over(data: str) -> None:
    stream = StreamIn()
    assert stream.feed(SSEEvent("", data)) == []
    assert not stream.finished


def test_nothing_is_read_after_the_end() -> None:
    stream = StreamIn()
    stream.feed(SSEEvent("", "[DONE] "))
    assert stream.feed(SSEEvent("", "{")) == stream.feed(SSEEvent("", '{"choices": []}')) == []


def test_an_error_may_stand_in_the_name_of_its_event() -> None:
    [chunk] = StreamIn().feed(SSEEvent("error", '{"message": "out of memory"}'))
    assert chunk == {"error": {"message": "out of memory"}}
    said = {"error": {"message": "no"}}
    assert StreamIn().feed(SSEEvent("error", json.dumps(said))) == [said]
