"""The recorder: count every exchange, keep the sampled ones, and never make a request wait.

`record` runs in the gateway's event loop and only touches memory. All that waits for something
else, a disk or Postgres, is the writer's, in a thread of its own.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from tierwatch.dispatch import Dispatch
from tierwatch.evaluation.sampling.inclusion import cached_inclusion, inclusion, propensities
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.counts import WIDTH, Batch, key_of
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.postgres import BatchStore
from tierwatch.loop.capture.redact import Redactor
from tierwatch.loop.capture.spool import Spool
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
        spool_path: file for batches while Postgres is away.
        spool_max_bytes: its limit.
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
        spool_path: Path,
        spool_max_bytes: int,
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
        self._store = BatchStore(engine, dispatch)
        self._writer = CaptureWriter(
            take=self._take,
            after_flush=self._follow,
            store=self._store,
            spool=Spool(spool_path, max_bytes=spool_max_bytes),
            redact=redact,
            flush_every_s=flush_every_s,
        )

    def record(self, served: ServedExchange) -> None:
        """Count the exchange and keep it if it falls into the sample. Memory only."""
        chosen, expected = None, 0.0
        if served.finished and served.kept and served.answer is not None:
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
            row = self._batch.counts.setdefault(key_of(served), [0.0] * WIDTH)
            dropped = False
            if chosen is not None:
                dropped = len(self._batch.sampled) >= self._buffer
                if dropped:
                    self._dropped += 1
                else:
                    number = self._base + self._counted
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
        self._follow()
        self._writer.start()

    def stop(self, *, within_s: float = 10.0) -> None:
        """Flush what is left and end the writer."""
        self._writer.stop(within_s=within_s)

    def flush(self) -> None:
        """Commit what was recorded since the last flush, or spool it. Called by one thread."""
        self._writer.flush()

    @property
    def dropped_total(self) -> int:
        """Sampled exchanges that were counted and not kept."""
        return self._dropped + self._writer.dropped + self._store.refused

    @property
    def away(self) -> bool:
        """Whether the last flush found Postgres away."""
        return self._writer.away
