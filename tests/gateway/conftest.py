"""A gateway and the providers behind it: real servers on the loopback interface, in threads.

The providers are written on bare sockets, so that a test decides every byte, and when it is sent.
"""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tierwatch.config import load_config
from tierwatch.gateway import build_gateway
from tierwatch.gateway.cache.response_cache import build_cache
from tierwatch.gateway.current_router import no_types
from tierwatch.gateway.server import gateway_server
from tierwatch.loop.capture.exchange import Feedback, ServedExchange
from tierwatch.providers.upstream import Upstream
from tierwatch.routing import Router

if TYPE_CHECKING:
    from tierwatch.routing.policy import ActivePolicies

WAIT_S = 5.0

Reply = Callable[[asyncio.StreamWriter, "Received"], Awaitable[None]]

OPENAI_REPLY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "served-by-provider",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Paris."}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 21, "completion_tokens": 2, "total_tokens": 23},
}
ANTHROPIC_REPLY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "served-by-provider",
    "content": [{"type": "text", "text": "Paris."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 21, "output_tokens": 2},
}


@dataclass
class Received:
    """One request as a provider saw it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


def http(status: int, body: bytes, **headers: str) -> Reply:
    """A reply with a content length."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}"]
    headers = {"content_type": "application/json", **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    async def reply(writer: asyncio.StreamWriter, _: Received) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return reply


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    return http(status, json.dumps(value).encode(), **headers)


def raw_reply(raw: bytes) -> Reply:
    """Any bytes at all, then the connection is closed."""

    async def reply(writer: asyncio.StreamWriter, _: Received) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    return reply


def stream_reply(
    *chunks: bytes | threading.Event | float, cut: bool = False, close: bool = False
) -> Reply:
    """A chunked stream of events. An Event is waited for, a number slept, before going on."""

    async def reply(writer: asyncio.StreamWriter, _: Received) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        writer.write(head + b"transfer-encoding: chunked\r\n\r\n")
        for chunk in chunks:
            if isinstance(chunk, threading.Event):
                await asyncio.to_thread(chunk.wait, WAIT_S)
            elif isinstance(chunk, float):
                await asyncio.sleep(chunk)
            else:
                writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                await writer.drain()
        if cut:
            writer.close()
            return
        writer.write(b"0\r\n\r\n")
        if close:
            writer.close()

    return reply


async def silence(writer: asyncio.StreamWriter, _: Received) -> None:
    """No answer for longer than any time-out here."""
    await asyncio.sleep(30)


@dataclass
class FakeProvider:
    """A provider that replies what it is told to, in order, and then always ``usual``."""

    kind: str
    usual: Reply
    replies: list[Reply] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    port: int = 0
    open_connections: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}" + ("/v1" if self.kind == "openai" else "")

    def models(self) -> list[str]:
        return [request.json["model"] for request in self.received]

    @contextmanager
    def running(self) -> Iterator["FakeProvider"]:
        loop = asyncio.new_event_loop()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            self.open_connections += 1
            try:
                while (request := await self._read(reader)) is not None:
                    self.received.append(request)
                    reply = self.replies.pop(0) if self.replies else self.usual
                    gone = asyncio.create_task(self._until_closed(reader))
                    replying = asyncio.create_task(self._reply(reply, writer, request))
                    await asyncio.wait({gone, replying}, return_when=asyncio.FIRST_COMPLETED)
                    gone.cancel()
                    replying.cancel()
                    await asyncio.gather(gone, replying, return_exceptions=True)
                    if writer.is_closing() or reader.at_eof():
                        break
            except (ConnectionError, asyncio.CancelledError):
                pass
            finally:
                self.open_connections -= 1
                tasks.discard(task)
                writer.close()

        server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", self.port))
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        async def stop() -> None:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.01)

        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(stop(), loop).result(WAIT_S)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(WAIT_S)
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    async def _read(self, reader: asyncio.StreamReader) -> Received | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode().split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        headers = {name.lower(): value for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Received(first.split(" ")[1], headers, body)

    async def _until_closed(self, reader: asyncio.StreamReader) -> None:
        # Nothing is pipelined here, so the next thing to arrive during a reply is the end.
        while not reader.at_eof():  # noqa: ASYNC110 - streams have no event for their end
            await asyncio.sleep(0.01)

    async def _reply(self, reply: Reply, writer: asyncio.StreamWriter, request: Received) -> None:
        await reply(writer, request)
        await writer.drain()


@dataclass
class Recorded:
    """A recorder that keeps what it is given."""

    exchanges: list[ServedExchange] = field(default_factory=list)

    def record(self, served: ServedExchange) -> None:
        self.exchanges.append(served)

    def one(self) -> ServedExchange:
        """The only exchange there is; waits for it, since it is recorded after the reply."""
        until(lambda: self.exchanges)
        time.sleep(0.02)  # a second record of the same exchange would arrive now
        assert len(self.exchanges) == 1
        return self.exchanges[0]


def until(condition: Callable[[], object], seconds: float = WAIT_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


class RunningGateway:
    """A gateway in a thread, with the hands a test needs on it."""

    def __init__(self, config_text: str, path: Any, **options: Any) -> None:
        path.write_text(config_text)
        self.config = load_config(path)
        if prices := options.pop("prices", None):
            priced = tuple(replace(tier, price=prices[tier.name]) for tier in self.config.tiers)
            self.config = replace(self.config, tiers=priced)
        self.recorded = Recorded()
        self.feedback: list[Feedback] = []
        self.policies: Callable[[], ActivePolicies | None] = lambda: None
        self.take_feedback: Callable[[Feedback], None] = self.feedback.append
        environ = options.pop("environ", {})
        self.cache = build_cache(
            self.config,
            url=options.pop("cache_url", ""),
            redact=options.pop("redact", lambda text: text),
        )
        self.router = options.pop("router", None) or Router.from_config(path, ask=_nobody)
        self.app = build_gateway(
            config=self.config,
            router=self.router,
            recorder=self.recorded,
            policies=self._policies,
            upstream=Upstream(self.config.providers, environ),
            clock=time.time,
            feedback=self._feedback,
            environ=environ,
            cache=self.cache,
            redis_url=options.pop("redis_url", None),
            types=options.pop("types", no_types),
        )
        self.server = gateway_server(self.app, "127.0.0.1", 0)
        self.url = ""
        self.client = httpx.Client(timeout=WAIT_S, trust_env=False, verify=False)  # noqa: S501 - plain HTTP; reading the CA file takes 30 ms a test
        self._thread = threading.Thread(target=self.server.run)

    # Looked up at each call, so that a test may change them while the gateway runs.
    def _policies(self) -> "ActivePolicies | None":
        return self.policies()

    def _feedback(self, said: Feedback) -> None:
        self.take_feedback(said)

    def start(self) -> None:
        self._thread.start()
        until(lambda: self.server.started)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.client.base_url = httpx.URL(self.url)

    def stop(self) -> None:
        self.client.close()
        self.server.should_exit = True
        self._thread.join(WAIT_S * 2)
        assert not self._thread.is_alive()

    def chat(self, model: str = "auto", **fields: Any) -> httpx.Response:
        messages = [{"role": "user", "content": "What is the capital of France?"}]
        return self.client.post(
            "/v1/chat/completions", json={"model": model, "messages": messages, **fields}
        )


def _nobody(_: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("the gateway asks the classifier's model itself")


@pytest.fixture
def openai_provider() -> Iterator[FakeProvider]:
    with FakeProvider("openai", json_reply(OPENAI_REPLY)).running() as provider:
        yield provider


@pytest.fixture
def anthropic_provider() -> Iterator[FakeProvider]:
    with FakeProvider("anthropic", json_reply(ANTHROPIC_REPLY)).running() as provider:
        yield provider


@pytest.fixture
def start_gateway(tmp_path: Any) -> Iterator[Callable[..., RunningGateway]]:
    """Start gateways: ``start_gateway(provider)``, or a provider for each of the three tiers."""
    started: list[RunningGateway] = []

    def start(
        *providers: FakeProvider,
        classifier: str = "{kind: static, label: simple}",
        gateway: str = "{}",
        retry: str = "{wait: 0.01}",
        timeout_s: float = 2,
        sessions: str = "{}",
        balance: str = "{}",
        names: tuple[str, str, str] = ("simple", "standard", "complex"),
        models: str = "model",
        costs: tuple[Any, Any, Any] = (0.25, 3, 15),
        **options: Any,
    ) -> RunningGateway:
        by_tier = providers * 3 if len(providers) == 1 else providers
        named = {provider.port: provider for provider in providers}
        lines = ["routing:", f"  classifier: {classifier}", "  tiers:"]
        tiers = zip(names, costs, by_tier, strict=True)
        for name, cost, provider in tiers:
            model = f"{models}-{name}"
            lines.append(
                f"    {name}: {{model: {model}, cost: {cost}, provider: p{provider.port}}}"
            )
        lines.append("  fallback: {strategy: escalate, threshold: 0.7}")
        lines.append(f"  retry: {retry}")
        lines.append(f"  sessions: {sessions}")
        lines.append(f"  balance: {balance}")
        lines.append("providers:")
        lines += [
            f"  p{port}: {{kind: {p.kind}, base_url: '{p.base_url}', timeout: {timeout_s},"
            " api_key: env:PROVIDER_KEY}"
            for port, p in named.items()
        ]
        lines.append(f"gateway: {gateway}")
        environ = {"PROVIDER_KEY": "provider-key", "GATEWAY_KEY": "gateway-key"}
        running = RunningGateway(
            "\n".join(lines), tmp_path / "tierwatch.yaml", environ=environ, **options
        )
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def start_balanced(tmp_path: Any) -> Iterator[Callable[..., RunningGateway]]:
    """Start a gateway whose tier ``simple`` is served at several providers, the next one at one."""
    started: list[RunningGateway] = []

    def start(
        *deployments: FakeProvider,
        above: FakeProvider,
        balance: str = "{}",
        cascade: str = "",
        retry: str = "{wait: 0.01}",
        timeout_s: float = 2,
        cost: float = 1,
        sessions: str = "{}",
        gateway: str = "{}",
        **options: Any,
    ) -> RunningGateway:
        places = ", ".join(
            f"{{provider: p{d.port}, model: name-at-{d.port}, cost: {cost}}}" for d in deployments
        )
        lines = ["routing:", "  classifier: {kind: static, label: simple}", "  tiers:"]
        lines.append(f"    simple: {{model: model-simple, cost: 1, providers: [{places}]}}")
        lines.append(f"    complex: {{model: model-complex, cost: 15, provider: p{above.port}}}")
        lines += [f"  retry: {retry}", f"  balance: {balance}", f"  sessions: {sessions}"]
        lines += [f"  cascade: {cascade}"] if cascade else []
        lines.append("providers:")
        lines += [
            f"  p{port}: {{kind: {p.kind}, base_url: '{p.base_url}', timeout: {timeout_s}}}"
            for port, p in {p.port: p for p in (*deployments, above)}.items()
        ]
        lines.append(f"gateway: {gateway}")
        running = RunningGateway("\n".join(lines), tmp_path / "tierwatch.yaml", **options)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


def openai_chunks(
    *texts: str, finish: str | None = "stop", usage: bool = False, done: bool = True
) -> list[bytes]:
    """The events of a streamed answer on OpenAI's wire."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def event(**fields: Any) -> bytes:
        return b"data: " + json.dumps({**head, **fields}).encode() + b"\n\n"

    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text} for text in texts]
    events = [
        event(choices=[{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas
    ]
    if finish:
        events.append(event(choices=[{"index": 0, "delta": {}, "finish_reason": finish}]))
    if usage:
        counts = {"prompt_tokens": 21, "completion_tokens": 2, "total_tokens": 23}
        events.append(event(choices=[], usage=counts))
    if done:
        events.append(b"data: [DONE]\n\n")
    return events


def anthropic_events(*texts: str, end: bool = True) -> list[bytes]:
    """The events of a streamed answer on Anthropic's wire."""

    def event(name: str, **fields: Any) -> bytes:
        return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()

    message = {**ANTHROPIC_REPLY, "content": [], "stop_reason": None}
    block = {"type": "text", "text": ""}
    events = [
        event("message_start", message=message),
        event("content_block_start", index=0, content_block=block),
    ]
    for text in texts:
        delta = {"type": "text_delta", "text": text}
        events.append(event("content_block_delta", index=0, delta=delta))
    if end:
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        events += [
            event("content_block_stop", index=0),
            event("message_delta", delta=delta, usage={"output_tokens": 2}),
            event("message_stop"),
        ]
    return events


@pytest.fixture(scope="session")
def wire() -> SimpleNamespace:
    """The builders of replies; tests cannot import a conftest."""
    return SimpleNamespace(
        http=http,
        json=json_reply,
        raw=raw_reply,
        stream=stream_reply,
        silence=silence,
        openai_chunks=openai_chunks,
        anthropic_events=anthropic_events,
        until=until,
        openai_reply=OPENAI_REPLY,
        anthropic_reply=ANTHROPIC_REPLY,
    )
