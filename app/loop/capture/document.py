"""A batch as one JSON document, redacted: the one door to what is stored.

The same document is added to Postgres or waits in the spool, so an older version may have written
the one that is read.
"""

import datetime as dt
import hashlib
import uuid
from typing import TypedDict

from tierwatch.evaluation.sampling.allocation import confidence_bin
from tierwatch.evaluation.sampling.inclusion import Inclusion
from tierwatch.loop.capture.counts import Batch, Key, padded
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.redact import Redactor, redact_json, storable
from tierwatch.store.documents import Json, JsonList, JsonValue
from tierwatch.store.traffic.exchanges import ExchangeColumns
from tierwatch.store.traffic.work import AttemptColumns

_EPOCH = dt.date(1970, 1, 1).toordinal()
# Longer names of sessions are cut; with a digest behind it, so is what stands before that.
_LONGEST_SESSION = 200
_BEFORE_DIGEST = 150


class ExchangeDocument(TypedDict):
    """A sampled exchange: columns of its row, with the id and the time as JSON has them."""

    id: str
    request_no: int
    arrived_at: float
    session: str
    tier: str
    model: str
    provider: str
    label: str
    confidence: float
    confidences: dict[str, float]
    threshold: float | None
    escalated: bool
    task_type: str
    policy_version: int
    reason: str
    direction: str
    alternative_tier: str
    rate: float
    pi: float
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cost_usd: float
    classifier_cost_usd: float
    latency_ms: float
    request: Json
    answer: Json


class BatchDocument(TypedDict):
    """A batch.

    ``counts`` are rows of the five parts of a key and of figures, which may be fewer in a document
    of an older version; ``boundaries`` are rows of a day, a boundary, cents and requests.
    """

    flush_id: str
    counts: list[JsonList]
    boundaries: list[tuple[int, str, int, int]]
    exchanges: list[ExchangeDocument]
    attempts: list[AttemptColumns]


def batch_document(batch: Batch, *, redact: Redactor, digest_key: bytes) -> BatchDocument:
    """A batch as it is stored.

    Args:
        batch: what happened since the last flush.
        redact: every stored text passes through it.
        digest_key: of this process; names of sessions that are redacted stay apart by a digest
            under it, which nobody can try names against.
    """
    return {
        "flush_id": str(uuid.uuid4()),
        "counts": [[*key, *row] for key, row in batch.counts.items()],
        "boundaries": [(*key, requests) for key, requests in batch.boundaries.items()],
        "exchanges": [
            _exchange_document(served, chosen, number, redact, digest_key)
            for served, chosen, number in batch.sampled
        ],
        "attempts": [
            {
                "exchange_id": str(exchange_id),
                "step": "serve",
                "model": attempt.model,
                "error": attempt.error,
                "detail": "" if attempt.status is None else f"HTTP {attempt.status}",
                "latency_ms": attempt.latency_ms,
            }
            for exchange_id, attempt in batch.attempts
        ],
    }


def count_of_row(row: JsonList) -> tuple[Key, list[float]]:
    """A row of ``counts`` as its key and all figures; those it is too short for are 0."""
    minute, tier, task_type, place, version, *figures = row
    return (minute, tier, task_type, place, version), padded(figures)


def counted_under(exchange: ExchangeDocument) -> Key:
    """What a sampled exchange was counted under."""
    return (
        int(exchange["arrived_at"]) // 60 * 60,
        exchange["tier"],
        exchange["task_type"],
        confidence_bin(exchange["confidence"]),
        exchange["policy_version"],
    )


def exchange_columns(exchange: ExchangeDocument) -> ExchangeColumns:
    """A sampled exchange as the store takes it; what an older version left out stays out."""
    columns: JsonValue = {
        **exchange,
        "id": uuid.UUID(exchange["id"]),
        "arrived_at": dt.datetime.fromtimestamp(exchange["arrived_at"], dt.UTC),
    }
    taken: ExchangeColumns = columns
    return taken


def boundary_counts(document: BatchDocument) -> list[tuple[dt.date, str, int, int]]:
    """Requests by day, boundary and confidence in cents, as the store takes them."""
    return [
        (dt.date.fromordinal(_EPOCH + day), boundary, cents, requests)
        for day, boundary, cents, requests in document["boundaries"]
    ]


def session_name(session: str, *, redact: Redactor, digest_key: bytes) -> str:
    """A session's name, redacted; two that redaction would make one stay two.

    >>> gone = session_name("jo@example.org", redact=lambda words: "[EMAIL]", digest_key=b"key")
    >>> gone.startswith("[EMAIL]#"), len(gone)
    (True, 24)
    >>> session_name("batch 7", redact=lambda words: words, digest_key=b"key")
    'batch 7'
    """
    redacted = storable(redact(session))
    if redacted != session:
        digest = hashlib.blake2b(session.encode("utf-8", "replace"), key=digest_key)
        redacted = f"{redacted[:_BEFORE_DIGEST]}#{digest.hexdigest()[:16]}"
    return redacted[:_LONGEST_SESSION]


def _exchange_document(
    served: ServedExchange, chosen: Inclusion, number: int, redact: Redactor, digest_key: bytes
) -> ExchangeDocument:
    decision = served.decision
    return {
        "id": str(served.exchange_id),
        "request_no": number,
        "arrived_at": served.arrived_at,
        "session": session_name(served.session, redact=redact, digest_key=digest_key),
        "tier": served.served_tier,
        "model": served.served_model,
        "provider": served.provider,
        "label": decision.label,
        "confidence": decision.confidence,
        "confidences": dict(decision.confidences),
        "threshold": decision.threshold,
        "escalated": decision.escalated,
        "task_type": decision.task_type,
        "policy_version": decision.policy_version,
        "reason": decision.reason,
        "direction": chosen.direction,
        "alternative_tier": chosen.alternative_tier,
        "rate": chosen.rate,
        "pi": chosen.pi,
        "prompt_tokens": served.prompt_tokens,
        "completion_tokens": served.completion_tokens,
        "cached_tokens": served.cached_tokens,
        "cache_write_tokens": served.cache_write_tokens,
        "cost_usd": served.cost_usd,
        "classifier_cost_usd": served.classifier_cost_usd,
        "latency_ms": served.latency_ms,
        "request": storable(redact_json(served.request, redact)),
        "answer": storable(redact_json(served.answer or {}, redact)),
    }
