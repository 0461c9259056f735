"""A batch as one JSON document, redacted: the one door to what is stored.

The same document is added to Postgres or waits in the spool, so an older version may have written
the one that is read.
"""

import base64
import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NotRequired, TypeAlias, TypedDict

from tierwatch.evaluation.sampling.allocation import confidence_bin
from tierwatch.faults import guard
from tierwatch.loop.capture.admission.outside import MEDIA
from tierwatch.loop.capture.counts import (
    Batch,
    Key,
    OutsideKey,
    Sampled,
    add,
    key_of,
    one_dropped,
    one_not_sampled,
    outside_key,
    padded,
    rollup,
)
from tierwatch.loop.capture.direct.twins import TwinDocument, asked_of, twin_document, twins
from tierwatch.loop.capture.exchange import ServedExchange, new_exchange_id
from tierwatch.loop.capture.redact import Redactor, marking, storable
from tierwatch.loop.capture.redaction.documents import redacted_document
from tierwatch.loop.capture.redaction.headers import redacted_headers
from tierwatch.loop.capture.redaction.marks import keyed_marks, new_key
from tierwatch.loop.capture.redaction.media import Apart, holds_marks
from tierwatch.loop.capture.redaction.prompt_version import prompt_version
from tierwatch.loop.capture.redaction.sealed_media import MediaDocument, sealed_media
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.capture.redaction.session_names import session_name
from tierwatch.routing.tiers import model_variant
from tierwatch.store.documents import Json, JsonList, JsonValue
from tierwatch.store.traced.their_span import source_of
from tierwatch.store.traffic.exchanges import ExchangeColumns
from tierwatch.store.traffic.media import MediaColumns
from tierwatch.store.traffic.outside_counts import OutsideCount
from tierwatch.store.traffic.rollups import RollupColumns
from tierwatch.store.traffic.work import AttemptColumns
from tierwatch.wire.json_bytes import read_json
from tierwatch.wire.translation import library_request

# Of the documents that this version writes; those of the first carry none. Since 2 a request is on
# the wire it came on: a version that took it for OpenAI's form must not read it.
VERSION: Final = 2
_EPOCH = dt.date(1970, 1, 1).toordinal()
# What of an exchange stands in tables of their own.
_BESIDE: Final = frozenset({"mark_key", "media"})


OutsideRow: TypeAlias = tuple[int, str, str, float, int]
WeightRow: TypeAlias = tuple[int, str, int, float]


class ExchangeDocument(TypedDict):
    """A sampled exchange: columns of its row, with the id and the time as JSON has them.

    ``mark_key`` is the key of its marks, in hexadecimal digits. Those of the first version have
    neither that nor media.
    """

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
    density: NotRequired[float]
    tier_density: NotRequired[float]
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cost_usd: float
    classifier_cost_usd: float
    latency_ms: float
    request: Json
    answer: Json
    wire: NotRequired[str]
    headers: NotRequired[dict[str, str]]
    fitted: NotRequired[list[str]]
    prompt_version: NotRequired[str | None]
    client: NotRequired[str]
    mark_key: NotRequired[str]
    media: NotRequired[list[MediaDocument]]


class BatchDocument(TypedDict):
    """A batch.

    ``counts`` are rows of the five parts of a key and of figures, which may be fewer in a document
    of an older version; ``boundaries`` are rows of a day, a boundary, cents and requests;
    ``outside`` are rows of a minute, a tier, a reason, requests and how many of them were drawn,
    which those of the first version have not; ``weights`` are rows of a day, a boundary, cents and
    the largest weight that a pair there may have had, which an older version neither writes nor
    reads; nor does it ``direct``, the twins of exchanges.
    """

    version: NotRequired[int]
    flush_id: str
    counts: list[JsonList]
    boundaries: list[tuple[int, str, int, int]]
    weights: list[WeightRow]
    outside: list[OutsideRow]
    exchanges: list[ExchangeDocument]
    direct: list[TwinDocument]
    attempts: list[AttemptColumns]


def nothing_against(_: Sampled) -> str:
    """Every drawn exchange may be evidence."""
    return ""


def batch_document(
    batch: Batch,
    *,
    redact: Redactor,
    digest_key: bytes,
    fail: Callable[[ServedExchange, str], None],
    read: Callable[[Sampled], str] = nothing_against,
    sealer: Sealer | None = None,
) -> BatchDocument:
    """A batch as it is stored.

    Args:
        batch: what happened since the last flush.
        redact: every stored text passes through it. It may be anybody's code: an exchange for which
            it raises twice is counted as dropped and costs nothing else.
        digest_key: of this process; names of sessions that are redacted stay apart by a digest
            under it, which nobody can try names against.
        fail: is given each such exchange with the kind of the exception.
        read: says of a drawn exchange why it cannot be evidence after all: then it counts as not
            sampled, and for what it stands for as outside; "" where it can.
        sealer: seals images, audio and files; without one requests that hold some are outside.
    """
    exchanges, direct = [], []
    changed: list[JsonList] = []
    outside = {key: list(row) for key, row in batch.outside.items()}
    for sampled in batch.sampled:
        served = sampled.served
        for _ in range(2):
            with guard("capture: redact") as tried:
                found = read(sampled) or _exchange_document(sampled, redact, digest_key, sealer)
            if not tried.cause:
                break
        else:
            changed.append([*key_of(served), *one_dropped()])
            fail(served, tried.cause)
            continue
        reason = found if isinstance(found, str) else ""
        add(outside, outside_key(served, reason), [1 / sampled.chance, 1.0])
        if isinstance(found, str):
            changed.append([*key_of(served), *one_not_sampled()])
        else:
            exchanges.append(found)
            with guard("capture: twin"):
                direct += _twin(sampled, read)
    return new_flush(
        counts=[[*key, *row] for key, row in batch.counts.items()] + changed,
        outside=outside_rows(outside),
        boundaries=[(*key, requests) for key, requests in batch.boundaries.items()],
        weights=[(*key, weight) for key, weight in batch.weights.items()],
        exchanges=exchanges,
        direct=direct,
        attempts=[
            {
                "exchange_id": str(exchange_id),
                "step": "serve",
                "model": storable(attempt.model),
                "error": storable(attempt.error),
                "detail": "" if attempt.status is None else f"HTTP {attempt.status}",
                "latency_ms": attempt.latency_ms,
            }
            for exchange_id, attempt in batch.attempts
        ],
    )


def counts_alone(batch: Batch) -> BatchDocument:
    """A batch of which nothing but the counts can be had; its exchanges are dropped."""
    dropped = [[*key_of(one.served), *one_dropped()] for one in batch.sampled]
    return new_flush(
        counts=[[*key, *row] for key, row in batch.counts.items()] + dropped,
        outside=outside_rows(batch.outside),
    )


def outside_rows(outside: Mapping[OutsideKey, Sequence[float]]) -> list[OutsideRow]:
    """Counts of what cannot be evidence, as a document has them."""
    return [(*key, requests, int(drawn)) for key, (requests, drawn) in outside.items()]


def read_document(line: bytes) -> BatchDocument:
    """A line of a spool as the document that it is.

    Raises:
        ValueError: it was cut, or is none that this version knows; the text says no more than that.
    """
    try:
        read: JsonValue = read_json(line)
    except ValueError:
        raise ValueError("no whole JSON") from None
    if not isinstance(read, dict):
        raise ValueError("another shape")  # noqa: TRY004 - as the other two
    version = read.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise ValueError("another version")
    try:
        uuid.UUID(read["flush_id"])
        whole = all(
            isinstance(read[name], list)
            for name in ("counts", "boundaries", "exchanges", "attempts")
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise ValueError("another shape")
    document: JsonValue = {"outside": [], "weights": [], "direct": [], **read}
    known: BatchDocument = document
    return known


def without_exchanges(document: BatchDocument) -> BatchDocument:
    """The same batch with its exchanges counted as dropped instead; it stays the same flush."""
    dropped = [[*counted_under(exchange), *one_dropped()] for exchange in document["exchanges"]]
    counts = document["counts"] + dropped
    return {**document, "exchanges": [], "direct": [], "counts": counts}


def new_flush(
    *,
    counts: Sequence[JsonList] = (),
    boundaries: Sequence[tuple[int, str, int, int]] = (),
    weights: Sequence[WeightRow] = (),
    outside: Sequence[OutsideRow] = (),
    exchanges: Sequence[ExchangeDocument] = (),
    direct: Sequence[TwinDocument] = (),
    attempts: Sequence[AttemptColumns] = (),
) -> BatchDocument:
    """A batch of these parts under an id of its own."""
    return {
        "version": VERSION,
        "flush_id": str(new_exchange_id(time.time())),
        "counts": list(counts),
        "boundaries": list(boundaries),
        "weights": list(weights),
        "outside": list(outside),
        "exchanges": list(exchanges),
        "direct": list(direct),
        "attempts": list(attempts),
    }


def rollups(rows: Sequence[JsonList]) -> list[RollupColumns]:
    """Rows of ``counts`` as the store takes them, those of one key added up."""
    merged: dict[Key, list[float]] = {}
    for row in rows:
        add(merged, *count_of_row(row))
    return [rollup(key, figures) for key, figures in merged.items()]


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
    """A sampled exchange as the store takes it; what an older version left out stays out.

    Its client is the gateway's key that was shown, or the source that reported it, which a document
    says once, where the span is that the source reported.
    """
    columns: JsonValue = {
        **{name: value for name, value in exchange.items() if name not in _BESIDE},
        "id": uuid.UUID(exchange["id"]),
        "arrived_at": dt.datetime.fromtimestamp(exchange["arrived_at"], dt.UTC),
        "client": exchange.get("client") or source_of(exchange.get("headers")) or None,
    }
    taken: ExchangeColumns = columns
    return taken


def twin_documents(document: BatchDocument) -> list[ExchangeDocument]:
    """The twins of a batch's exchanges, as exchanges."""
    found: JsonValue = twins(document["exchanges"], document["direct"])
    known: list[ExchangeDocument] = found
    return known


def outside_counts(rows: Sequence[OutsideRow]) -> list[OutsideCount]:
    """Counts of what cannot be evidence, as the store takes them, those of one key added up."""
    merged: dict[OutsideKey, list[float]] = {}
    for minute, tier, reason, requests, drawn in rows:
        add(merged, (minute, tier, reason), [requests, drawn])
    return [
        OutsideCount(dt.datetime.fromtimestamp(minute, dt.UTC), tier, reason, requests, int(drawn))
        for (minute, tier, reason), (requests, drawn) in merged.items()
    ]


def mark_keys(exchanges: Sequence[ExchangeDocument]) -> list[tuple[uuid.UUID, bytes]]:
    """The keys of exchanges' marks, as the store takes them."""
    return [
        (uuid.UUID(one["id"]), bytes.fromhex(one["mark_key"]))
        for one in exchanges
        if "mark_key" in one
    ]


def media_columns(exchanges: Sequence[ExchangeDocument]) -> list[MediaColumns]:
    """Exchanges' media, as the store takes them."""
    return [
        {
            "exchange_id": uuid.UUID(one["id"]),
            "name": item["name"],
            "mark": item["mark"],
            "media_type": item["media_type"],
            "size": item["size"],
            "sealed": base64.b64decode(item["sealed"]),
        }
        for one in exchanges
        for item in one.get("media", ())
    ]


def boundary_counts(
    rows: Sequence[tuple[int, str, int, int]],
) -> list[tuple[dt.date, str, int, int]]:
    """Requests by day, boundary and confidence in cents, as the store takes them."""
    return [
        (dt.date.fromordinal(_EPOCH + day), boundary, cents, requests)
        for day, boundary, cents, requests in rows
    ]


def largest_weights(rows: Sequence[WeightRow]) -> list[tuple[dt.date, str, int, float]]:
    """The largest weights by day, boundary and cents, as the store takes them."""
    return [
        (dt.date.fromordinal(_EPOCH + day), boundary, cents, weight)
        for day, boundary, cents, weight in rows
    ]


def _twin(sampled: Sampled, read: Callable[[Sampled], str]) -> list[TwinDocument]:
    """The twin that was drawn, where the top tier can be asked the same question."""
    direct = sampled.chosen.direct
    if direct is None or read(asked_of(sampled, direct)):
        return []
    return [twin_document(sampled, direct)]


def _exchange_document(
    sampled: Sampled, redact: Redactor, digest_key: bytes, sealer: Sealer | None
) -> ExchangeDocument | str:
    """A drawn exchange as it is stored, or why it cannot be evidence."""
    served, chosen, number, _ = sampled
    decision, key = served.decision, new_key()
    hidden, asked, said = marking(redact, keyed_marks(key)), Apart(key), Apart(key)
    request = storable(redacted_document(served.request, hidden, asked.take))
    if asked.found and (sealer is None or asked.too_large):
        return MEDIA
    if holds_marks(request, asked.found):  # a caller's words: as if media were missing
        return MEDIA
    return {
        "id": str(served.exchange_id),
        "request_no": number,
        "arrived_at": served.arrived_at,
        "session": session_name(served.session, redact=redact, digest_key=digest_key),
        "tier": served.served_tier,
        "model": storable(model_variant(served.served_model, served.effort)),
        "provider": served.provider,
        "label": storable(decision.label),
        "confidence": decision.confidence,
        "confidences": dict(decision.confidences),
        "threshold": decision.threshold,
        "escalated": decision.escalated,
        "task_type": decision.task_type,
        "policy_version": decision.policy_version,
        "reason": storable(decision.reason),
        "direction": chosen.direction,
        "alternative_tier": chosen.alternative_tier,
        "rate": chosen.rate,
        "pi": chosen.pi,
        "density": chosen.densities.segment,
        "tier_density": chosen.densities.tier,
        "prompt_tokens": served.prompt_tokens,
        "completion_tokens": served.completion_tokens,
        "cached_tokens": served.cached_tokens,
        "cache_write_tokens": served.cache_write_tokens,
        "cost_usd": served.cost_usd,
        "classifier_cost_usd": served.classifier_cost_usd,
        "latency_ms": served.latency_ms,
        "request": request,
        # What it shows is known by its mark; nobody has to be shown it again.
        "answer": storable(redacted_document(served.answer or {}, hidden, said.take)),
        "wire": served.wire,
        "headers": redacted_headers(served.headers, redact),
        "fitted": [storable(what) for what in served.fitted],
        "prompt_version": prompt_version(
            served.prompt_version, library_request(served.wire, served.request), redact
        ),
        "client": storable(served.client),
        "mark_key": key.hex(),
        "media": [sealed_media(served.exchange_id, item, sealer) for item in asked.found.values()],
    }
