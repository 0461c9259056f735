"""Which path leads where, and what becomes of the others and of our own mistakes."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from http import HTTPStatus
from typing import Protocol

from tierwatch.gateway.asgi import (
    ASGIApp,
    Header,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    run_lifespan,
)
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.refusal import Refusal
from tierwatch.wire.wires import WIRES

Endpoint = Callable[[Request], Awaitable[Reply]]

_MODELS = "/v1/models/"
_RESPONSES = f"{WIRES[RESPONSES].route}/"


class Endpoints(Protocol):
    """Everything but the chats (`endpoints.SmallEndpoints`)."""

    @property
    def routes(self) -> Mapping[str, tuple[str, Endpoint]]:
        """Path -> its method, and who answers there."""

    async def model(self, request: Request) -> Reply:
        """One model, by its name at the end of the path."""


class KeptAnswers(Protocol):
    """What was answered before, by the id at the end of the path (`endpoints.kept`)."""

    async def show(self, request: Request) -> Reply:
        """The answer."""

    async def forget(self, request: Request) -> Reply:
        """Whether it is forgotten."""


class Gateway:
    """The application: an ASGI callable.

    A path is looked up in a dictionary. A chat is served by its endpoint itself, with nothing
    between it and the server.

    Args:
        chats: path -> who serves ``POST`` there, chats and what is passed on.
        small: everything else.
        kept: what was answered before, by its id.
        open_app: opens what serving needs, and closes it.

    Attributes:
        opened: the same, for who serves it without a server.
    """

    def __init__(
        self,
        chats: Mapping[str, ASGIApp],
        small: Endpoints,
        kept: KeptAnswers,
        open_app: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._chats = chats
        self._small = small.routes
        self._model = small.model
        self._kept = kept
        self.opened = open_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; or open and close, as the server starts and stops."""
        if scope["type"] == "lifespan":
            await run_lifespan(self.opened, receive, send)
            return
        try:
            chat = self._chats.get(scope["path"])
            if chat is not None and scope["method"] == "POST":
                await chat(scope, receive, send)
            else:
                reply = await self._reply(scope, receive)
                await reply.send(send)
        except Exception:
            # Our own mistake: the caller gets the envelope, unless a reply has begun; the log, from
            # the server, the traceback.
            with suppress(Exception):
                await _our_mistake(scope).send(send)
            raise

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        path, method = scope["path"], scope["method"]
        name, also = "", b""
        endpoint: Endpoint
        if path.startswith(_MODELS) and path != _MODELS:
            name = path.removeprefix(_MODELS)
            accepted, endpoint = "GET", self._model
        elif path.startswith(_RESPONSES) and path.rfind("/") + 1 == len(_RESPONSES) < len(path):
            name = path.removeprefix(_RESPONSES)
            if method == "DELETE":
                accepted, endpoint = "DELETE", self._kept.forget
            else:
                accepted, endpoint, also = "GET", self._kept.show, b", DELETE"
        elif path in self._small:
            accepted, endpoint = self._small[path]
        elif path in self._chats:
            if _asks_for_a_websocket(scope):
                return _refused(scope, HTTPStatus.UPGRADE_REQUIRED, [(b"upgrade", b"HTTP/1.1")])
            return _refused(scope, HTTPStatus.METHOD_NOT_ALLOWED, [(b"allow", b"POST")])
        else:
            return self._elsewhere(scope)
        if method != accepted and not (method == "HEAD" and accepted == "GET"):
            allowed = b"GET, HEAD" if accepted == "GET" else accepted.encode()
            return _refused(scope, HTTPStatus.METHOD_NOT_ALLOWED, [(b"allow", allowed + also)])
        query = scope.get("query_string", b"")
        return await endpoint(Request(dict(scope["headers"]), receive, query, name))

    def _elsewhere(self, scope: Scope) -> Reply:
        """Nothing is here; a slash too many leads where it is."""
        path = scope["path"].rstrip("/")
        if path != scope["path"] and (path in self._small or path in self._chats):
            query = scope.get("query_string", b"")
            place = path.encode() + (b"?" + query if query else b"")
            return Reply(b"", HTTPStatus.TEMPORARY_REDIRECT, headers=[(b"location", place)])
        return _refused(scope, HTTPStatus.NOT_FOUND)


def _refused(scope: Scope, status: HTTPStatus, headers: list[Header] | None = None) -> Reply:
    what = f"{scope['method']} {scope['path']}"
    refusal = Refusal(status.value, f"{what}: {status.phrase}.")
    return Reply(refusal.body(_wire_of(scope)), status.value, headers=headers or ())


def _our_mistake(scope: Scope) -> Reply:
    refusal = Refusal(500, "The gateway failed. Its log says why.", "api_error")
    return Reply(refusal.body(_wire_of(scope)), refusal.status)


def _asks_for_a_websocket(scope: Scope) -> bool:
    """Codex tries one first. On 426 it goes on over HTTP at once, on 405 after seven more tries."""
    return scope["method"] == "GET" and any(name == b"upgrade" for name, _ in scope["headers"])


def _wire_of(scope: Scope) -> str:
    """The wire of a path; elsewhere that of the client which asks: Anthropic's says so."""
    path = scope["path"]
    of_path = next((name for name, wire in WIRES.items() if path.startswith(wire.route)), None)
    if of_path is not None:
        return of_path
    own = any(name == b"anthropic-version" for name, _ in scope["headers"])
    return ANTHROPIC if own else OPENAI
