"""One call to a provider: what it is asked, and what it says, on every wire."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from tierwatch.errors import ProviderError
from tierwatch.fit.effort import with_effort
from tierwatch.fit.mending import Mending
from tierwatch.gateway.answer.answer import Whole
from tierwatch.gateway.answer.begun import Begun
from tierwatch.gateway.answer.first_words import first_words
from tierwatch.gateway.answer.fitting import Fitting
from tierwatch.gateway.answer.forwarded import forwarded
from tierwatch.gateway.answer.histories import Histories, Spoken
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.answer.question import Question
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.deployments.call import Call
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.route import Route
from tierwatch.providers.upstream import Completed, Upstream
from tierwatch.routing.decision import Decision
from tierwatch.wire.answers.fenced_json import asks_for_json
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.history.marks import mentions_reasoning
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.stream_relay import StreamRelay
from tierwatch.wire.translation import caller_reply, provider_request, reported_usage

Answer = Whole | Begun

# Time may run out between the check and the call, and clients read 0 as no limit.
_SHORTEST_S = 0.001
# Half the speed of the slowest models that are sold. A whole answer says nothing until it is there:
# one that may have 300 tokens is overdue 30 s after a stream would have begun.
_TOKEN_S = 0.1
_MOST_TOKENS = 1_000_000  # an integer of any length is a number of tokens to JSON


class UselessAnswerError(ProviderError):
    """A provider said 200 and counted tokens, but its answer is of no use. Leaves no step."""

    def __init__(self, why: ProviderError, billed: tuple[int, int, int, int]) -> None:
        super().__init__(
            str(why), kind=why.kind, status=200, retry_after_s=why.retry_after_s, body=why.body
        )
        self.billed = billed


class Errand(NamedTuple):
    """What each call for one request needs to know of it.

    Attributes:
        asked: by the caller.
        route: how it is to be answered.
        ledger: where each call is entered.
    """

    asked: Asked
    route: Route
    ledger: Ledger


class Asker:
    """Calls providers. Used by every request at once.

    Args:
        upstream: the providers.
        spoken: the wires of calls.
        histories: fits a conversation to who reads it.
        fitting: fits the rest of a request to who is asked.
        metrics: counts streams that break off.
        most: characters of a streamed answer that are kept.
    """

    def __init__(
        self,
        upstream: Upstream,
        spoken: Spoken,
        histories: Histories,
        fitting: Fitting,
        metrics: GatewayMetrics,
        *,
        most: int,
    ) -> None:
        self._most = most
        self._continued = upstream.continued
        self._upstream = upstream
        self._spoken = spoken
        self._histories = histories
        self._fitting = fitting
        self._metrics = metrics

    async def ask(
        self, errand: Errand, call: Call, question: Question, decision: Decision
    ) -> Answer:
        """What a deployment answers; a stream is over once it is closed.

        A refusal that says how the request can be changed is not the end: it is asked once more.

        Raises:
            ProviderError: it gave no answer that can be used, or none in time.
        """
        caller = errand.asked.wire
        wire = self._spoken[call.tier.provider, caller]
        request = self._histories.fitted(question, errand.asked, errand.route, decision, call.tier)
        request = _resumed(request, errand.asked, call, wire)
        request = with_effort(request, caller, call.tier.effort)
        said = provider_request(caller, wire, request, call.model)
        mending = self._fitting.begun(call, wire, said)
        while True:
            try:
                answer = await self._ask_once(errand, call, question, mending)
            except ProviderError as error:
                if not self._fitting.learns(mending, call, error):
                    raise
                self._metrics.calls.attempts_failed(call.tier.name, error.kind).inc()
                call = call.again()
                continue
            self._fitting.answered(mending, call, errand.ledger)
            return answer

    async def _ask_once(
        self, errand: Errand, call: Call, question: Question, mending: Mending
    ) -> Answer:
        asked, ledger = errand.asked, errand.ledger
        if asked.left_s <= 0:
            raise ProviderError("There was no time left to ask anybody.", kind="timeout")
        answer: Answer
        with call:
            body = write_json(mending.fitted().request)
            provider = call.tier.provider
            wire = self._spoken[provider, asked.wire]
            extra = forwarded(asked.headers, asked.wire, wire)
            if self._continued is not None:
                extra = self._continued(asked.exchange_id, extra)
            began = time.perf_counter()
            try:
                if question.streaming:
                    answer = await self._begin(asked, ledger, call, body, extra)
                else:
                    completed = await self._upstream.complete(
                        provider, body, extra, wire=wire, within_s=_whole_s(asked, call)
                    )
                    answer = self._whole(asked, ledger, call, completed)
            except ProviderError as error:
                ledger.tried(call.tier, began, error=error)
                raise
            except asyncio.CancelledError:
                ledger.abandoned(call.tier, began)
                raise
            ledger.tried(call.tier, began)
        if isinstance(answer, Whole):
            call.close()
        return answer

    def _whole(self, asked: Asked, ledger: Ledger, call: Call, completed: Completed) -> Whole:
        raw, answer, wire, told = completed
        ledger.reasons(seems_to=mentions_reasoning(raw))
        if ledger.tool_watch is not None:
            ledger.tool_watch.feed(raw)
        try:
            to = _answer_to(asked, wire)
            said = caller_reply(asked.wire, wire, raw, answer, int(asked.arrived_at), to=to)
        except ProviderError as error:
            raise UselessAnswerError(error, reported_usage(wire, answer).billed) from error
        return Whole(*said, call.tier, told)

    async def _begin(
        self, asked: Asked, ledger: Ledger, call: Call, body: bytes, extra: dict[str, str] | None
    ) -> Answer:
        provider = call.tier.provider
        wire = self._spoken[provider, asked.wire]
        relay = StreamRelay(
            asked.wire,
            wire,
            include_usage=asked.wants_usage,
            created=int(asked.arrived_at),
            to=_answer_to(asked, wire),
            most=self._most,
        )
        stream = await self._upstream.stream(
            provider, body, extra, wire=wire, within_s=max(asked.left_s, _SHORTEST_S)
        )
        if isinstance(stream, Completed):
            return self._whole(asked, ledger, call, stream)
        try:
            first = await first_words(
                stream,
                relay,
                provider=provider,
                wire=wire,
                within_s=asked.left_s,
            )
        except BaseException:
            stream.close()
            raise
        if ledger.tool_watch is not None:
            ledger.tool_watch.feed(first)
        return Begun(first, relay, stream, call, ledger=ledger, metrics=self._metrics)


def _resumed(request: Mapping[str, Any], asked: Asked, call: Call, wire: str) -> Mapping[str, Any]:
    """The request as its caller said it, for the provider that keeps what it goes on from."""
    before = asked.continued
    if before is None or wire != asked.wire or call.tier.provider != before.provider:
        return request
    return {**request, "input": before.items, "previous_response_id": before.response_id}


def _answer_to(asked: Asked, wire: str) -> AnswerTo:
    """What a translated answer says of its request; one that passes untouched says it itself."""
    if asked.wire == wire and not asks_for_json(asked.request):
        return NOBODY
    return AnswerTo(asked.request, asked.answer_id)


def _whole_s(asked: Asked, call: Call) -> float:
    """Seconds that a whole answer may take: of the request's own, no more than its length needs."""
    left_s = max(asked.left_s, _SHORTEST_S)
    tokens = asked.chat.get("max_completion_tokens") or asked.chat.get("max_tokens")
    if call.patience_s is None or not isinstance(tokens, int) or tokens <= 0:
        return left_s
    return min(left_s, call.patience_s + _TOKEN_S * min(tokens, _MOST_TOKENS))
