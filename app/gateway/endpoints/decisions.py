"""A decision without a call, for programs that send their requests themselves."""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import Counter

from tierwatch.config import Config
from tierwatch.gateway.accept.acceptance import Acceptance
from tierwatch.gateway.asgi import Message, Reply, Request, json_reply
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.endpoints.models import asking_wire
from tierwatch.gateway.endpoints.taken import taken
from tierwatch.gateway.metrics import TrafficMetrics
from tierwatch.gateway.route.route import ClassifierBill
from tierwatch.gateway.route.routes import Routes
from tierwatch.routing.decision import Decision
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.json_bytes import read_outside_json
from tierwatch.wire.refusal import Refusal
from tierwatch.wire.wires import WIRES

ROUTE = "route"
_RESPONSES = "responses"


class Decisions:
    """Answers ``POST /v1/route``. Used by every request at once.

    The body is that of a chat on any wire. No provider is asked, unless the classifier is a model;
    nothing is recorded, and the conversation is not moved.

    Args:
        config: limits.
        current: the active router, which knows the tiers.
        acceptance: reads requests, as those of chats.
        routes: chooses.
        metrics: counts what a classifier that is a model cost.
        counted: (endpoint, status, key) -> what counts such requests.
    """

    def __init__(
        self,
        *,
        config: Config,
        current: CurrentRouter,
        acceptance: Acceptance,
        routes: Routes,
        metrics: TrafficMetrics,
        counted: Callable[[str, str, str], Counter],
    ) -> None:
        self._current = current
        self._most = config.gateway.max_body_mb * 1024 * 1024
        self._acceptance = acceptance
        self._routes = routes
        self._metrics = metrics
        self._counted = counted

    async def decide(self, request: Request) -> Reply:
        """The decision."""
        wire, caller = asking_wire(request.headers), ""
        body = await taken(self._acceptance.keys, request.headers, request.receive, self._most)
        if body is None:
            return Reply(b"", 400)  # the caller left; nobody reads this
        if isinstance(body, Refusal):
            reply = _refused(body, wire)
        else:
            wire, caller = _wire_of(body.body, wire), body.caller
            reply = await self._decided(wire, request.headers, body.body)
        self._counted(ROUTE, str(reply.status), caller).inc()
        return reply

    async def _decided(self, wire: str, headers: Mapping[bytes, bytes], body: bytes) -> Reply:
        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        asked = await self._acceptance.accept(wire, headers, receive)
        if not isinstance(asked, Asked):
            return _refused(asked or Refusal(400, "The request has no body."), wire)
        bill = ClassifierBill()
        try:
            decision = await self._routes.preview(asked, bill)
        finally:
            self._metrics.served.classified(bill.cost_usd)
        return json_reply(self._said(asked, decision))

    def _said(self, asked: Asked, decision: Decision) -> dict[str, Any]:
        ladder = self._current.router.ladder(decision.policy_version)
        place = ladder.by_name[decision.tier].served_at()[0]
        return {
            "request_id": str(asked.exchange_id),
            "tier": decision.tier,
            "model": decision.model,
            "provider": place.provider,
            "provider_model": place.model,
            "confidence": decision.confidence,
            "threshold": decision.threshold,
            "reason": decision.reason,
            "task_type": decision.task_type,
            "policy_version": decision.policy_version,
        }


def _wire_of(body: bytes, asking: str) -> str:
    """The wire of a body: what its client says, or else what stands in it."""
    if asking == ANTHROPIC:
        return asking
    try:
        request = read_outside_json(body)
    except ValueError:
        return OPENAI
    if not isinstance(request, dict):
        return OPENAI
    if "messages" not in request and "input" in request and _RESPONSES in WIRES:
        return _RESPONSES
    return ANTHROPIC if "system" in request or "stop_sequences" in request else OPENAI


def _refused(refusal: Refusal, wire: str) -> Reply:
    return Reply(refusal.body(wire), refusal.status, headers=refusal.headers())
