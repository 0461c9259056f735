"""What is passed on and not routed: embeddings, completions and moderations, byte for byte."""

import asyncio
from collections.abc import Callable, Mapping
from typing import get_args

from prometheus_client import Counter

from tierwatch.config import Config
from tierwatch.config.gateway import Passed
from tierwatch.errors import ProviderError
from tierwatch.gateway.accept.deadline import Deadlines
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.answer.forwarded import forwarded
from tierwatch.gateway.asgi import Header, Receive, Scope, Send
from tierwatch.gateway.caller import Caller
from tierwatch.gateway.endpoints.taken import taken
from tierwatch.gateway.model_names import ModelNames
from tierwatch.gateway.reply.headers import EVENTS
from tierwatch.gateway.reply.refuse import send_refusal
from tierwatch.gateway.reply.sent import CALLER_LEFT
from tierwatch.providers.failures import refusal
from tierwatch.providers.told import told_to
from tierwatch.providers.upstream import Upstream, UpstreamReply
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_bytes import read_outside_json
from tierwatch.wire.refusal import REFUSED_US, Refusal, refusal_for
from tierwatch.wire.sse import encode_event

PASSED_ON: tuple[Passed, ...] = get_args(Passed)
# What of an answer's head belongs to its body or its time.
_KEPT = ("content-type", "retry-after", "retry-after-ms")


class PassedOn:
    """Passes one endpoint on to a provider of kind openai. Used by every request at once.

    The provider is the one that ``gateway.passthrough`` names, else that of the configured model
    that is asked for, else the first one. It gets the caller's bytes, and the caller its bytes, as
    they arrive. There is one try: no tier above would take the same, and clients try again by
    themselves. No breaker is asked or told: those are of the deployments of tiers.

    Args:
        what: is passed on.
        config: tiers, providers and limits.
        names: what callers call models.
        keys: what callers must show.
        upstream: the providers.
        counted: (endpoint, status, key) -> what counts such requests.
    """

    def __init__(
        self,
        what: Passed,
        *,
        config: Config,
        names: ModelNames,
        keys: Keys,
        upstream: Upstream,
        counted: Callable[[str, str, str], Counter],
    ) -> None:
        self._what = what
        self._names = names
        self._keys = keys
        self._upstream = upstream
        self._counted = counted
        self._deadlines = Deadlines(config.gateway.deadline_s)
        self._most = config.gateway.max_body_mb * 1024 * 1024
        able = [name for name in config.providers if upstream.passes_on(name, what)]
        self._named = config.gateway.passthrough.get(what)
        self._first = able[0] if able else None
        self._nobody = Refusal(
            404,
            f"No provider takes /v1/{what}. Accepted: a provider of kind openai in tierwatch.yaml,"
            f" named as gateway.passthrough: {{{what}: NAME}} where there are several.",
            code="no_provider",
        )
        self._by_model: dict[str, str] = {}
        for tier in config.tiers:
            for place in tier.served_at():
                if place.provider in able:
                    self._by_model.setdefault(tier.model, place.provider)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = dict(scope["headers"])
        request = await taken(self._keys, headers, receive, self._most)
        if request is None:
            return
        if isinstance(request, Refusal):
            await send_refusal(request, OPENAI, send)
            self._counted(self._what, str(request.status), "").inc()
            return
        status = CALLER_LEFT
        try:
            status = await self._serve(request.body, headers, Caller(receive, send))
        finally:
            self._counted(self._what, str(status), request.caller).inc()

    async def _serve(self, body: bytes, headers: Mapping[bytes, bytes], caller: Caller) -> int:
        try:
            provider = self._provider(body)
            if isinstance(provider, str):
                return await self._pass(provider, body, headers, caller)
            refused = provider
        except ProviderError as error:
            refused = refusal_for(error)
        except asyncio.CancelledError:
            if not caller.left():
                raise
            return CALLER_LEFT
        finally:
            caller.unwatch()
        await send_refusal(refused, OPENAI, caller.send, told_to(OPENAI, refused.told))
        return refused.status

    def _provider(self, body: bytes) -> str | Refusal:
        if self._named is not None:
            return self._named
        try:
            request = read_outside_json(body)
        except ValueError as error:
            return Refusal(400, f"The request body is not JSON: {error}.", code="invalid_json")
        model = request.get("model") if isinstance(request, dict) else None
        meant = self._names.meaning(model) if isinstance(model, str) else None
        return self._by_model.get(meant or "") or self._first or self._nobody

    async def _pass(
        self, provider: str, body: bytes, headers: Mapping[bytes, bytes], caller: Caller
    ) -> int:
        caller.watch()
        answer = await self._upstream.pass_on(
            provider,
            self._what,
            body,
            forwarded(headers, OPENAI, OPENAI),
            within_s=self._deadlines.seconds(headers),
        )
        try:
            if answer.status in REFUSED_US:
                raise refusal(provider, answer.status, {}, await answer.read_whole())
            return await _relay(answer, caller)
        finally:
            answer.close()


async def _relay(answer: UpstreamReply, caller: Caller) -> int:
    """Pass an answer on; its status. A stream goes on as it arrives, all else once it is whole."""
    kept = ((name.encode(), answer.header(name).encode("latin-1")) for name in _KEPT)
    head: list[Header] = [(name, value) for name, value in kept if value]
    head += told_to(OPENAI, answer.told)
    if not answer.header("content-type").startswith("text/event-stream"):
        body = await answer.read_whole()
        caller.unwatch()
        head.append((b"content-length", b"%d" % len(body)))
        await caller.send({"type": "http.response.start", "status": answer.status, "headers": head})
        await caller.send({"type": "http.response.body", "body": body})
        return answer.status
    head += EVENTS[1:]
    piece = await answer.read()
    await caller.send({"type": "http.response.start", "status": answer.status, "headers": head})
    last = b""
    try:
        while piece:
            await caller.send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await answer.read()
    except ProviderError as error:
        last = b"\n\n" + encode_event(refusal_for(error).body(OPENAI))
    caller.unwatch()
    await caller.send({"type": "http.response.body", "body": last})
    return answer.status
