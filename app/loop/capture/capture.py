"""Capture: count every exchange, keep the sampled ones, and never make a request wait.

`record` runs in the gateway's event loop and only touches memory. A writer thread wakes every
second, redacts what was sampled, and commits one batch: counts, exchanges and failed attempts in
one transaction under one flush id, so that a batch whose commit was not heard of can be sent
again. Then it tells the workers. While Postgres is away batches go to a bounded file and are
drained in order on return; what does not fit is dropped and counted.
"""

import datetime as dt
import hashlib
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import ProgrammingError as SchemaError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tierwatch.dispatch import Dispatch
from tierwatch.evaluation.sampling.sampling import (
    Inclusion,
    SamplingPlan,
    budget_factor,
    cached_inclusion,
    confidence_bin,
    inclusion,
    neyman_allocation,
    propensities,
)
from tierwatch.loop.capture.exchange import Attempt, ServedExchange
from tierwatch.loop.capture.redact import redact_json, storable
from tierwatch.loop.capture.spool import Spool
from tierwatch.routing.tiers import CACHE_TIER, Tier
from tierwatch.store.costs import spent_today
from tierwatch.store.evidence.cells import risk_cells
from tierwatch.store.traffic.exchanges import add_exchanges
from tierwatch.store.traffic.rollups import add_boundary_counts, add_rollups, counted_requests
from tierwatch.store.traffic.work import add_attempt

_log = structlog.get_logger(__name__)

# Failed provider calls kept between two flushes; more than this tells nothing new.
_ATTEMPTS_KEPT = 1_000
# How often the day's spending is asked for.
_LOOK_EVERY_S = 5.0
# Predicted risk moves slowly, and reading it takes a second on a large database.
_ALLOCATE_EVERY_S = 300.0
# SchemaError: tables are missing until somebody migrates, which is as good as away.
_AWAY = (OperationalError, InterfaceError, SchemaError, PoolTimeoutError, OSError)

_DAY_S = 86_400
_EPOCH = dt.date(1970, 1, 1).toordinal()

_COUNTS = (
    "requests",
    "finished",
    "errors",
    "escalated",
    "sampled",
    "dropped",
    "eligible",
    "prompt_tokens",
    "completion_tokens",
)
# New figures go to the end: rows that an older version spooled are shorter.
_SUMS = (
    "expected",
    "cost_usd",
    "cost_top_tier_usd",
    "latency_ms",
    "cached_tokens",
    "classifier_cost_usd",
)
_WHOLE = frozenset({*_COUNTS, "cached_tokens"})
_Key = tuple[int, str, str, int, int]


@dataclass(slots=True)
class _Batch:
    """What happened since the last flush."""

    counts: dict[_Key, list[float]] = field(default_factory=dict)
    sampled: list[tuple[ServedExchange, Inclusion, int]] = field(default_factory=list)
    attempts: list[tuple[uuid.UUID, Attempt]] = field(default_factory=list)
    boundaries: Counter[tuple[int, str, int]] = field(default_factory=Counter)


class CaptureRecorder:
    """Records served exchanges. One per gateway process.

    Args:
        engine: Postgres.
        dispatch: tells workers of new exchanges.
        tiers: cheapest first; the last one's price gives the cost of "always the top tier".
        plan: sampling rates; the budget's factor is applied here.
        budget_usd_per_day: None for no limit.
        redact: takes and returns text; every stored string passes through it.
        spool_path: file for batches while Postgres is away.
        spool_max_bytes: its limit.
        buffer: sampled exchanges held in memory between two flushes; more are dropped, counted.
        flush_every_s: seconds between commits.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        dispatch: Dispatch,
        tiers: Sequence[Tier],
        plan: SamplingPlan,
        budget_usd_per_day: float | None,
        redact: Callable[[str], str],
        spool_path: Path,
        spool_max_bytes: int,
        buffer: int = 10_000,
        flush_every_s: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self._tiers = tuple(tiers)
        self._names = tuple(tier.name for tier in tiers)
        self._plan = plan
        self._budget = budget_usd_per_day
        self._redact = redact
        self._spool = Spool(spool_path, max_bytes=spool_max_bytes)
        self._buffer = buffer
        self._flush_every_s = flush_every_s
        self._clock = clock
        # Of this process only: nobody can try addresses against the digests that are stored.
        self._key = os.urandom(32)
        self._lock = threading.Lock()
        self._batch = _Batch()
        self._counted = 0
        self._base: int | None = None
        self._flushed = 0
        self._looked_at = float("-inf")
        self._allocated_at = float("-inf")
        self._carried: dict[_Key, list[float]] = {}
        self._carried_boundaries: Counter[tuple[int, str, int]] = Counter()
        self._stop = threading.Event()
        self._writer: threading.Thread | None = None
        self.dropped_total = 0
        self.away = False

    # -- the request path -------------------------------------------------------------------

    def record(self, served: ServedExchange) -> None:
        """Count the exchange and keep it if it falls into the sample. Memory only."""
        chosen, expected = None, 0.0
        if served.finished and served.answer is not None:
            same = served.served_tier == served.decision.tier
            plan = self._plan  # one object: the writer swaps it whole
            if same:  # an answer of a fallback tier was not the router's choice
                expected = sum(propensities(served.decision, self._names, plan))
                chosen = inclusion(served.decision, self._names, plan, str(served.exchange_id))
            elif served.served_tier == CACHE_TIER:
                expected = plan.sample_rate * plan.factor
                chosen = cached_inclusion(served.decision, plan, str(served.exchange_id))
        with self._lock:
            self._counted += 1
            row = self._batch.counts.setdefault(
                _served_key(served), [0.0] * (len(_COUNTS) + len(_SUMS))
            )
            dropped = False
            if chosen is not None:
                dropped = len(self._batch.sampled) >= self._buffer
                if dropped:
                    self.dropped_total += 1
                else:
                    number = (self._base or 0) + self._counted
                    self._batch.sampled.append((served, chosen, number))
            for place, amount in enumerate(
                (
                    1,
                    served.finished,
                    not served.finished,
                    served.decision.escalated,
                    chosen is not None,
                    dropped,
                    expected > 0,
                    served.prompt_tokens,
                    served.completion_tokens,
                    expected,
                    served.cost_usd,
                    # As if its cache had served as well as the one that did: the comparison is
                    # of models, not of warm caches with cold ones.
                    self._tiers[-1].price.cost_usd(
                        served.prompt_tokens,
                        served.completion_tokens,
                        served.cached_tokens,
                        served.cache_write_tokens,
                    ),
                    served.latency_ms,
                    served.cached_tokens,
                    served.classifier_cost_usd,
                )
            ):
                row[place] += amount
            self._count_boundaries(served)
            if len(self._batch.attempts) < _ATTEMPTS_KEPT:
                self._batch.attempts.extend(
                    (served.exchange_id, attempt) for attempt in served.attempts if attempt.error
                )

    def _count_boundaries(self, served: ServedExchange) -> None:
        """Count the request at every boundary it came to: those up to the tier that serves it.

        What the cache answers comes to none, nor does a conversation that is held at its tier: no
        threshold would move it.
        """
        decision = served.decision
        if served.served_tier == CACHE_TIER != decision.tier or decision.held:
            return
        day = int(served.arrived_at) // _DAY_S
        for tier, confidence in decision.confidences:
            # A hair more: .29 x 100 is 28.999999999999996.
            self._batch.boundaries[day, tier, int(confidence * 100 + 1e-9)] += 1
            if tier == decision.tier:
                break

    # -- the writer ---------------------------------------------------------------------------

    def start(self) -> None:
        """Start the writer thread."""
        try:
            self._look()
        except _AWAY as problem:
            _log.warning("postgres away at start, capture spools", why=str(problem)[:200])
        self._writer = threading.Thread(target=self._run, name="capture", daemon=True)
        self._writer.start()

    def stop(self, *, within_s: float = 10.0) -> None:
        """Flush what is left and end the writer."""
        self._stop.set()
        if self._writer is not None:
            self._writer.join(within_s)
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(self._flush_every_s):
            self.flush()

    def flush(self) -> None:
        """Commit what was recorded since the last flush, or spool it. Called by one thread."""
        with self._lock:
            batch, self._batch = self._batch, _Batch()
        batch.boundaries.update(self._carried_boundaries)
        self._carried_boundaries = Counter()
        for key, row in self._carried.items():
            _add(batch.counts, key, row)
        self._carried = {}
        document = self._document(batch) if batch.counts or batch.attempts else None
        try:
            self._drain_spool()
            if document is not None:
                self._commit(document)
            self._look()
            self.away = False
        except _AWAY as problem:
            if not self.away:
                _log.warning("postgres away, capture goes to the spool", why=str(problem)[:200])
            self.away = True
            if document is not None:
                self._to_spool(document, batch)

    def _commit(self, document: dict[str, Any]) -> None:
        """Add a batch once, then tell the workers. A row Postgres refuses costs only itself."""
        try:
            new = self._add_batch(document)
        except (DataError, IntegrityError) as problem:
            # The kind only: Postgres quotes the text it refuses, and no content is logged.
            _log.error("a captured exchange cannot be stored", why=type(problem.orig).__name__)
            good = [row for row in document["exchanges"] if self._fits(row)]
            bad = [row for row in document["exchanges"] if row not in good]
            dropped = [[*_key(row), *_one_dropped()] for row in bad]
            self.dropped_total += len(bad)
            new = self._add_batch(
                document | {"exchanges": good, "counts": document["counts"] + dropped}
            )
        for exchange_id in new:
            if not self._dispatch.shadow_exchange(exchange_id):
                break

    def _add_batch(self, document: dict[str, Any]) -> list[uuid.UUID]:
        with self._engine.begin() as connection:
            merged: dict[_Key, list[float]] = {}
            for row in document["counts"]:
                _add(merged, tuple(row[:5]), _whole(row[5:]))
            counts = [_rollup(key, amounts) for key, amounts in merged.items()]
            if not add_rollups(connection, uuid.UUID(document["flush_id"]), counts):
                return []
            for attempt in document["attempts"]:
                add_attempt(connection, **attempt)
            add_boundary_counts(
                connection,
                [
                    (dt.date.fromordinal(_EPOCH + day), tier, cents, requests)
                    for day, tier, cents, requests in document["boundaries"]
                ],
            )
            new = add_exchanges(connection, [_exchange(row) for row in document["exchanges"]])
        self._flushed += sum(int(row["requests"]) for row in counts)
        return new

    def _fits(self, row: dict[str, Any]) -> bool:
        with self._engine.connect() as connection:  # never committed
            try:
                add_exchanges(connection, [_exchange(row)])
            except (DataError, IntegrityError):
                return False
            return True

    def _drain_spool(self) -> None:
        if self._spool.empty:
            return
        with self._engine.connect():  # still away: leave the file alone
            pass
        for line in self._spool.drain():
            try:
                document = orjson.loads(line)
            except orjson.JSONDecodeError:
                _log.error("a spooled batch was cut by a crash and is lost", bytes=len(line))
                continue
            self._commit(document)

    def _to_spool(self, document: dict[str, Any], batch: _Batch) -> None:
        if self._spool.append(orjson.dumps(document)):
            return
        for served, _, _ in batch.sampled:
            row = batch.counts[_served_key(served)]
            row[_COUNTS.index("dropped")] += 1
            self.dropped_total += 1
        self._carried = batch.counts
        self._carried_boundaries = batch.boundaries
        _log.error("the capture spool is full", dropped=len(batch.sampled))

    def _look(self) -> None:
        """Ask where the count of requests stood at the start, what was spent, where risk is."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY_S:
            return
        with self._engine.connect() as connection:
            if self._base is None:
                # Other gateways count on beside this one: in a fleet the number is approximate.
                self._base = counted_requests(connection) - self._flushed
            if self._budget is not None:
                factor = budget_factor(spent_today(connection), self._budget)
                if factor != self._plan.factor:
                    _log.info("sampling rate follows the day's budget", factor=factor)
                    self._plan = replace(self._plan, factor=factor)
            if self._plan.allocation is not None and now - self._allocated_at >= _ALLOCATE_EVERY_S:
                allocation = neyman_allocation(risk_cells(connection))
                self._plan = replace(self._plan, allocation=allocation)
                self._allocated_at = now
        self._looked_at = now

    def _document(self, batch: _Batch) -> dict[str, Any]:
        """The batch as JSON, redacted: this is the one door to storage."""
        return {
            "flush_id": str(uuid.uuid4()),
            "counts": [[*key, *row] for key, row in batch.counts.items()],
            "boundaries": [[*key, requests] for key, requests in batch.boundaries.items()],
            "exchanges": [self._row(*item) for item in batch.sampled],
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

    def _session(self, session: str) -> str:
        """A session's name, redacted; two that redaction would make one stay two."""
        redacted = storable(self._redact(session))
        if redacted != session:
            digest = hashlib.blake2b(session.encode("utf-8", "replace"), key=self._key)
            redacted = f"{redacted[:150]}#{digest.hexdigest()[:16]}"
        return redacted[:200]

    def _row(self, served: ServedExchange, chosen: Inclusion, number: int) -> dict[str, Any]:
        decision = served.decision
        return {
            "id": str(served.exchange_id),
            "request_no": number,
            "arrived_at": served.arrived_at,
            "session": self._session(served.session),
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
            "request": storable(redact_json(served.request, self._redact)),
            "answer": storable(redact_json(served.answer, self._redact)),
        }


def _served_key(served: ServedExchange) -> _Key:
    decision = served.decision
    return (
        int(served.arrived_at) // 60 * 60,
        served.served_tier,
        decision.task_type,
        confidence_bin(decision.confidence),
        decision.policy_version,
    )


def _key(row: dict[str, Any]) -> _Key:
    return (
        int(row["arrived_at"]) // 60 * 60,
        row["tier"],
        row["task_type"],
        confidence_bin(row["confidence"]),
        row["policy_version"],
    )


def _one_dropped() -> list[float]:
    row = [0.0] * (len(_COUNTS) + len(_SUMS))
    row[_COUNTS.index("dropped")] = 1
    return row


def _add(counts: dict[_Key, list[float]], key: _Key, row: list[float]) -> None:
    mine = counts.setdefault(key, [0.0] * len(row))
    for place, amount in enumerate(row):
        mine[place] += amount


def _whole(row: list[float]) -> list[float]:
    """A row of figures, with nothing of those that an older version did not spool."""
    return row + [0.0] * (len(_COUNTS) + len(_SUMS) - len(row))


def _rollup(key: _Key, amounts: list[float]) -> dict[str, Any]:
    minute, tier, task_type, place, version = key
    figures = dict(zip((*_COUNTS, *_SUMS), amounts, strict=True))
    return {
        "minute": dt.datetime.fromtimestamp(minute, dt.UTC),
        "tier": tier,
        "task_type": task_type,
        "bin": place,
        "policy_version": version,
        **{name: int(value) if name in _WHOLE else value for name, value in figures.items()},
    }


def _exchange(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "id": uuid.UUID(row["id"]),
        "arrived_at": dt.datetime.fromtimestamp(row["arrived_at"], dt.UTC),
    }
