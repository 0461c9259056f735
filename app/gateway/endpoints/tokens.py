"""How many tokens a Messages request has: counted by Anthropic's provider, else estimated here."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import Counter

from tierwatch.config import Config
from tierwatch.errors import ProviderError
from tierwatch.gateway.accept.deadline import Deadlines
from tierwatch.gateway.accept.items import MODEL, wrong
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.answer.forwarded import forwarded
from tierwatch.gateway.asgi import Reply, Request, json_reply
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.endpoints.taken import taken
from tierwatch.gateway.model_names import ROUTED, ModelNames
from tierwatch.providers.endpoint import COUNT_TOKENS
from tierwatch.providers.failures import refusal
from tierwatch.providers.told import told_to
from tierwatch.providers.upstream import Upstream
from tierwatch.routing.tiers import Tier
from tierwatch.wire.chat import ANTHROPIC
from tierwatch.wire.json_bytes import read_outside_json, write_json
from tierwatch.wire.refusal import Refusal, refusal_for
from tierwatch.wire.translation import library_request

# Characters of Latin script a token of Claude's has, in prose and code. An estimate that is high
# makes an agent compact its history early, one that is low makes it fail.
_LATIN_PER_TOKEN = 3.5
# What Anthropic counts for an image of usual size, and for a page of a document.
_IMAGE_TOKENS = 1_600
_DOCUMENT_TOKENS = 3_000
_TURN_TOKENS = 4
_END_OF_LATIN = "\u0250"
_MEDIA = {"image": _IMAGE_TOKENS, "document": _DOCUMENT_TOKENS, "container_upload": 0}
_DEEPEST = 12
# What costs no tokens of its own.
_NOT_READ = frozenset({"cache_control", "role", "type", "signature", "id", "tool_use_id"})
_OK, _BAD_REQUEST = 200, 400


class TokenCounts:
    """Answers ``POST /v1/messages/count_tokens``. Used by every request at once.

    The tier is the one that the request names, or that the router would choose; a classifier that
    is a model is not asked for a count, which then is of the default tier. Where its provider does
    not speak Anthropic's wire, or does not count, the answer is an estimate and says so.

    Args:
        config: tiers and limits.
        current: the active router.
        names: what callers call models.
        keys: what callers must show.
        upstream: the providers.
        counted: (endpoint, status, key) -> what counts such requests.
    """

    def __init__(
        self,
        *,
        config: Config,
        current: CurrentRouter,
        names: ModelNames,
        keys: Keys,
        upstream: Upstream,
        counted: Callable[[str, str, str], Counter],
    ) -> None:
        self._default = config.default_tier if config.classifier.kind == "llm" else ""
        self._current = current
        self._names = names
        self._keys = keys
        self._upstream = upstream
        self._counted = counted
        self._deadlines = Deadlines(config.gateway.deadline_s)
        self._most = config.gateway.max_body_mb * 1024 * 1024

    async def count(self, request: Request) -> Reply:
        """The count, in Anthropic's form."""
        asked = await taken(self._keys, request.headers, request.receive, self._most)
        if asked is None:
            return Reply(b"", _BAD_REQUEST)  # the caller left; nobody reads this
        caller = "" if isinstance(asked, Refusal) else asked.caller
        found = asked if isinstance(asked, Refusal) else await self._answer(asked.body, request)
        if isinstance(found, Refusal):
            headers = [*found.headers(), *told_to(ANTHROPIC, found.told)]
            found = Reply(found.body(ANTHROPIC), found.status, headers=headers)
        self._counted(COUNT_TOKENS, str(found.status), caller).inc()
        return found

    async def _answer(self, body: bytes, request: Request) -> Reply | Refusal:
        try:
            message = read_outside_json(body)
        except ValueError as error:
            return Refusal(400, f"The request body is not JSON: {error}.", code="invalid_json")
        if not isinstance(message, dict) or not isinstance(message.get("messages"), list):
            return Refusal(400, "`messages` must be a list of messages.", param="messages")
        model = message.get("model")
        if not isinstance(model, str) or not model:
            return wrong("model", MODEL)
        tier = self._tier(message)
        if tier is None:
            return Refusal(404, self._names.refusal(model), code="model_not_found")
        for place in tier.served_at():
            if self._upstream.passes_on(place.provider, COUNT_TOKENS):
                sent = write_json({**message, "model": place.model})
                said = await self._passed(place.provider, sent, request)
                if said is not None:
                    return said
        estimate = {"input_tokens": estimated_input(message)}
        return json_reply(estimate)._replace(headers=[(b"x-tierwatch-estimated", b"true")])

    def _tier(self, message: dict[str, Any]) -> Tier | None:
        meant = self._names.meaning(message["model"])
        if meant is None:
            return None
        router = self._current.router
        if meant != ROUTED:
            decision = router.pinned(meant)
        elif self._default:
            return router.ladder(router.policies.stable.version).by_name[self._default]
        else:
            chat = library_request(ANTHROPIC, message)
            decision = router.route(chat["messages"], tools=chat.get("tools"))
        if decision is None:
            return None
        return router.ladder(decision.policy_version).by_name[decision.tier]

    async def _passed(self, provider: str, body: bytes, request: Request) -> Reply | Refusal | None:
        """What the provider counts, or says of the request; None where it cannot be had."""
        try:
            answer = await self._upstream.pass_on(
                provider,
                COUNT_TOKENS,
                body,
                forwarded(request.headers, ANTHROPIC, ANTHROPIC),
                within_s=self._deadlines.seconds(request.headers),
            )
            try:
                said = await answer.read_whole()
                told = told_to(ANTHROPIC, answer.told)
            finally:
                answer.close()
        except ProviderError:
            return None
        if answer.status == _OK:
            return Reply(said, headers=told)
        if answer.status == _BAD_REQUEST:  # the caller's own mistake, in the vendor's words
            return refusal_for(refusal(provider, answer.status, {}, said))
        return None


def estimated_input(message: Mapping[str, Any]) -> int:
    """Estimate of the tokens in a Messages request.

    3.5 characters of Latin script are one token, and each character of another script is one;
    an image has 1,600, a document 3,000, each turn and tool 4 beside its text.

    >>> estimated_input({"messages": [{"role": "user", "content": "What is the capital?"}]})
    10
    """
    parts = [message.get("system"), message.get("messages"), message.get("tools")]
    turns = sum(len(part) for part in parts if isinstance(part, list))
    return math.ceil(sum(_tokens(part, 0) for part in parts)) + _TURN_TOKENS * turns


def _tokens(value: object, depth: int) -> float:
    if isinstance(value, str):
        latin = len(value)
        if not value.isascii():
            latin = sum(character < _END_OF_LATIN for character in value)
        return latin / _LATIN_PER_TOKEN + len(value) - latin
    if depth > _DEEPEST:
        return 0
    if isinstance(value, list):
        return sum(_tokens(one, depth + 1) for one in value)
    if isinstance(value, dict):
        media = _MEDIA.get(str(value.get("type")))
        if media is not None and "source" in value:
            return media
        return sum(
            _tokens(one, depth + 1) + (len(name) / _LATIN_PER_TOKEN if depth > 1 else 0)
            for name, one in value.items()
            if name not in _NOT_READ
        )
    return 1 if value is not None else 0
