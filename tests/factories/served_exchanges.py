"""A closed exchange, as the gateway hands it to the recorder."""

import uuid
from typing import Any

from factories.gateway_values import NOW, QUESTION, SIMPLE, decision

from tierwatch.loop.capture.exchange import ServedExchange


def served(content: str | None = "Paris.", **changes: Any) -> ServedExchange:
    """One that the cheap tier answered with a text."""
    fields: dict[str, Any] = {
        "exchange_id": uuid.UUID(int=7),
        "arrived_at": NOW,
        "session": "its own",
        "request": {"messages": QUESTION},
        "decision": decision(),
        "served_tier": SIMPLE.name,
        "served_model": SIMPLE.model,
        "provider": SIMPLE.provider,
        "attempts": (),
        "status": 200,
        "answer": {"role": "assistant", "content": content},
        "finish_reason": "stop",
        "finished": True,
        "prompt_tokens": 21,
        "completion_tokens": 2,
        "tokens_estimated": False,
        "cost_usd": 0.000025,
        "latency_ms": 900.0,
        "first_byte_ms": 800.0,
        "overhead_ms": 0.5,
    }
    return ServedExchange(**(fields | changes))
