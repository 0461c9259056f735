"""What a stream says first: held back until it is something."""

import asyncio
import json
from typing import Any

import pytest
from fakes.provider import anthropic_events, openai_chunks

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer import first_words as module
from tierwatch.gateway.answer.first_words import first_words
from tierwatch.wire.stream_relay import StreamRelay

COMMENT = b": OPENROUTER PROCESSING\n\n"
ROLE, TEXT, *REST = openai_chunks("Paris.")
START, BLOCK, DELTA, *ENDS = anthropic_events("Paris.")
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
THINKS = b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}}\n\n'  # noqa: E501


class Source:
    """A stream of these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.first, *self.rest = pieces

    async def read(self) -> bytes:
        return self.rest.pop(0) if self.rest else b""


def words(*pieces: bytes, caller: str = "openai", wire: str = "openai", s: float = 9) -> Any:
    source = Source(*pieces)
    relay = StreamRelay(caller, wire, include_usage=True, created=1)
    coming = first_words(source, relay, provider="p", wire=wire, within_s=s)
    return asyncio.run(coming), len(source.rest)


def failing(*pieces: bytes, **how: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        words(*pieces, **how)
    return caught.value


def test_bytes_wait_for_the_first_word_and_pass_untouched() -> None:
    assert words(COMMENT, ROLE, TEXT, *REST) == (COMMENT + ROLE + TEXT, len(REST))
    assert words(START, PING, BLOCK, DELTA, wire="anthropic", caller="anthropic") == (
        START + PING + BLOCK + DELTA,
        0,
    )


def test_thinking_is_something_said() -> None:
    first, left = words(START, THINKS, DELTA, wire="anthropic", caller="anthropic")
    assert (first, left) == (START + THINKS, 1)


def test_a_call_and_an_end_are_something_said() -> None:
    chunk = {"index": 0, "delta": {"audio": {"data": "x"}}}
    audio = b"data: " + json.dumps({"choices": [chunk]}).encode() + b"\n\n"
    assert words(ROLE, audio, audio, TEXT)[1] == 1, "whatever it is, the third chunk says something"
    assert words(ROLE, REST[0], TEXT)[1] == 1, "an empty answer that has ended"


def test_it_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words(COMMENT, COMMENT, TEXT, s=-1)[1] == 2
    assert words(*[b":" + b"x" * 40_000 + b"\n\n"] * 4)[1] == 2
    monkeypatch.setattr(module, "LONGEST_S", -1)
    assert words(COMMENT, TEXT)[1] == 1


@pytest.mark.parametrize(
    ("said", "kind", "status"),
    [
        ({"error": {"message": "No."}}, "server", 200),
        ({"error": {"message": "No.", "code": 429}}, "rate_limited", 429),
        ({"error": {"message": "No.", "code": "502"}}, "server", 502),
        ({"error": {"message": "No.", "type": "overloaded_error"}}, "server", 529),
        ({"error": {"message": "No.", "code": "context_length_exceeded"}}, "refused", 400),
        ({"error": {"message": "No.", "code": 400}, "choices": [{"delta": {}}]}, "refused", 400),
        ({"error": "No."}, "server", 200),
        ({"object": "error", "message": "No.", "code": 400}, "refused", 400),
        ({"detail": "No."}, "server", 200),
        ({"message": "No.", "status": 503}, "server", 503),
        ([{"error": {"message": "No.", "code": 503}}], "server", 503),
    ],
)
@pytest.mark.parametrize("caller", ["openai", "anthropic"])
def test_an_error_before_the_first_word_is_an_error_whatever_its_form(
    said: Any, kind: str, status: int, caller: str
) -> None:
    event = b"data: " + json.dumps(said).encode() + b"\n\n"
    error = failing(COMMENT, ROLE, event, caller=caller)
    assert (error.kind, error.status) == (kind, status)
    assert "No." in str(error)


def test_anthropics_error_too() -> None:
    said = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}
    event = b"event: error\ndata: " + json.dumps(said).encode() + b"\n\n"
    error = failing(START, PING, event, wire="anthropic", caller="anthropic")
    assert (error.kind, error.status) == ("rate_limited", 429)
    assert error.billed[0] == 21, "what was read is paid for"


@pytest.mark.parametrize(
    ("pieces", "sentence"),
    [
        ((COMMENT,), "p ended its stream before a word."),
        ((ROLE,), "p ended its stream before a word."),
        ((COMMENT, b'error: {"message": "No slot."}\n\n'), "No slot."),
        ((COMMENT, b'{"error": {"message": "Out of memory."}}'), "Out of memory."),
        ((COMMENT, b"Internal Server Error"), "Internal Server Error"),
    ],
)
def test_an_end_before_the_first_word_is_none(pieces: Any, sentence: str) -> None:
    error = failing(*pieces)
    assert error.kind == "cut"
    assert error.retryable
    assert str(error).endswith(sentence)


# --- with a gateway -------------------------------------------------------------------------------


def test_the_tier_above_answers_for_one_that_failed_behind_its_pings(
    start_gateway: Any, openai_provider: Any, anthropic_provider: Any, wire: Any
) -> None:
    said = b'data: {"error": {"message": "No.", "code": 503}}\n\n'
    openai_provider.usual = wire.stream(COMMENT, 0.05, ROLE, 0.05, said)
    anthropic_provider.usual = wire.stream(*wire.anthropic_events("Par", "is."))
    gateway = start_gateway(openai_provider, anthropic_provider, anthropic_provider)
    answer = gateway.chat(stream=True)
    assert answer.status_code == 200
    assert answer.headers["x-tierwatch-tier"] == "standard"
    assert "OPENROUTER" not in answer.text
    assert answer.text.count('"role"') == 1
    served = gateway.recorded.one()
    assert [attempt.error for attempt in served.attempts] == ["server", "server", ""]
