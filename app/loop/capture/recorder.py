"""The recorder: count every exchange, keep the sampled ones, and never make a request wait.

`record` runs in the gateway's event loop and only touches memory. All that waits for something
else, a disk or Postgres, is the writer's, in a thread of its own.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Engine

from tierwatch.dispatch import Dispatch
from tierwatch.evaluation.sampling.inclusion import (
    Inclusion,
    cached_chances,
    cached_inclusion,
    drawn,
    propensities,
)
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.faults import FAULTS, guard
from tierwatch.loop.capture.admission.outside import NOT_SAMPLED, outside_at_once
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder
from tierwatch.loop.capture.backlog.waiting import Waiting
from tierwatch.loop.capture.counts import (
    DROPPED,
    SAMPLED,
    Batch,
    BoundaryKey,
    Sampled,
    add,
    key_of,
    note_largest,
    outside_key,
)
from tierwatch.loop.capture.document import nothing_against
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.postgres import BatchStore
from tierwatch.loop.capture.redact import Redactor
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.capture.state import CaptureState
from tierwatch.loop.capture.steering import Steering
from tierwatch.loop.capture.writer import CaptureWriter
from tierwatch.routing.tiers import CACHE_TIER, Tier

# Failed provider calls kept between two flushes; more than this tells nothing new.
_ATTEMPTS_KEPT: Final = 1_000
_DAY_S: Final = 86_400


class CaptureRecorder:
    """Records served exchanges. One per gateway process.

    Args:
        engine: Postgres.
        dispatch: tells workers of new exchanges.
        tiers: cheapest first; the last one's price gives the cost of "always the top tier".
        plan: sampling rates; the budget's factor is applied here.
        budget_usd_per_day: None for no limit.
        redact: takes and returns text; every stored string passes through it.
        read: says of a drawn exchange why it cannot be evidence after all; "" where it can.
        sealer: seals images, audio and files; without one none are kept.
        spools: files for batches while Postgres is away.
        letters: take what cannot be written.
        buffer: sampled exchanges held in memory between two flushes; more are dropped, counted.
        flush_every_s: seconds between commits.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        dispatch: Dispatch,
        tiers: Sequence[Tier],
        plan: SamplingPlan,
        budget_usd_per_day: float | None,
        redact: Redactor,
        spools: SpoolFolder,
        letters: DeadLetters,
        read: Callable[[Sampled], str] = nothing_against,
        sealer: Sealer | None = None,
        buffer: int = 10_000,
        flush_every_s: float = 1.0,
    ) -> None:
        self._tiers = tuple(tiers)
        self._names = tuple(tier.name for tier in tiers)
        self._plan = plan
        self._buffer = buffer
        self._lock = threading.Lock()
        self._batch = Batch()
        self._counted = 0
        self._base = 0
        self._dropped = 0
        self._steering = Steering(engine, budget_usd_per_day=budget_usd_per_day)
        self._spools = spools
        self._letters = letters
        self._waiting = Waiting(spools, letters)
        self._store = BatchStore(engine, dispatch, letters)
        self._writer = CaptureWriter(
            take=self._take,
            after_flush=self._follow,
            store=self._store,
            waiting=self._waiting,
            adopt=spools.adopt,
            letters=letters,
            redact=redact,
            read=read,
            sealer=sealer,
            flush_every_s=flush_every_s,
        )

    def record(self, served: ServedExchange) -> None:
        """Count the exchange and keep it if it falls into the sample. Memory only; never raises."""
        with guard("capture: record") as recorded:
            outside = outside_at_once(served)
            chosen, up, down = (None, 0.0, 0.0) if outside else self._chosen(served)
            expected = up + down
            if expected == 0.0 and not outside:
                outside = NOT_SAMPLED
            key, row = key_of(served), self._row(served, expected)
            weights = _weights(self._boundaries(served), served.decision.tier, up, down)
            failed = [(served.exchange_id, attempt) for attempt in served.attempts if attempt.error]
            # All that may fail is above: what is below is done wholly.
            with self._lock:
                self._counted += 1
                if chosen is not None:
                    row[SAMPLED] = 1
                    if len(self._batch.sampled) < self._buffer:
                        number = self._base + self._counted
                        self._batch.sampled.append(Sampled(served, chosen, number, expected))
                    else:
                        row[DROPPED] = 1
                        self._dropped += 1
                add(self._batch.counts, key, row)
                if outside:
                    add(self._batch.outside, outside_key(served, outside), [1.0, 0.0])
                for boundary, weight in weights:
                    self._batch.boundaries[boundary] += 1
                    note_largest(self._batch.weights, boundary, weight)
                if len(self._batch.attempts) < _ATTEMPTS_KEPT:
                    self._batch.attempts.extend(failed)
        if recorded.cause:
            self._dropped += 1

    def _chosen(self, served: ServedExchange) -> tuple[Inclusion | None, float, float]:
        """Whether an exchange that may be evidence is drawn, and its chances upwards and down."""
        decision, plan = served.decision, self._plan  # one object: the writer swaps it whole
        exchange_id, at = str(served.exchange_id), served.arrived_at
        if served.served_tier == CACHE_TIER != decision.tier:
            chances = cached_chances(decision, plan, at)
            return cached_inclusion(decision, plan, exchange_id, at), chances.up, chances.down
        chances = propensities(decision, self._names, plan, at)
        return drawn(decision, self._names, plan, exchange_id, chances), chances.up, chances.down

    def _row(self, served: ServedExchange, expected: float) -> list[float]:
        """What the exchange adds to the figures of its key, in the order of `FIGURES`."""
        return [
            1,
            served.finished,
            not served.finished,
            served.decision.escalated,
            0,
            0,
            expected > 0,
            served.prompt_tokens,
            served.completion_tokens,
            expected,
            served.cost_usd,
            # As if its cache had served as well as the one that did: the comparison is of models,
            # not of warm caches with cold ones.
            self._tiers[-1].price.cost_usd(
                served.prompt_tokens,
                served.completion_tokens,
                served.cached_tokens,
                served.cache_write_tokens,
            ),
            served.latency_ms,
            served.cached_tokens,
            served.classifier_cost_usd,
        ]

    def _boundaries(self, served: ServedExchange) -> list[BoundaryKey]:
        """The boundaries that the request came to: those up to the tier that serves it.

        What the cache answers comes to none, nor does a conversation that is held at its tier: no
        threshold would move it.
        """
        decision = served.decision
        if served.served_tier == CACHE_TIER != decision.tier or decision.held:
            return []
        day = int(served.arrived_at) // _DAY_S
        found = []
        for tier, confidence in decision.confidences:
            # A hair more: .29 x 100 is 28.999999999999996.
            found.append((day, tier, int(confidence * 100 + 1e-9)))
            if tier == decision.tier:
                break
        return found

    def _take(self) -> Batch:
        """What was recorded since the last call."""
        with self._lock:
            batch, self._batch = self._batch, Batch()
        return batch

    def _follow(self) -> None:
        """Sample by what Postgres says of budget and risk; the plan is swapped whole."""
        self._plan = self._steering.plan(self._plan, flushed=self._store.requests)
        self._base = self._steering.base or 0

    def start(self) -> None:
        """Start the writer."""
        with guard("capture: follow"):
            self._follow()
        self._writer.start()

    def stop(self, *, within_s: float = 10.0) -> None:
        """Flush what is left and end the writer; what Postgres does not take in time is spooled.

        Never raises. Takes two seconds longer at most.
        """
        self._writer.stop(within_s=within_s)
        with guard("capture: unlock"):
            self._spools.close()

    def flush(self) -> None:
        """Commit what was recorded since the last flush, or spool it. Called by one thread."""
        self._writer.flush()

    def state(self) -> CaptureState:
        """How capture is. Never raises."""
        spool_bytes = 0
        with guard("capture: see the spools"):
            spool_bytes = self._spools.waiting_bytes
        caught_up_at = self._writer.caught_up_at
        return CaptureState(
            writer_alive=self._writer.alive,
            caught_up_at=caught_up_at,
            behind_s=max(0.0, time.time() - caught_up_at),
            spool_bytes=spool_bytes,
            dropped=self.dropped_total,
            dead_letters=self._letters.kept,
            faults=FAULTS.counts(),
            outside=dict(self._writer.outside),
        )

    @property
    def dropped_total(self) -> int:
        """Sampled exchanges that were counted and not kept."""
        return self._dropped + self._waiting.dropped + self._store.refused + self._writer.lost

    @property
    def away(self) -> bool:
        """Whether the last flush found Postgres away."""
        return self._writer.away


def _weights(
    boundaries: Sequence[BoundaryKey], tier: str, up: float, down: float
) -> list[tuple[BoundaryKey, float]]:
    """What a pair of the request would stand for at each boundary; 0 where none can be drawn.

    Noted whether it is drawn or not: a certificate has to know of the heaviest pair there may be.
    """
    found = [(boundary, 0.0) for boundary in boundaries]
    own = bool(boundaries) and boundaries[-1][1] == tier
    if own and up > 0:
        found[-1] = (boundaries[-1], 1 / up)
    if down > 0 and len(boundaries) > own:
        found[-1 - own] = (boundaries[-1 - own], 1 / down)
    return found
