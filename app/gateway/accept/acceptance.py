"""The first step: from what arrived to a request that can be served, or why it cannot."""

import time
from collections.abc import Callable
from typing import Any

from tierwatch.config import Config
from tierwatch.gateway.accept.body import read_body
from tierwatch.gateway.accept.continuing import continued
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.gateway.accept.deadline import Deadlines
from tierwatch.gateway.accept.keys import Keys, shown_key
from tierwatch.gateway.accept.request import read_request
from tierwatch.gateway.accept.threads import Threads
from tierwatch.gateway.asgi import Receive
from tierwatch.gateway.asked import Asked, Headers
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.gateway.model_names import ROUTED, ModelNames
from tierwatch.loop.capture.exchange import new_exchange_id
from tierwatch.wire.chat import RESPONSES
from tierwatch.wire.refusal import Refusal
from tierwatch.wire.translation import library_request


class Acceptance:
    """Accepts requests of every wire.

    Args:
        config: tiers and limits.
        current: the active router, which knows the tiers and models.
        names: what callers call them.
        keys: what callers must show.
        conversations: tells them apart.
        responses: that callers go on from.
        clock: epoch seconds.

    Attributes:
        keys: what callers must show.
    """

    def __init__(
        self,
        config: Config,
        current: CurrentRouter,
        *,
        names: ModelNames,
        keys: Keys,
        conversations: Conversations,
        responses: KeptResponses,
        clock: Callable[[], float],
    ) -> None:
        self._current = current
        self._conversations = conversations
        self.keys = keys
        self._responses = responses
        self._clock = clock
        self._names = names
        kinds = {name: provider.kind for name, provider in config.providers.items()}
        self._threads = Threads(config.tiers, kinds)
        self._deadlines = Deadlines(config.gateway.deadline_s)
        self._most = config.gateway.max_body_mb * 1024 * 1024

    async def accept(self, wire: str, headers: Headers, receive: Receive) -> Asked | Refusal | None:
        """The request; why it is refused; None when the caller left before its last byte."""
        key = shown_key(headers)
        refusal = self.keys.refuse(key)
        if refusal is not None:
            return refusal
        body = await read_body(receive, headers, self._most)
        if not isinstance(body, bytes):
            return body
        request = read_request(body, wire)
        if isinstance(request, Refusal):
            return request
        if wire != RESPONSES or "previous_response_id" not in request:
            return self._asked(wire, headers, key, request, library_request(wire, request))
        whole = await continued(request, key, self._responses)
        if isinstance(whole, Refusal):
            return whole
        request, goes_on, begun = whole
        chat = library_request(wire, request)
        asked = self._asked(wire, headers, key, request, chat, begun=begun)
        return asked if isinstance(asked, Refusal) else asked._replace(continued=goes_on)

    def _asked(
        self,
        wire: str,
        headers: Headers,
        key: bytes,
        request: dict[str, Any],
        chat: dict[str, Any],
        *,
        begun: str = "",
    ) -> Asked | Refusal:
        started, now = time.perf_counter(), self._clock()
        session, named, kind = self._conversations.conversation(headers, request, chat, key)
        if begun and not named:
            session = begun
        called = self._names.meaning(request["model"])
        if called is None:
            return self._unknown_model(request["model"])
        if "thread" in request:
            refusal = self._threads.refusal(wire, request, called)
            if refusal is not None:
                return refusal
        pinned = None if called == ROUTED else self._current.router.pinned(called, session)
        return Asked(  # in their order: names would take twice as long
            new_exchange_id(now),
            now,
            started,
            started + self._deadlines.seconds(headers),
            wire,
            headers,
            key,
            session,
            named,
            request,
            chat,
            pinned,
            self.keys.name_of(key),
            kind,
            called,
        )

    def _unknown_model(self, model: str) -> Refusal:
        return Refusal(404, self._names.refusal(model), code="model_not_found", param="model")
