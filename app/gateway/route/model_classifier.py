"""The classifier that asks a model: its deployments, their breakers, and its time limit."""

import asyncio
from dataclasses import replace
from typing import Any

from tierwatch.errors import ClassifierError, ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.fit.mending import Mending
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.deployments.call import Call
from tierwatch.gateway.route.route import ClassifierBill
from tierwatch.providers.upstream import Upstream
from tierwatch.routing.classify.classification import Classification, ClassifierConfig, failure_kind
from tierwatch.routing.classify.llm import classification_request, read_classification
from tierwatch.routing.decision import Decision
from tierwatch.routing.facts import EFFORTS
from tierwatch.routing.llm_reply import ran_out
from tierwatch.routing.router import Router
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.json_bytes import read_json, write_json
from tierwatch.wire.translation import caller_reply, provider_request, reported_usage

# Less of the time limit says nothing of a deployment that exceeds it. A tenth is what others may
# have used up to refuse.
_FAIR_SHARE = 0.9
# For a model that thinks before it answers: what it thinks counts as written, and a label that is
# not reached is worth nothing. A small effort takes a few hundred; the time limit bounds it too.
_ROOM_TO_THINK = 2_000
# Why a request was not classified when every deployment was left alone: nobody was asked.
LEFT_ALONE = "left_alone"


class ModelClassifier:
    """Asks ``config.model`` for a tier. Used by every request of every wire at once.

    What a deployment refuses of the body is changed and asked once more, and remembered; a model
    that thinks has room to. Whatever else one fails with, the next is asked: the body is ours, and
    another may take it. A deployment that fails is left alone as a tier's is, by a breaker of its
    own: the time limit here is far shorter than an answer's, and says nothing of the model's other
    work. While all are left alone requests go to the default tier at once, without waiting for the
    time limit.

    Args:
        config: model, deployments and time limit.
        balancer: of its deployments alone.
        upstream: the providers.
        memory: what deployments take and have refused.
    """

    def __init__(
        self, config: ClassifierConfig, balancer: Balancer, upstream: Upstream, memory: Memory
    ) -> None:
        self._config = config
        self._tier = config.as_tier()
        self._balancer = balancer
        self._upstream = upstream
        self._memory = memory
        # Deployments whose answers ended before the label.
        self._think: set[tuple[str, str]] = set()

    async def decide(self, router: Router, asked: Asked, bill: ClassifierBill) -> Decision:
        """The decision that follows from the model's word; the default tier's without one."""
        chat = asked.chat
        try:
            classification = await self._classify(router, asked, bill)
        except (ProviderError, ClassifierError, TimeoutError) as error:
            return router.failed(failure_kind(error), asked.session)
        typed = router.typed(
            classification,
            chat["messages"],
            tools=chat.get("tools"),
            response_format=chat.get("response_format"),
        )
        return router.decide(typed, asked.session)

    async def _classify(self, router: Router, asked: Asked, bill: ClassifierBill) -> Classification:
        now = asyncio.get_running_loop().time
        deadline = now() + min(self._config.timeout_s, asked.left_s)
        tried: set[tuple[str, str]] = set()
        failure = ProviderError("every deployment of the classifier failed lately", kind=LEFT_ALONE)
        while (call := self._balancer.pick(self._tier, tried)) is not None:
            tried.add(call.key)
            try:
                return await self._ask(call, router, asked, bill, deadline)
            except ProviderError as error:
                failure = error
                if now() >= deadline:
                    break
        raise failure

    async def _ask(
        self, call: Call, router: Router, asked: Asked, bill: ClassifierBill, deadline: float
    ) -> Classification:
        wire = self._upstream.kind(call.tier.provider)
        left_s = deadline - asyncio.get_running_loop().time()
        with call:
            try:
                async with asyncio.timeout_at(deadline):
                    reply = await self._reply(call, wire, router, asked, bill)
                    if ran_out(reply) and call.key not in self._think:
                        self._think.add(call.key)
                        reply = await self._reply(call, wire, router, asked, bill)
            except TimeoutError:
                if left_s < _FAIR_SHARE * self._config.timeout_s:
                    raise
                raise ProviderError("the classifier took too long", kind="timeout") from None
        call.close()
        return read_classification(reply, router.tiers)

    async def _reply(
        self, call: Call, wire: str, router: Router, asked: Asked, bill: ClassifierBill
    ) -> dict[str, Any]:
        """What a deployment answers, in OpenAI's form; a refusal that can be mended is."""
        request = self._request(call, wire, router, asked)
        mending = Mending(
            self._memory, call.key, wire, provider_request(OPENAI, wire, request, call.model)
        )
        while True:
            try:
                raw, answer, spoken, _ = await self._upstream.complete(
                    # A label is a short answer: as overdue as a stream that has not begun.
                    call.tier.provider,
                    write_json(mending.fitted().request),
                    within_s=self._upstream.timeout_s(call.tier.provider),
                )
            except ProviderError as error:
                if mending.learns(error):
                    continue
                raise
            bill.add(request, reported_usage(spoken, answer), call.tier.price)
            # Some say with status 200 that they will not answer: that is a failure of theirs.
            said, _ = caller_reply(OPENAI, spoken, raw, answer, 0)
            chat: dict[str, Any] = answer if spoken == OPENAI else read_json(said)
            return chat

    def _request(self, call: Call, wire: str, router: Router, asked: Asked) -> dict[str, Any]:
        """The request as this deployment's model is best asked."""
        efforts = self._memory.known(call.key, wire).takes.facts.effort if wire == OPENAI else None
        thinks = bool(efforts) or call.key in self._think
        config = replace(
            self._config,
            # Anthropic's wire has no log-probabilities and refuses the request that asks for them.
            logprobs=self._config.logprobs and wire != ANTHROPIC,
            max_tokens=_ROOM_TO_THINK if thinks else self._config.max_tokens,
        )
        request = classification_request(asked.chat["messages"], router.tiers, config)
        if efforts:
            request["reasoning_effort"] = min(efforts, key=EFFORTS.index)
        return request
