"""The recorder: count every exchange, keep the sampled ones, and never make a request wait.

`record` runs in the gateway's event loop and only touches memory. All that waits for something
else, a disk or Postgres, is the writer's, in a thread of its own.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Engine

from tierwatch.dispatch import Dispatch
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.faults import FAULTS, guard
from tierwatch.loop.capture.admission.draw import Draw
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder
from tierwatch.loop.capture.backlog.waiting import Waiting
from tierwatch.loop.capture.counts import Batch, Sampled
from tierwatch.loop.capture.document import nothing_against
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.postgres import BatchStore
from tierwatch.loop.capture.redact import Redactor
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.capture.state import CaptureState
from tierwatch.loop.capture.steering import Steering
from tierwatch.loop.capture.writer import CaptureWriter
from tierwatch.routing.tiers import Tier


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
        self._draw = Draw(tuple(tiers), plan)
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
            drawn = self._draw.of(served)  # one object: the writer swaps it whole
            # All that may fail is above: what is below is done wholly.
            with self._lock:
                self._counted += 1
                number = self._base + self._counted
                self._dropped += drawn.add_to(self._batch, number=number, room=self._buffer)
        if recorded.cause:
            self._dropped += 1

    def _take(self) -> Batch:
        """What was recorded since the last call."""
        with self._lock:
            batch, self._batch = self._batch, Batch()
        return batch

    def _follow(self) -> None:
        """Sample by what Postgres says of budget and risk; the plan is swapped whole."""
        plan = self._steering.plan(self._draw.plan, flushed=self._store.requests)
        self._draw = replace(self._draw, plan=plan)
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
