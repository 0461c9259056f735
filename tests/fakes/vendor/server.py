"""The vendor as a server: in a thread for tests, in a process of its own for real clients."""

import asyncio
import json
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fakes.vendor import odd, script
from fakes.vendor.asked import Asked
from fakes.vendor.models import FAMILIES, Model, model
from fakes.vendor.refusals import RefusedError, openai_problem
from fakes.vendor.together import Together
from fakes.vendor.wires import BY_PATH, State, Wire
from fakes.waiting import WAIT_S, until

Send = Callable[[dict[str, Any]], Awaitable[None]]
_FAILED = 400


@dataclass
class Heard:
    """A request as it came, what it asked, and what was answered, byte for byte."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    asked: Asked | None = None
    status: int = 200
    sent: bytes = b""

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def refusal(self) -> str:
        """Why it was refused, "" when it was not."""
        return self.sent.decode() if self.status >= _FAILED else ""


class _BrokenError(Exception):
    """Ends a connection in the middle of an answer."""


@dataclass
class Vendor:
    """Answers on all three wires; ``heard`` is every request in order."""

    heard: list[Heard] = field(default_factory=list)
    port: int = 0
    # Called with each request after its answer.
    tell: Callable[[Heard], None] = lambda _: None
    state: State = field(default_factory=State)
    together: Together = field(default_factory=Together)
    # What a 429 says of the time to wait.
    retry_after_s: float = 1

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def posted(self) -> list[Heard]:
        """The requests for answers."""
        return [one for one in self.heard if one.path in BY_PATH]

    @contextmanager
    def running(self) -> Iterator["Vendor"]:
        config = uvicorn.Config(
            self.app,
            "127.0.0.1",
            self.port,
            log_level=100,
            interface="asgi3",
            lifespan="off",
            access_log=False,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        until(lambda: server.started)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            thread.join(WAIT_S)

    async def app(self, scope: Any, receive: Any, send: Send) -> None:
        """The vendor as an ASGI application."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        heard = Heard(scope["method"], scope["path"], headers, body)
        self.heard.append(heard)
        try:
            await self._serve(heard, send)
        finally:
            self.tell(heard)

    async def _serve(self, heard: Heard, send: Send) -> None:
        wire = BY_PATH.get(heard.path) if heard.method == "POST" else None
        try:
            if wire is None:
                found = self._other(heard)
                await _whole(heard, send, 200, json.dumps(found).encode())
            else:
                await self._answer(wire, heard, send)
        except RefusedError as error:
            problem = (wire.problem if wire else openai_problem)(error)
            told = json.dumps(problem).encode()
            await _whole(heard, send, error.status, told, retry_after_s=self.retry_after_s)
        except _BrokenError:
            raise
        except Exception:  # noqa: BLE001 - a fault of this fake is to be read by its user
            await _whole(heard, send, 500, traceback.format_exc().encode())

    async def _answer(self, wire: Wire, heard: Heard, send: Send) -> None:
        body = _read_json(heard.body)
        _check_key(wire, heard.headers)
        if not isinstance(body.get("stream", False), bool):
            raise RefusedError("stream: Input should be a valid boolean", param="stream")
        family = _family(wire, body)
        asked = wire.read(body, heard.headers, self.state, family)
        heard.asked = asked
        wire.check_model(body, asked, family)
        answer = script.answer(asked, family)
        if answer.status != 200:
            raise RefusedError(f"Scripted failure {answer.status}.", status=answer.status)
        written = wire.write(body, asked, answer, self.state)
        if written.kept:
            self.state.responses[written.kept[0]] = written.kept[1]
        await self._wait(answer)
        stream = asked.stream
        if answer.odd in {"json-for-stream", "sse-for-whole"}:
            stream = answer.odd == "sse-for-whole"
        if not stream:
            if answer.within == "error":
                raise RefusedError("Scripted failure.", status=500)
            await _whole(heard, send, 200, written.whole, cut=answer.within == "break")
            return
        shape = odd.SHAPES.get(answer.odd, lambda events: events)
        events = shape(written.events)
        if answer.within:
            events = events[: max(2, len(events) // 2)]
        if answer.within == "error":
            events.append(written.error)
        await _streamed(heard, send, events, cut=answer.within == "break")

    async def _wait(self, answer: script.Answer) -> None:
        if answer.together:
            await self.together.join(answer.together)
        if answer.slow_s:
            await asyncio.sleep(answer.slow_s)

    def _other(self, heard: Heard) -> dict[str, Any]:
        """What is not an answer of a model.

        Raises:
            RefusedError: 404 when there is no such thing.
        """
        path = heard.path
        if path == "/v1/models":
            return {"object": "list", "data": [_listed(one) for one in FAMILIES]}
        if path == "/v1/messages/count_tokens":
            body = _read_json(heard.body)
            wire = BY_PATH["/v1/messages"]
            family = _family(wire, body)
            asked = wire.read({**body, "max_tokens": 1}, heard.headers, self.state, family)
            return {"input_tokens": asked.prompt_tokens}
        if path == "/v1/embeddings":
            given = _read_json(heard.body)["input"]
            texts = given if isinstance(given, list) else [given]
            data = [{"object": "embedding", "index": n, "embedding": [0.5, 0.25]}
                    for n, _ in enumerate(texts)]  # fmt: skip
            usage = {"prompt_tokens": 2, "total_tokens": 2}
            return {"object": "list", "data": data, "model": "embedding", "usage": usage}
        if path == "/v1/moderations":
            return {"id": "modr_1", "model": "moderation", "results": [{"flagged": False}]}
        if path == "/v1/completions":
            usage = {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
            choice = {"index": 0, "text": "forty-two", "finish_reason": "stop", "logprobs": None}
            named = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
            return {**named, "choices": [choice], "usage": usage}
        return self._kept(heard)

    def _kept(self, heard: Heard) -> dict[str, Any]:
        named = heard.path.removeprefix("/v1/responses/")
        if named not in self.state.bodies or heard.method not in {"GET", "DELETE"}:
            raise RefusedError(f"Not found: {heard.method} {heard.path}", status=404)
        if heard.method == "GET":
            return self.state.bodies[named]
        del self.state.bodies[named], self.state.responses[named]
        return {"id": named, "object": "response.deleted", "deleted": True}


def _family(wire: Wire, body: Mapping[str, Any]) -> Model:
    named = body.get("model")
    family = model(str(named), wire.vendor)
    if family is None:
        told = f"model: {named}" if wire.vendor == "anthropic" else (
            f"The model '{named}' does not exist or you do not have access to it.")  # fmt: skip
        raise RefusedError(told, param="model", status=404)
    return family


def _check_key(wire: Wire, headers: Mapping[str, str]) -> None:
    shown = headers.get("x-api-key") or headers.get("authorization")
    if not shown:
        raise RefusedError("You didn't provide an API key.", status=401)
    if wire.vendor == "anthropic" and "anthropic-version" not in headers:
        raise RefusedError("anthropic-version: header is required")


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise RefusedError("We could not parse the JSON body of your request.") from None
    if not isinstance(found, dict):
        raise RefusedError("The body of a request is a JSON object.")
    return found


def _listed(one: Model) -> dict[str, Any]:
    return {"id": one.begins, "object": "model", "created": 1, "owned_by": one.vendor}


def _head(heard: Heard, status: int, kind: str, retry_after_s: float = 1) -> dict[str, Any]:
    heard.status = status
    headers = [(b"content-type", kind.encode())]
    named = b"request-id" if heard.path.startswith("/v1/messages") else b"x-request-id"
    headers.append((named, b"req_vendor"))
    if status == 429:
        headers.append((b"retry-after", f"{retry_after_s:g}".encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _whole(
    heard: Heard,
    send: Send,
    status: int,
    body: bytes,
    *,
    cut: bool = False,
    retry_after_s: float = 1,
) -> None:
    heard.sent = body[: len(body) // 2] if cut else body
    await send(_head(heard, status, "application/json", retry_after_s))
    await send({"type": "http.response.body", "body": heard.sent, "more_body": cut})
    if cut:
        raise _BrokenError


async def _streamed(heard: Heard, send: Send, events: list[bytes], *, cut: bool) -> None:
    await send(_head(heard, 200, "text/event-stream; charset=utf-8"))
    for event in events:
        heard.sent += event
        await send({"type": "http.response.body", "body": event, "more_body": True})
    if cut:
        # What was written is to leave before the connection ends.
        await asyncio.sleep(0.01)
        raise _BrokenError
    await send({"type": "http.response.body", "body": b"", "more_body": False})
