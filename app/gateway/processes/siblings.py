"""The processes of one gateway, seen through any of them: their metrics, and their readiness.

Each process answers the others on a Unix socket in a folder of their supervisor's. A scrape that
hits one of them asks all: every series gets the label `process`, so that each counter starts anew
with its own process, as Prometheus expects, and none falls when another process ends.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tierwatch.gateway.asgi import ASGIApp, Message, Receive, Scope, Send

_METRICS: Final = "/metrics"
_READY: Final = "/readyz"
# A process that does not answer in time is left out; Prometheus waits for 10 s.
_ANSWER_S = 2.0
_SUFFIX = ".sock"


class Siblings:
    """An application that answers for all processes where one is asked for itself.

    Args:
        app: the gateway.
        folder: where each process has its socket.
        name: of this process's place, for the label; its next process has the same.
        pid: of this process.
    """

    def __init__(self, app: ASGIApp, folder: Path, name: str, pid: int) -> None:
        self._app = app
        self._folder = folder
        self._name = name
        self._path = folder / f"{name}.{pid}{_SUFFIX}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] not in {_METRICS, _READY}:
            await self._app(scope, receive, send)
            return
        messages = await _messages(self._app, scope)
        start, body = messages[0], _body(messages)
        if start["status"] == 200:  # noqa: PLR2004 - HTTP's OK; a refusal is this process's own
            answers = {**await self._others(scope)}
            if self._path.exists() or self._name not in answers:
                answers[self._name] = body  # else this process leaves, and the next one counts
            join = _metrics_of_all if scope["path"] == _METRICS else _readiness_of_all
            body = await asyncio.to_thread(join, answers, body)
        headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer the others. The socket is there when this process serves, and goes with it."""
        fresh = self._path.with_suffix(".new")
        server = await asyncio.start_unix_server(self._answer, fresh)
        fresh.replace(self._path)  # whoever sees it can connect
        try:
            yield
        finally:
            server.close()
            self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wrong_shape = (ValueError, LookupError, TypeError, AttributeError)
        try:
            with contextlib.suppress(OSError, TimeoutError, *wrong_shape):
                async with asyncio.timeout(_ANSWER_S):
                    asked = json.loads(await reader.readline())
                    headers = [(name.encode(), value.encode()) for name, value in asked["headers"]]
                    messages = await _messages(self._app, _scope(asked["path"], headers))
                    if messages[0]["status"] == 200:  # noqa: PLR2004 - HTTP's OK
                        writer.write(_body(messages))
                        await writer.drain()
        finally:
            writer.close()

    async def _others(self, scope: Scope) -> Mapping[str, bytes]:
        headers = [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]
        ]
        question = json.dumps({"path": scope["path"], "headers": headers}).encode() + b"\n"
        paths = sorted(path for path in self._folder.glob(f"*{_SUFFIX}") if path != self._path)
        answers = await asyncio.gather(*(_ask(path, question) for path in paths))
        named = zip((path.name.partition(".")[0] for path in paths), answers, strict=True)
        return {name: answer for name, answer in named if answer}


async def _ask(path: Path, question: bytes) -> bytes:
    """What a process answers; empty for one that does not."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(question)
                return await reader.read()
            finally:
                writer.close()
    return b""


async def _messages(app: ASGIApp, scope: Scope) -> list[Message]:
    """What the application sends for a request without a body."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def _body(messages: Iterable[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


def _scope(path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": None,
        "state": {},
    }


class _Families:
    """Metrics of several processes, in the form that `generate_latest` collects."""

    def __init__(self, expositions: Mapping[str, bytes]) -> None:
        self._expositions = expositions

    def collect(self) -> Iterator[Metric]:
        """Each family once, with the samples of all processes."""
        families: dict[str, Metric] = {}
        for process, exposition in sorted(self._expositions.items()):
            for found in text_string_to_metric_families(exposition.decode()):
                family = families.setdefault(
                    found.name, Metric(found.name, found.documentation, found.type)
                )
                family.samples.extend(
                    Sample(one.name, {**one.labels, "process": process}, one.value)
                    for one in found.samples
                )
        yield from families.values()


def _metrics_of_all(answers: Mapping[str, bytes], own: bytes) -> bytes:
    del own
    return generate_latest(_Families(answers))


def _readiness_of_all(answers: Mapping[str, bytes], own: bytes) -> bytes:
    processes = {name: orjson.loads(answer) for name, answer in sorted(answers.items())}
    return orjson.dumps({**orjson.loads(own), "processes": processes})
