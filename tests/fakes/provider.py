"""Providers on bare sockets, in threads: a test decides every byte, and when it is sent."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fakes.waiting import WAIT_S

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

RESPONSES_REPLY = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1700000000,
    "status": "completed",
    "model": "served-by-provider",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Paris.", "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 21, "output_tokens": 2, "total_tokens": 23},
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
        return f"http://127.0.0.1:{self.port}" + ("" if self.kind == "anthropic" else "/v1")

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
