"""The writer: a thread that wakes every second and puts down what was recorded since.

A batch is redacted, committed in one transaction under one flush id (so that a batch whose commit
was not heard of can be sent again), and the workers are asked. While Postgres is away batches go to
a bounded file and are drained in order on return; what does not fit is dropped and counted.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable

import orjson
import structlog

from tierwatch.loop.capture.counts import DROPPED, Batch, BoundaryKey, Key, add, key_of
from tierwatch.loop.capture.document import BatchDocument, batch_document
from tierwatch.loop.capture.postgres import AWAY, BatchStore
from tierwatch.loop.capture.redact import Redactor
from tierwatch.loop.capture.spool import Spool

_log = structlog.get_logger(__name__)


class CaptureWriter:
    """Puts batches down. All but `start` and `stop` runs in one thread.

    Args:
        take: gives what was recorded since it was last called.
        after_flush: called after each flush during which Postgres was there.
        store: adds batches to Postgres.
        spool: holds them while it is away.
        redact: every stored text passes through it.
        flush_every_s: seconds between two flushes.

    Attributes:
        away: whether the last flush found Postgres away.
        dropped: exchanges that found no place in the spool.
    """

    def __init__(
        self,
        *,
        take: Callable[[], Batch],
        after_flush: Callable[[], None],
        store: BatchStore,
        spool: Spool,
        redact: Redactor,
        flush_every_s: float,
    ) -> None:
        self._take = take
        self._after_flush = after_flush
        self._store = store
        self._spool = spool
        self._redact = redact
        self._flush_every_s = flush_every_s
        # Of this process only: nobody can try addresses against the digests that are stored.
        self._digest_key = os.urandom(32)
        self._carried: dict[Key, list[float]] = {}
        self._carried_boundaries: Counter[BoundaryKey] = Counter()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.away = False
        self.dropped = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def stop(self, *, within_s: float) -> None:
        """End the thread and flush what is left."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(within_s)
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(self._flush_every_s):
            self.flush()

    def flush(self) -> None:
        """Commit what was recorded since the last flush, or spool it."""
        batch = self._with_carried(self._take())
        document = self._document(batch)
        try:
            self._drain_spool()
            if document is not None:
                self._store.commit(document)
        except AWAY as problem:
            if not self.away:
                _log.warning("postgres away, capture goes to the spool", why=str(problem)[:200])
            self.away = True
            if document is not None:
                self._to_spool(document, batch)
            return
        self.away = False
        self._after_flush()

    def _with_carried(self, batch: Batch) -> Batch:
        """The batch with the counts of those that the spool had no room for."""
        batch.boundaries.update(self._carried_boundaries)
        for key, row in self._carried.items():
            add(batch.counts, key, row)
        self._carried, self._carried_boundaries = {}, Counter()
        return batch

    def _document(self, batch: Batch) -> BatchDocument | None:
        if not batch.counts and not batch.attempts:
            return None
        return batch_document(batch, redact=self._redact, digest_key=self._digest_key)

    def _drain_spool(self) -> None:
        """Add what waits in the spool, oldest first."""
        if self._spool.empty:
            return
        self._store.reach()  # still away: leave the file alone
        for line in self._spool.drain():
            try:
                document: BatchDocument = orjson.loads(line)
            except orjson.JSONDecodeError:
                _log.error("a spooled batch was cut by a crash and is lost", bytes=len(line))
                continue
            self._store.commit(document)

    def _to_spool(self, document: BatchDocument, batch: Batch) -> None:
        """Spool a batch; where it does not fit its exchanges are dropped and its counts carried."""
        if self._spool.append(orjson.dumps(document)):
            return
        for served, _, _ in batch.sampled:
            batch.counts[key_of(served)][DROPPED] += 1
            self.dropped += 1
        self._carried = batch.counts
        self._carried_boundaries = batch.boundaries
        _log.error("the capture spool is full", dropped=len(batch.sampled))
