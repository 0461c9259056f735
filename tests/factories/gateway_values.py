"""The values that the gateway's steps hand on, each with what a test does not say."""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from tierwatch.gateway.answer.answer import Whole
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.cache.lookup import OFF, Lookup
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.recall import Recalled
from tierwatch.gateway.route.route import Route
from tierwatch.routing.decision import Decision
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.stickiness import Pin, Turn
from tierwatch.routing.tiers import Price, Tier
from tierwatch.wire.first_choice import Reply

# A token of the cheap tier costs 1e-6 USD read and 2e-6 written, of the dear one ten times that.
SIMPLE = Tier("simple", "small-1", "lab", Price(1.0, 2.0))
COMPLEX = Tier("complex", "large-1", "lab", Price(10.0, 20.0))
TIERS = (SIMPLE, COMPLEX)
NOW = 1_700_000_000.0
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


def current(tiers: Sequence[Tier] = TIERS, policies: ActivePolicies | None = None) -> CurrentRouter:
    """The active router over these tiers, under policy 1 where no other is said."""
    first = Policy(1, {tier.name: 0.7 for tier in tiers[:-1]})
    router = Router(tuple(tiers), None, policies or ActivePolicies(first), tiers[-1].name)
    return CurrentRouter(router, lambda: None, GatewayMetrics(CollectorRegistry()))


def asked(
    messages: list[dict[str, Any]] | None = None,
    *,
    wire: str = "openai",
    headers: Mapping[bytes, bytes] | None = None,
    key: bytes = b"",
    session: str | None = None,
    pinned: Decision | None = None,
    chat: dict[str, Any] | None = None,
    within_s: float = 600.0,
    side_call: str = "",
    **fields: Any,
) -> Asked:
    """A request; ``fields`` stand in its body."""
    request = {"model": "auto", "messages": messages or QUESTION, **fields}
    return Asked(
        exchange_id=uuid.UUID(int=7),
        arrived_at=NOW,
        started=0.0,
        due=time.perf_counter() + within_s,
        wire=wire,
        headers=headers or {},
        key=key,
        session=session or "its own",
        in_session=session is not None,
        request=request,
        chat=request if chat is None else chat,
        pinned=pinned,
        side_call=side_call,
        called="" if pinned is None else request["model"],
    )


def decision(tier: Tier = SIMPLE, **changes: Any) -> Decision:
    """The router's, for this tier."""
    fields: dict[str, Any] = {
        "tier": tier.name,
        "model": tier.model,
        "confidence": 0.9,
        "threshold": 0.7,
        "label": tier.name,
        "escalated": False,
        "task_type": "all",
        "policy_version": 3,
        "reason": "kept",
        "confidences": (("simple", 0.9),),
    }
    return Decision(**(fields | changes))


def pin(tier: Tier = SIMPLE, **changes: Any) -> Pin:
    """Where a conversation stands."""
    fields: dict[str, Any] = {
        "tier": tier.name,
        "model": tier.model,
        "provider": tier.provider,
        "seen_at": NOW - 10,
        "deployment": tier.model,
    }
    return Pin(**(fields | changes))


def route(
    of: Decision | None = None,
    *,
    lookup: Lookup = OFF,
    recalled: Recalled | None = None,
    turn: Turn | None = None,
    homes: Mapping[str, tuple[str, str]] | None = None,
    spare: Tier | None = None,
    cache_tier: Tier | None = None,
) -> Route:
    """How a request is to be answered."""
    return Route(
        decision=of or decision(),
        lookup=lookup,
        recalled=recalled or Recalled(b"tenant", "seed"),
        turn=turn,
        homes=homes or {},
        spare=spare,
        cache_tier=cache_tier,
    )


def whole(
    content: str | None = "Paris.",
    *,
    tier: Tier = SIMPLE,
    tokens: tuple[int | None, int | None] = (21, 2),
    body: bytes = b"{}",
    finish_reason: str = "stop",
    **message: Any,
) -> Whole:
    """A whole answer of a tier."""
    said = {"role": "assistant", "content": content, **message}
    return Whole(body, Reply(said, finish_reason, tier.model, *tokens), tier)
