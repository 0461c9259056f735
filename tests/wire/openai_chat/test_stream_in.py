"""A provider's stream on OpenAI's wire, as chunks."""

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


@pytest.mark.parametrize("data", ["{", "[DONE", "", "data"])
def test_what_is_not_json_leaves_a_hole(data: str) -> None:
    with pytest.raises(ProviderError, match="not JSON") as caught:
        StreamIn().feed(SSEEvent("", data))
    assert caught.value.kind == "unreadable"


def test_half_a_surrogate_pair_is_read() -> None:
    [chunk] = StreamIn().feed(SSEEvent("", r'{"choices": [{"delta": {"content": "\ud800"}}]}'))
    assert chunk["choices"][0]["delta"]["content"] == "\ud800"
