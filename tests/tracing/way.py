"""The way of one exchange through the gateway, module by module.

    PYTHONPATH=tests python tests/tracing/way.py [PACKAGE]

prints what `figures` gives for each kind of request: of ``tierwatch``, or of a package of another
name on the path, which is how an older tree is measured with the same tool.
"""

import asyncio
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from factories.gateway_config import three_tiers
from fakes.provider import (
    OPENAI_REPLY,
    FakeProvider,
    Received,
    json_reply,
    openai_chunks,
    stream_reply,
)

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
CHATS, ANTHROPIC = "/v1/chat/completions", "/v1/messages"


class Entered(NamedTuple):
    """A function of ours that was called, and the module of ours that it was called from."""

    module: str
    function: str
    caller: str


# The rooms of an exchange: the steps that `gateway.serve` calls, and where they lead out.
STEPS = ("accept", "cache", "route", "answer", "reply", "record")
OUTSIDE = {"providers.upstream": "providers", "loop.capture.": "capture"}
# No room is entered by asking a value that one was handed,
VALUES = (
    "gateway.asked",
    "gateway.cache.lookup",
    "gateway.route.route",
    "gateway.answer.answer",
    "gateway.answer.begun",
    "gateway.answer.ledger",
    "gateway.reply.sent",
    "loop.capture.exchange",
)
OPEN_STREAM = "UpstreamReply."
# nor what lies below all steps: metrics, memory, deployments, the caller, and whatever is pure
# (routing, wire). The same in a tree whose gateway had no rooms yet, where each file is one.
EACH_A_ROOM = (
    "gateway.conversations",
    "gateway.inbound",
    "gateway.cascade",
    "gateway.response_cache",
    "gateway.model_classifier",
)


def place(module: str) -> str:
    """Where a module stands: ``serve``, the name of a room, or "" for what is in none."""
    if module in {"gateway.serve", "gateway.chat"}:
        return "serve"
    if module in EACH_A_ROOM:
        return module.removeprefix("gateway.")
    folder = module.removeprefix("gateway.").partition(".")[0]
    if module.startswith("gateway.") and folder in STEPS:
        return folder
    return next((name for start, name in OUTSIDE.items() if module.startswith(start)), "")


class Kind(NamedTuple):
    """A kind of request."""

    path: str = CHATS
    stream: bool = False
    cache: bool = False

    def body(self) -> dict[str, Any]:
        wanted = {"max_tokens": 64} if self.path == ANTHROPIC else {}
        return {
            "model": "auto",
            "messages": MESSAGES,
            "temperature": 0,
            "stream": self.stream,
            **wanted,
        }


KINDS = {
    "plain": Kind(),
    "streamed": Kind(stream=True),
    "translated": Kind(path=ANTHROPIC),
    "translated, streamed": Kind(path=ANTHROPIC, stream=True),
    "from the cache": Kind(cache=True),
}


class Tracer:
    """Notes the functions of a package that are called below `within`, each once it begins.

    A coroutine that goes on after a wait was not called again, and a task of its own is not on the
    way: its frames do not stand above the one that is traced.
    """

    def __init__(self, package: str) -> None:
        folder = Path(str(importlib.import_module(package).__file__)).parent
        self._folder = f"{folder}/"
        self._root: FrameType | None = None
        self._seen: dict[int, FrameType] = {}
        self.entered: list[Entered] = []

    @contextmanager
    def within(self, root: FrameType) -> Iterator[None]:
        self._root = root
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or self._module(frame) is None or self._seen.get(id(frame)) is frame:
            return
        self._seen[id(frame)] = frame  # held, so that no other frame gets its id
        caller, above = "", frame.f_back
        while above is not None and above is not self._root:
            caller = caller or self._module(above) or ""
            above = above.f_back
        if above is not None:
            self.entered.append(
                Entered(self._module(frame) or "", frame.f_code.co_qualname, caller)
            )

    def _module(self, frame: FrameType) -> str | None:
        name = frame.f_code.co_filename
        if not name.startswith(self._folder):
            return None
        return name.removeprefix(self._folder).removesuffix(".py").replace("/", ".")


async def walk(app: Any, kind: Kind, package: str) -> list[Entered]:
    """Send one request to an application, and give what it entered on its way."""
    parts = [{"type": "http.request", "body": json.dumps(kind.body()).encode()}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            await asyncio.Event().wait()  # the caller stays
        return parts.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": kind.path,
        "root_path": "",
        "query_string": b"",
        "headers": [(b"x-session-id", b"one")],
    }
    tracer = Tracer(package)
    with tracer.within(sys._getframe()):
        await app(scope, receive, send)
    assert sent[0]["status"] == 200
    assert dict(sent[0]["headers"])[b"x-tierwatch-cache"] == (b"hit" if kind.cache else b"off")
    return tracer.entered


async def way(
    kind: Kind,
    package: str,
    provider: FakeProvider,
    *,
    recorder: Any,
    redis_url: str = "",
) -> list[Entered]:
    """The way of one request through a new gateway. Another one went before it: nothing is new."""
    found = importlib.import_module
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tierwatch.yaml"
        cache = "{cache: {mode: exact, budget_ms: 1000}}" if kind.cache else "{}"
        path.write_text(three_tiers(provider, gateway=cache))
        environ = {"PROVIDER_KEY": "k"}
        config = found(f"{package}.config").load_config(path)
        gateway = found(f"{package}.gateway")
        build_cache = getattr(gateway, "build_cache", None)
        if build_cache is None:
            build_cache = found(f"{package}.gateway.response_cache").build_cache
        app = gateway.build_gateway(
            config=config,
            router=found(f"{package}.routing").Router.from_config(path),
            recorder=recorder,
            policies=lambda: None,
            upstream=found(f"{package}.providers.upstream").Upstream(config.providers, environ),
            clock=time.time,
            feedback=lambda _: None,
            environ=environ,
            cache=build_cache(config, url=redis_url, redact=lambda text: text),
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.opened())
            first = kind._replace(cache=False)
            if kind.cache:
                await _fill(app, package)
            else:
                await walk(app, first, package)
            return await walk(app, kind, package)


async def _fill(app: Any, package: str) -> None:
    """Ask until the cache has the answer: it is kept behind the request's back."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            await walk(app, Kind(cache=True), package)
        except AssertionError:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the answer was not kept")


def stays(entered: Sequence[Entered]) -> list[str]:
    """The modules that were entered, one after the other."""
    return [module for module, _ in groupby(one.module for one in entered)]


def rooms(entered: Sequence[Entered]) -> list[tuple[str, str]]:
    """(From where, which room) each time that a room is entered from outside."""
    return [
        (place(one.caller), place(one.module))
        for one in entered
        if place(one.module) not in {"", "serve", place(one.caller)}
        and one.module not in VALUES
        and not one.function.startswith(OPEN_STREAM)
    ]


def figures(entered: Sequence[Entered]) -> str:
    """Rooms, and returns to one; files, and returns to one."""
    modules, names = stays(entered), [name for _, name in rooms(entered)]
    again = len(names) - len(set(names))
    files = len(set(modules))
    return (
        f"{len(names):3} times into {len(set(names)):2} rooms, {again:2} of them again;"
        f" {len(modules)} stays in {files} files, {len(modules) - files} of them returns"
    )


async def usual(writer: asyncio.StreamWriter, received: Received) -> None:
    """Answer as OpenAI does, whole or as a stream."""
    chunks = openai_chunks("Par", "is.", usage=True)
    streamed = received.json.get("stream")
    await (stream_reply(*chunks) if streamed else json_reply(OPENAI_REPLY))(writer, received)


class Nobody:
    """A recorder that keeps nothing."""

    def record(self, served: object) -> None:
        """Take an exchange."""


if __name__ == "__main__":
    package = sys.argv[1] if len(sys.argv) > 1 else "tierwatch"
    with FakeProvider("openai", usual).running() as provider:
        for name, kind in KINDS.items():
            if not kind.cache:
                entered = asyncio.run(way(kind, package, provider, recorder=Nobody()))
                sys.stdout.write(f"{name:22} {figures(entered)}\n")
                if "-v" in sys.argv:
                    sys.stdout.write("".join(f"    {module}\n" for module in stays(entered)))
