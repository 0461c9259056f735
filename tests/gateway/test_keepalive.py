"""Callers who stream are kept alive while nothing is said."""

import asyncio
import json
import time
from typing import Any

import anthropic
import openai
import pytest

from tierwatch.gateway.keepalive import Keepalive

MESSAGES: Any = [{"role": "user", "content": "What is the capital of France?"}]
HEAD = [(b"content-type", b"text/event-stream")]
SOON = 0.02


def kept(wire: str, *waits: tuple[float, bytes | None], begun: bool = False) -> list[Any]:
    """What is sent while the caller waits, and is then sent these bytes."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        alive = Keepalive(send, wire, HEAD, SOON)
        if begun:
            alive.passes_on(b"")
        for seconds, piece in waits:
            await asyncio.sleep(seconds)
            if piece is not None:
                alive.passes_on(piece)
                sent.append(piece)
        alive.stop()
        await asyncio.sleep(3 * SOON)

    asyncio.run(run())
    return sent


@pytest.mark.parametrize(
    ("wire", "ping"),
    [
        ("openai", b": ping\n\n"),
        ("responses", b": ping\n\n"),
        ("anthropic", b'event: ping\ndata: {"type": "ping"}\n\n'),
    ],
)
def test_who_waits_for_an_answer_gets_its_head_once_and_pings(wire: str, ping: bytes) -> None:
    head, *pings = kept(wire, (6 * SOON, None))
    assert head == {"type": "http.response.start", "status": 200, "headers": HEAD}
    assert 2 <= len(pings) <= 6
    assert all(one == {"type": "http.response.body", "body": ping, "more_body": True}
               for one in pings)  # fmt: skip


def test_who_is_answered_soon_gets_nothing_of_it() -> None:
    assert kept("openai", (SOON / 4, b"data: 1\n\n")) == [b"data: 1\n\n"]


def test_silence_in_a_stream_is_filled_and_its_head_not_repeated() -> None:
    sent = kept("openai", (0, b"data: 1\n\n"), (6 * SOON, None), begun=True)
    assert sent[0] == b"data: 1\n\n"
    assert len(sent) >= 2
    assert {one["type"] for one in sent[1:]} == {"http.response.body"}


@pytest.mark.parametrize("piece", [b'data: {"a"', b"data: 1\n", b"data: 1\r\n"])
def test_an_event_is_not_torn(piece: bytes) -> None:
    assert kept("openai", (0, piece), (6 * SOON, None), begun=True) == [piece]


def test_what_is_swallowed_is_heard_of_each_second() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        alive = Keepalive(send, "openai", HEAD, 60)
        for _ in range(5):
            await alive.swallowed()
        alive.stop()

    asyncio.run(run())
    assert len(sent) == 1


# --- with a gateway and the vendors' clients ------------------------------------------------------


@pytest.fixture(params=["openai", "anthropic"])
def slow(request: pytest.FixtureRequest, start_gateway: Any, wire: Any) -> Any:
    """A gateway whose provider thinks for a while before it answers, and in the middle."""
    provider = request.getfixturevalue(f"{request.param}_provider")
    if request.param == "openai":
        first, *rest = wire.openai_chunks("Par", "is.", usage=True)
    else:
        first, *rest = wire.anthropic_events("Par", "is.")
    provider.usual = wire.stream(0.4, first, *rest[:2], 0.4, *rest[2:])
    return start_gateway(provider, gateway="{keepalive: 0.1}")


def test_openais_client_reads_over_the_pings(slow: Any) -> None:
    with openai.OpenAI(base_url=f"{slow.url}/v1", api_key="k", max_retries=0) as client:
        chunks = list(client.chat.completions.create(model="auto", messages=MESSAGES, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Paris."
    assert slow.recorded.one().finished


def test_anthropics_client_reads_over_the_pings(slow: Any) -> None:
    with (
        anthropic.Anthropic(base_url=slow.url, api_key="k", max_retries=0) as client,
        client.messages.stream(model="auto", max_tokens=9, messages=MESSAGES) as stream,
    ):
        assert "".join(stream.text_stream) == "Paris."
    assert slow.recorded.one().finished


@pytest.mark.parametrize(
    ("path", "ping"), [("/v1/chat/completions", b": ping"), ("/v1/messages", b"event: ping")]
)
def test_the_wire_is_never_silent_for_long(slow: Any, path: str, ping: bytes) -> None:
    body = {"model": "auto", "messages": MESSAGES, "max_tokens": 9, "stream": True}
    last, longest, seen = time.monotonic(), 0.0, b""
    with slow.client.stream("POST", path, json=body) as answer:
        assert answer.headers["x-tierwatch-request-id"]
        assert "x-tierwatch-tier" not in answer.headers, "nobody had answered by then"
        for piece in answer.iter_raw():
            now = time.monotonic()
            longest, last, seen = max(longest, now - last), now, seen + piece
    assert seen.count(ping) >= 3
    assert longest < 0.4


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_what_fails_behind_a_ping_is_said_by_an_event(
    start_gateway: Any, openai_provider: Any, path: str, wire: Any
) -> None:
    openai_provider.usual = wire.silence
    gateway = start_gateway(
        openai_provider, gateway="{keepalive: 0.05}", timeout_s=0.3, retry="{attempts: 0}"
    )
    body = {"model": "model-simple", "messages": MESSAGES, "max_tokens": 9, "stream": True}
    answer = gateway.client.post(path, json=body)
    assert answer.status_code == 200
    said = json.loads(answer.text.rpartition("data: ")[2])
    assert "did not answer in time" in said["error"]["message"]
    assert gateway.recorded.one().status == 504, "what it was is recorded"


def test_a_cascade_that_waits_keeps_its_caller_alive(
    start_balanced: Any, openai_provider: Any, anthropic_provider: Any, wire: Any
) -> None:
    async def slowly(writer: Any, received: Any) -> None:
        await asyncio.sleep(0.5)
        await wire.json(wire.openai_reply)(writer, received)

    openai_provider.usual = slowly
    gateway = start_balanced(
        openai_provider,
        above=anthropic_provider,
        cascade="{tiers: [simple], check: structure}",
        gateway="{keepalive: 0.1}",
    )
    answer = gateway.chat(stream=True)
    assert answer.text.startswith(": ping\n\n")
    assert "Paris." in answer.text
    assert gateway.recorded.one().finished


def test_thinking_that_the_callers_wire_lacks_is_heard_of(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    start, *rest = wire.anthropic_events("Paris.")
    delta = {"type": "thinking_delta", "thinking": "Hm"}
    event = {"type": "content_block_delta", "index": 0, "delta": delta}
    thinks = f"event: content_block_delta\ndata: {json.dumps(event)}\n\n".encode()
    pieces = [piece for _ in range(6) for piece in (thinks, 0.25)]
    anthropic_provider.usual = wire.stream(start, *pieces, *rest)
    gateway = start_gateway(anthropic_provider)
    answer = gateway.chat(stream=True)
    assert "Paris." in answer.text
    if "Hm" not in answer.text:  # where it is swallowed
        assert 1 <= answer.text.count(": ping\n\n") <= 3
