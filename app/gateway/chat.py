"""One chat request: read, decide, answer through a provider, record.

A plain ASGI callable and no request or response objects: this is the path whose speed is measured.
It does no input or output of its own but one look into the response cache, where there is one, and
one for the conversation, of milliseconds at most; all other waiting is for the caller and for
providers.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from tierwatch.config import Config
from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.answers import Asked, Begun, Whole
from tierwatch.gateway.answer.balancer import Balancer, Call, Tries
from tierwatch.gateway.answer.cascade import Cascade
from tierwatch.gateway.cache.cache_key import read_wish
from tierwatch.gateway.cache.response_cache import Look, ResponseCache
from tierwatch.gateway.caller_watch import CallerWatch
from tierwatch.gateway.inbound import Headers, Keys, read_body, read_request, session_of
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.open_exchange import OpenExchange
from tierwatch.gateway.route.conversations import Conversations
from tierwatch.gateway.route.model_classifier import ModelClassifier
from tierwatch.gateway.route.policies import CurrentRouter
from tierwatch.gateway.send_refusal import send_refusal
from tierwatch.loop.capture.exchange import Recorder
from tierwatch.providers.upstream import Upstream, UpstreamStream
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.decision import Decision
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import CACHE_TIER, Price, Tier
from tierwatch.wire.anthropic_wire import request_to_openai
from tierwatch.wire.cached_reply import CachedAnswer, streamed_reply, whole_reply
from tierwatch.wire.history import mentions_reasoning
from tierwatch.wire.json_bytes import read_json
from tierwatch.wire.refusal import ANTHROPIC, Refusal, refusal_for
from tierwatch.wire.translation import StreamRelay, caller_reply, provider_body, reported_usage
from tierwatch.wire.usage import Usage
from tierwatch.wire.whole_stream import completion_stream, message_stream

AUTO = frozenset({"auto", "tierwatch/auto"})

# A provider that names a time before the next try gets it, up to this: the caller is waiting, and
# a tier above may be free.
_LONGEST_PAUSE_S = 1.0
_NO_RETRY = RetrySection(attempts=0)
_JSON = (b"content-type", b"application/json")
_EVENTS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx in front would hold the stream back
]
# What an Anthropic caller says about its wire, for an Anthropic provider.
_ANTHROPIC_HEADERS = (b"anthropic-version", b"anthropic-beta")


class ChatEndpoint:
    """Serves chats to callers on one wire. Used by every request at once.

    Args:
        wire: what callers speak here, ``openai | anthropic``.
        config: tiers, classifier and limits.
        current: the router in force.
        recorder: is given every exchange once its reply is closed.
        upstream: the providers.
        conversations: what is remembered of them.
        balancer: chooses between the deployments of a tier.
        keys: what callers must show.
        metrics: what is counted.
        clock: epoch seconds.
        asks: the classifier that is a model; None where the router's own classifies.
        cache: answers that were given before; None without one.
    """

    def __init__(
        self,
        wire: str,
        *,
        config: Config,
        current: CurrentRouter,
        recorder: Recorder,
        upstream: Upstream,
        conversations: Conversations,
        balancer: Balancer,
        keys: Keys,
        metrics: GatewayMetrics,
        clock: Callable[[], float],
        asks: ModelClassifier | None = None,
        cache: ResponseCache | None = None,
    ) -> None:
        self._wire = wire
        self._config = config
        self._current = current
        self._recorder = recorder
        self._upstream = upstream
        self._conversations = conversations
        self._balancer = balancer
        self._keys = keys
        self._metrics = metrics
        self._clock = clock
        self._asks = asks
        self._cache = cache
        self._auto = AUTO | frozenset(config.gateway.auto_models)
        self._tiers = {tier.name: tier for tier in config.tiers}
        self._retry = config.retry
        cascade = config.cascade
        self._cascade = None if cascade is None else Cascade(cascade, config.tiers, metrics)
        self._most = config.gateway.max_body_mb * 1024 * 1024
        self._tier_headers = {tier.name: _tier_headers(tier) for tier in config.tiers}
        self._rank = {tier.name: rank for rank, tier in enumerate(config.tiers)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = dict(scope["headers"])
        exchange = await self._accepted(headers, receive)
        if exchange is None:
            return
        if isinstance(exchange, Refusal):
            self._metrics.refused(str(exchange.status)).inc()
            await send_refusal(exchange, self._wire, send, [])
            return
        self._metrics.in_flight.inc()
        watch = CallerWatch(receive)
        try:
            await self._serve(exchange, headers, send, watch)
        except asyncio.CancelledError:
            if not watch.caller_left():
                raise
        finally:
            watch.stop()
            self._close(exchange)

    async def _accepted(self, headers: Headers, receive: Receive) -> OpenExchange | Refusal | None:
        refusal = self._keys.refuse(headers)
        if refusal is not None:
            return refusal
        body = await read_body(receive, headers, self._most)
        if not isinstance(body, bytes):
            return body
        request = read_request(body)
        if isinstance(request, Refusal):
            return request
        chat = request
        if self._wire == ANTHROPIC:
            try:
                chat = request_to_openai(request)
            except ProviderError as error:
                return Refusal(400, str(error))
        exchange = OpenExchange(request, chat, session_of(headers, request), self._clock())
        if request["model"] not in self._auto:
            exchange.decision = self._router.pinned(request["model"], exchange.session)
            if exchange.decision is None:
                return self._unknown_model(request["model"])
        return exchange

    @property
    def _router(self) -> Router:
        return self._current.router

    def _unknown_model(self, model: str) -> Refusal:
        accepted = ["auto", *self._tiers, *(tier.model for tier in self._config.tiers)]
        return Refusal(
            404,
            f"There is no model {model!r}. Accepted: {', '.join(dict.fromkeys(accepted))}.",
            code="model_not_found",
            param="model",
        )

    async def _serve(
        self, exchange: OpenExchange, headers: Headers, send: Send, watch: CallerWatch
    ) -> None:
        if self._cache is not None:
            exchange.look = await self._look(self._cache, exchange, headers)
        exchange.recalled = await self._conversations.recall(exchange, headers)
        if (cached := exchange.look.answer) is not None:
            if await self._still_does(exchange, cached):
                await self._reply_cached(exchange, cached, send, watch)
                return
            exchange.look = Look("miss", exchange.look.key)
        if exchange.decision is None:
            exchange.decision = await self._decide(exchange)
        exchange.decision = self._conversations.settle(exchange, exchange.decision)
        try:
            answer = await self._answer(exchange, exchange.decision, headers)
        except ProviderError as error:
            await self._fail(exchange, refusal_for(error), send, watch)
            return
        if isinstance(answer, Begun):
            await self._relay(exchange, answer, send, watch)
        else:
            await self._reply(exchange, answer, send, watch)

    async def _look(self, cache: ResponseCache, exchange: OpenExchange, headers: Headers) -> Look:
        pinned = exchange.decision is not None
        return await cache.look(
            self._wire,
            headers,
            exchange.request,
            asked=exchange.request["model"] if pinned else "auto",
            wish=read_wish(headers, exchange.request),
            count=lambda result: self._metrics.cache_looks(result).inc(),
        )

    async def _still_does(self, exchange: OpenExchange, answer: CachedAnswer) -> bool:
        """Whether an answer that was given before is of the tier that would serve now, or better.

        That is the tier which the router chooses, or which the conversation is held at, unless for
        a warm prompt cache alone: that is a matter of price, and this answer is free.
        """
        decision = exchange.decision or await self._decide_again(exchange, answer)
        if decision is not None:
            turn = self._conversations.turn(exchange, decision)
            would_serve = decision
            if turn is not None and turn.move != "warm_cache":
                would_serve = turn.decision
            if self._rank.get(answer.tier, -1) >= self._rank[would_serve.tier]:
                self._metrics.cache_looks(exchange.look.status).inc()
                exchange.decision = would_serve
                return True
            if self._asks is None:
                exchange.decision = decision  # not decided a second time
        self._metrics.cache_looks("stale").inc()
        return False

    async def _decide_again(self, exchange: OpenExchange, answer: CachedAnswer) -> Decision | None:
        """The decision of now; a classifier that is a model is not asked, its word was kept."""
        if self._asks is None:
            return await self._decide(exchange)
        if answer.classification is None:
            return None
        return self._router.decide(answer.classification, exchange.session)

    async def _decide(self, exchange: OpenExchange) -> Decision:
        router, chat = self._router, exchange.chat
        if self._asks is not None:
            decision = await self._asks.decide(router, exchange)
        else:
            decision = router.route(
                chat["messages"],
                exchange.session,
                tools=chat.get("tools"),
                response_format=chat.get("response_format"),
            )
        kind, _, why = decision.reason.partition(":")
        if kind == "classifier_failed":
            self._metrics.classifier_failures(why).inc()
        return decision

    async def _answer(
        self, exchange: OpenExchange, decision: Decision, headers: Headers
    ) -> Whole | Begun:
        """Ask as the decision says, through the cascade where there is one.

        Raises:
            ProviderError: as `_first_answer`.
        """
        asked = Asked(exchange.request, exchange.chat, exchange.streaming)
        cascade, retry = self._cascade, self._retry
        if cascade is None or self._by_model(exchange, decision):
            ladder = self._ladder(exchange, decision)
            return await self._first_answer(exchange, ladder, headers, asked, retry)

        async def ask(decision: Decision, asked: Asked) -> Whole | Begun:
            ladder = self._ladder(exchange, decision)
            return await self._first_answer(exchange, ladder, headers, asked, retry)

        async def one(tier: Tier, asked: Asked) -> Whole | Begun:
            return await self._first_answer(exchange, [tier], headers, asked, _NO_RETRY)

        return await cascade.answer(exchange, decision, asked, ask, one)

    async def _first_answer(
        self,
        exchange: OpenExchange,
        ladder: list[Tier],
        headers: Headers,
        asked: Asked,
        retry: RetrySection,
    ) -> Whole | Begun:
        """Ask the first tier, again if it fails, then each tier above it, as ``retry`` says.

        Raises:
            ProviderError: nobody answered (the last failure), or a provider refused the request.
        """
        homes = self._conversations.homes(exchange)
        tries = Tries(self._balancer, ladder, retry, homes)
        call = tries.first()
        while True:
            exchange.tier = call.tier
            try:
                return await self._ask(exchange, call, headers, asked)
            except ProviderError as error:
                self._metrics.attempts_failed(call.tier.name, error.kind).inc()
                following = tries.after(error)
                if following is None:
                    raise
                call = following
                if call.pauses:
                    await self._pause(exchange, error)

    def _ladder(self, exchange: OpenExchange, decision: Decision) -> list[Tier]:
        tiers = self._config.tiers
        chosen = self._tiers[decision.tier]
        climb = self._retry.escalate and not self._by_model(exchange, decision)
        above = tiers[tiers.index(chosen) + 1 :] if climb else ()
        spare = self._conversations.spare_tier(exchange, decision)
        return [chosen, *above, *(() if spare is None else (spare,))]

    def _by_model(self, exchange: OpenExchange, decision: Decision) -> bool:
        """A tier's name asks for at least that tier, a model's for that model and no other."""
        return decision.reason == "pinned" and exchange.request["model"] != decision.tier

    async def _pause(self, exchange: OpenExchange, error: ProviderError) -> None:
        wait_s = self._retry.wait_s
        if error.retry_after_s is not None:
            wait_s = max(wait_s, min(error.retry_after_s, _LONGEST_PAUSE_S))
        exchange.paused(wait_s)
        await asyncio.sleep(wait_s)

    async def _ask(
        self, exchange: OpenExchange, call: Call, headers: Headers, asked: Asked
    ) -> Whole | Begun:
        tier = call.tier
        wire = self._upstream.kind(tier.provider)
        with call:
            request, chat = self._conversations.fitted(self._wire, exchange, asked, tier)
            body = provider_body(self._wire, wire, request, chat, call.model)
            extra = _forwarded(headers) if self._wire == wire == ANTHROPIC else None
            began = time.perf_counter()
            try:
                answer = await (self._begin if asked.streaming else self._complete)(
                    exchange, call, wire, body, extra
                )
            except ProviderError as error:
                exchange.tried(tier, began, error=error)
                raise
            except asyncio.CancelledError:
                exchange.abandoned(tier, began)
                raise
            exchange.tried(tier, began)
        if isinstance(answer, Whole):
            call.close()
        return answer

    async def _complete(
        self,
        exchange: OpenExchange,
        call: Call,
        wire: str,
        body: bytes,
        extra: dict[str, str] | None,
    ) -> Whole:
        raw, answer = await self._upstream.complete(call.tier.provider, body, extra)
        exchange.reasoned |= mentions_reasoning(raw)
        try:
            said = caller_reply(self._wire, wire, raw, answer, int(exchange.arrived_at))
        except ProviderError as error:
            error.status = 200
            error.billed = reported_usage(wire, answer).billed
            raise
        return Whole(*said, call.tier)

    async def _begin(
        self,
        exchange: OpenExchange,
        call: Call,
        wire: str,
        body: bytes,
        extra: dict[str, str] | None,
    ) -> Begun:
        relay = StreamRelay(
            self._wire,
            wire,
            include_usage=exchange.wants_usage,
            created=int(exchange.arrived_at),
        )
        stream = await self._upstream.stream(call.tier.provider, body, extra)
        first = relay.feed(stream.first)
        problem = relay.stuck
        if relay.answer.error is not None and not relay.answer.characters:
            # The first thing some providers stream, with status 200, is that they will not answer.
            sentence = f"{call.tier.provider} began its stream with an error."
            problem = ProviderError(sentence, kind="server", status=200)
            problem.billed = relay.usage.billed
        if problem is not None:
            stream.close()
            raise problem
        return Begun(first, relay, stream, call)

    async def _reply(
        self, exchange: OpenExchange, answer: Whole, send: Send, watch: CallerWatch
    ) -> None:
        exchange.begins(200)
        headers, body = self._headers(exchange), answer.body
        if exchange.streaming:  # a cascade had to see the whole first
            headers += _EVENTS
            body = self._as_stream(exchange, body)
        else:
            headers += [_JSON, (b"content-length", b"%d" % len(body))]
        watch.stop()  # before the last byte: after it every caller leaves
        reply = answer.reply
        exchange.answered(
            reply.message,
            reply.finish_reason,
            reply.usage,
            finished=True,
        )
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _as_stream(self, exchange: OpenExchange, body: bytes) -> bytes:
        whole = read_json(body)
        if self._wire == ANTHROPIC:
            return message_stream(whole)
        return completion_stream(whole, include_usage=exchange.wants_usage)

    async def _reply_cached(
        self, exchange: OpenExchange, answer: CachedAnswer, send: Send, watch: CallerWatch
    ) -> None:
        exchange.tier = Tier(CACHE_TIER, answer.model, CACHE_TIER, Price(0.0, 0.0))
        exchange.begins(200)
        created, options = int(exchange.arrived_at), exchange.request.get("stream_options") or {}
        if exchange.streaming:
            usage = options.get("include_usage") is True
            body = streamed_reply(
                self._wire, answer, exchange.exchange_id, created, include_usage=usage
            )
            headers = self._headers(exchange) + _EVENTS
        else:
            body = whole_reply(self._wire, answer, exchange.exchange_id, created)
            headers = [*self._headers(exchange), _JSON, (b"content-length", b"%d" % len(body))]
        watch.stop()
        message = {"role": "assistant", "content": answer.content}
        exchange.answered(message, "stop", Usage(*answer.tokens), finished=True)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _relay(
        self, exchange: OpenExchange, begun: Begun, send: Send, watch: CallerWatch
    ) -> None:
        relay, stream = begun.relay, begun.stream
        try:
            exchange.begins(200)
            headers = self._headers(exchange) + _EVENTS
            watch.start()
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            chunk: bytes | None = begun.body
            problem: ProviderError | None = None
            while chunk is not None:
                if chunk:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk, problem = await _next(relay, stream)
            last = self._last_bytes(exchange, begun, problem)
            watch.stop()
            await send({"type": "http.response.body", "body": last})
        finally:
            stream.close()
            begun.call.close()
            exchange.reasoned |= relay.reasoned
            answer = relay.answer
            exchange.answered(
                answer.message,
                answer.finish_reason,
                relay.usage,
                finished=relay.finished,
            )

    def _last_bytes(
        self, exchange: OpenExchange, begun: Begun, problem: ProviderError | None
    ) -> bytes:
        relay = begun.relay
        last = relay.end()
        if relay.finished:
            return last
        if relay.answer.error is not None:  # the provider itself has told the caller
            begun.call.failed(ProviderError("The provider gave up its stream.", kind="server"))
            return last
        problem = problem or ProviderError("The provider closed its stream too early.", kind="cut")
        tier = exchange.tier
        if tier is not None:
            exchange.attempts[-1] = replace(exchange.attempts[-1], error=problem.kind)
            self._metrics.attempts_failed(tier.name, problem.kind).inc()
        begun.call.failed(problem)
        return refusal_for(problem).event(self._wire)

    async def _fail(
        self, exchange: OpenExchange, refusal: Refusal, send: Send, watch: CallerWatch
    ) -> None:
        exchange.begins(refusal.status)
        watch.stop()
        await send_refusal(refusal, self._wire, send, self._headers(exchange))

    def _headers(self, exchange: OpenExchange) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-tierwatch-request-id", str(exchange.exchange_id).encode())]
        if exchange.tier is not None and exchange.decision is not None:
            tier = exchange.tier
            headers += self._tier_headers.get(tier.name) or _tier_headers(tier)
            headers += [
                (b"x-tierwatch-confidence", b"%.4f" % exchange.decision.confidence),
                (b"x-tierwatch-policy-version", b"%d" % exchange.decision.policy_version),
            ]
            if (turn := exchange.turn) and turn.held and exchange.tier.name == turn.decision.tier:
                headers.append((b"x-tierwatch-held", turn.move.encode()))
        headers.append((b"x-tierwatch-cache", exchange.look.status.encode()))
        headers.append((b"x-tierwatch-overhead-ms", b"%.3f" % exchange.overhead_ms))
        return headers

    def _close(self, exchange: OpenExchange) -> None:
        """Hand the exchange over and count it: once, whatever became of it."""
        decision = exchange.decision or self._router.failed("abandoned", exchange.session)
        tier = exchange.tier or self._tiers[decision.tier]
        served = exchange.served(decision, tier)
        self._recorder.record(served)
        self._conversations.remember(exchange, served)
        if self._cache is not None:
            self._cache.keep(exchange.look, served, self._metrics)
        metrics = self._metrics
        metrics.in_flight.dec()
        metrics.requests(tier.name, str(served.status)).inc()
        metrics.latency(tier.name).observe(served.latency_ms / 1000)
        metrics.overhead.observe(served.overhead_ms / 1000)
        metrics.cost(tier.name).inc(served.cost_usd)
        metrics.spend("serving").inc(served.cost_usd)
        metrics.spend("classifier").inc(served.classifier_cost_usd)
        if served.answer is not None:
            metrics.tokens(tier.name, "prompt").inc(served.prompt_tokens)
            metrics.tokens(tier.name, "completion").inc(served.completion_tokens)
            metrics.tokens(tier.name, "cached").inc(served.cached_tokens)
            if not served.finished:
                metrics.replies_cut(tier.name).inc()


def _tier_headers(tier: Tier) -> list[tuple[bytes, bytes]]:
    return [
        (b"x-tierwatch-tier", tier.name.encode("ascii", "replace")),
        (b"x-tierwatch-model", tier.model.encode("ascii", "replace")),
    ]


async def _next(
    relay: StreamRelay, stream: UpstreamStream
) -> tuple[bytes | None, ProviderError | None]:
    """The next bytes for the caller (perhaps none yet), or None at the end and why it is one."""
    if relay.stuck is not None:
        return None, relay.stuck
    try:
        chunk = await stream.read()
        return (relay.feed(chunk) if chunk else None), None
    except ProviderError as error:
        return None, error


def _forwarded(headers: Headers) -> dict[str, str]:
    return {
        name.decode(): headers[name].decode("latin-1")
        for name in _ANTHROPIC_HEADERS
        if name in headers
    }
