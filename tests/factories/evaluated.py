"""Pairs and verdicts as listeners are told of them."""

import uuid
from typing import Any

from tierwatch.judges.verdict import Verdict
from tierwatch.loop.compare.listening import Call, Evaluated
from tierwatch.providers.completion import Completion
from tierwatch.store.traced.their_span import reported
from tierwatch.store.traffic.exchanges import Exchange, StoredPair
from tierwatch.store.traffic.stored_request import StoredRequest

EXCHANGE = uuid.UUID("0190163d-8694-739b-aea5-966c26f8ad91")
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BY_CALLER = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
REPORTED = dict(reported("chat", TRACE, SPAN))
SECRET = "what nobody may read"


def evaluated(
    headers: dict[str, str] | None = None,
    *,
    direction: str = "up",
    exchange_id: uuid.UUID = EXCHANGE,
    served_id: uuid.UUID | None = None,
) -> Evaluated:
    """A pair, whose texts hold a secret."""
    exchange = Exchange(
        id=exchange_id,
        request_no=1,
        session="s",
        tier="simple",
        model="small-1",
        task_type="all",
        policy_version=3,
        confidence=0.9,
        confidences={"simple": 0.9},
        direction=direction,
        alternative_tier="standard",
        rate=1.0,
        pi=1.0,
        density=1.0,
        tier_density=1.0,
    )
    asked = StoredRequest({"messages": [{"role": "user", "content": SECRET}]}, headers=headers)
    said = {"role": "assistant", "content": SECRET}
    pair = StoredPair(exchange, asked, said, said, shadowed=True)
    return Evaluated(pair, served_id or exchange_id)


def verdict(preferred: str | None = "alternative", **changes: Any) -> Verdict:
    """A verdict whose reason quotes the secret."""
    whole: dict[str, Any] = {
        "preferred": preferred,
        "basis": "pairwise",
        "reason": f"The other one says {SECRET}.",
        "judge_version": "pairwise/v2/judge-1",
        "cost_usd": 0.002,
        "calls": 2,
    }
    return Verdict(**whole | changes)


def call(**changes: Any) -> Call:
    """Two seconds of a call."""
    return Call("medium-1", "lab", 1_795_428_000.0, 1_795_428_002.0, 0.003)._replace(**changes)


def answered() -> Completion:
    """An answer of the alternative."""
    return Completion(
        message={"role": "assistant", "content": SECRET},
        finish_reason="stop",
        model="medium-1-2026",
        prompt_tokens=100,
        completion_tokens=10,
        latency_ms=5.0,
        raw={},
        cached_tokens=40,
    )
