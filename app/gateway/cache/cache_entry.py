"""An answer in the form in which the response cache keeps it: JSON, without the prompt."""

from typing import Any

import orjson

from tierwatch.gateway.cache.cache_key import CacheKey
from tierwatch.gateway.cache.lookup import Lookup
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.routing.classify.classification import Classification
from tierwatch.routing.decision import Decision
from tierwatch.wire.cached_reply import CachedAnswer


def write_entry(key: CacheKey, content: str, served: ServedExchange) -> bytes:
    """The entry for an answer with this text."""
    decision = served.decision
    counted = not served.tokens_estimated
    return orjson.dumps(
        {
            "verbatim": key.verbatim,
            "marks": dict(key.marks),
            "content": content,
            "tier": served.served_tier,
            "model": served.served_model,
            "tokens": [served.prompt_tokens, served.completion_tokens] if counted else [None, None],
            "classification": _classification(decision),
            "policy_version": decision.policy_version,
            "kept_at": served.arrived_at,
        }
    )


def read_entry(value: bytes, key: CacheKey) -> Lookup | None:
    """The hit that an entry is for this key; None where a near miss asks something else.

    Raises:
        ValueError: it is none of our entries.
    """
    try:
        kept = orjson.loads(value)
        to_the_letter = kept["verbatim"] == key.verbatim
        if not to_the_letter and kept["marks"] != key.marks:
            return None
        prompt, completion = kept["tokens"]
        said = kept["classification"]
        answer = CachedAnswer(
            content=kept["content"],
            tier=kept["tier"],
            model=kept["model"],
            tokens=(prompt, completion),
            classification=None if said is None else Classification(**said),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError("not an entry of this cache") from error
    return Lookup("hit" if to_the_letter else "semantic", key, answer)


def _classification(decision: Decision) -> dict[str, Any] | None:
    if not decision.confidences:
        return None
    return {
        "label": decision.label,
        "confidence": decision.confidence,
        "task_type": decision.task_type,
        "confidences": dict(decision.confidences),
    }
