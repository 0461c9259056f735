"""The writer: a thread that wakes every second and puts down what was recorded since.

A batch is redacted, committed in one transaction under one flush id (so that a batch whose commit
was not heard of can be sent again), and the workers are asked. While Postgres is away batches go to
a bounded file and are drained in order on return; what does not fit is dropped and counted.

Nothing ends the thread. Whatever is raised at any place, each sampled exchange ends in Postgres,
counted as dropped, or in the dead letters, once.
"""

import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

from tierwatch.faults import FAULTS, cause_of, guard, is_order, repeat
from tierwatch.loop.capture.away import is_away, is_timeout
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters, Letter
from tierwatch.loop.capture.backlog.waiting import Waiting
from tierwatch.loop.capture.counts import Batch, Sampled
from tierwatch.loop.capture.document import (
    BatchDocument,
    batch_document,
    counts_alone,
    without_exchanges,
)
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.postgres import BatchStore
from tierwatch.loop.capture.redact import Redactor
from tierwatch.loop.capture.redaction.sealing import Sealer

# Other processes end now and then, and leave a spool.
_ADOPT_EVERY_S: Final = 60.0
# What a stop may take beyond its time, to write to disk what hangs on its way to Postgres.
_RESCUE_S: Final = 2.0


# Of a batch that neither Postgres nor the dead letters take; then those behind it get their turn.
_MOST_TRIES: Final = 60
# A batch that times out so often in a row is too slow itself; otherwise Postgres was.
_PATIENCE: Final = 3
# Batches given up whose other copy is known: a disk that fails once it has written leaves two.
_MOST_GIVEN_UP: Final = 1_000


class CaptureWriter:
    """Puts batches down. All but `start`, `stop` and the attributes belongs to one thread.

    Args:
        take: gives what was recorded since it was last called.
        after_flush: called after each flush during which Postgres was there.
        store: adds batches to Postgres.
        waiting: holds them while it is away.
        adopt: takes over the spools of dead processes.
        letters: take what cannot be written.
        redact: every stored text passes through it.
        read: says of a drawn exchange why it cannot be evidence after all; "" where it can.
        sealer: seals images, audio and files; without one none are kept.
        flush_every_s: seconds between two flushes.

    Attributes:
        away: whether the last flush found Postgres away.
        caught_up_at: epoch seconds; all that was recorded until then was in Postgres.
        lost: exchanges that no document could be made of, or that nothing took.
        outside: by reason, requests that cannot be evidence; a part is estimated.
    """

    def __init__(
        self,
        *,
        take: Callable[[], Batch],
        after_flush: Callable[[], None],
        store: BatchStore,
        waiting: Waiting,
        adopt: Callable[[], None],
        letters: DeadLetters,
        redact: Redactor,
        read: Callable[[Sampled], str],
        sealer: Sealer | None,
        flush_every_s: float,
    ) -> None:
        self._take = take
        self._after_flush = after_flush
        self._store = store
        self._waiting = waiting
        self._adopt = adopt
        self._letters = letters
        self._redact = redact
        self._read = read
        self._sealer = sealer
        self._flush_every_s = flush_every_s
        # Of this process only: nobody can try addresses against the digests that are stored.
        self._digest_key = os.urandom(32)
        self._taken: deque[Batch] = deque()
        self._failed_flush = ("", 0)
        self._timed_out = ("", 0)
        self._done_with: deque[str] = deque(maxlen=_MOST_GIVEN_UP)
        self._adopted_at = float("-inf")
        self._stop = threading.Event()
        self._failed_batch: Batch | None = None
        self._thread: threading.Thread | None = None
        self.away = False
        self.caught_up_at = time.time()
        self.lost = 0
        self.outside: defaultdict[str, float] = defaultdict(float)

    def start(self) -> None:
        """Start the thread."""
        self.caught_up_at = time.time()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def stop(self, *, within_s: float) -> None:
        """End the thread and flush what is left, to disk where Postgres does not answer in time.

        Never raises. Takes two seconds longer at most.
        """
        self._stop.set()
        if self._thread is None:
            self.flush()
            return
        with guard("capture: stop"):
            self._thread.join(within_s)
            if not self._thread.is_alive():
                return
            # It hangs, in Postgres most likely. Should both commit and spool a batch, it counts
            # once.
            rescue = threading.Thread(target=self._rescue, name="capture-rescue", daemon=True)
            rescue.start()
            rescue.join(_RESCUE_S)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        repeat(self.flush, every_s=self._flush_every_s, stop=self._stop, doing="capture: flush")
        self.flush()

    def _rescue(self) -> None:
        self._collect()
        with guard("capture: settle"):
            self._waiting.settle()

    def flush(self) -> None:
        """Commit what was recorded since the last flush, or spool it. Never raises."""
        began = time.time()
        with guard("capture: adopt"):
            if time.monotonic() - self._adopted_at >= _ADOPT_EVERY_S:
                self._adopted_at = time.monotonic()
                self._adopt()
        whole = self._collect()
        with guard("capture: put down"):
            if self._put_down():
                if whole and self._waiting.empty:
                    self.caught_up_at = began
                with guard("capture: follow"):
                    self._after_flush()
                return
        with guard("capture: settle"):
            self._waiting.settle()

    def _collect(self) -> bool:
        """Make documents of what was recorded; False when a batch failed and is kept for later."""
        with guard("capture: take") as taken:
            self._taken.append(self._take())
        while self._taken:
            batch = self._taken[0]
            unredacted: list[tuple[ServedExchange, str]] = []
            with guard("capture: document") as tried:
                if batch.counts or batch.attempts:
                    self._waiting.put(self._document(batch, unredacted))
                self._taken.popleft()
                self._failed_batch = None
            if tried.cause and self._failed_batch is not batch:
                self._failed_batch = batch
                return False
            if tried.cause:
                with guard("capture: count alone"):
                    unredacted = [(one.served, tried.cause) for one in batch.sampled]
                    self._waiting.put(counts_alone(batch))
                    self._taken.popleft()
            for served, cause in unredacted:
                self._keep_figures(served, cause)
        return not taken.cause

    def _document(
        self, batch: Batch, unredacted: list[tuple[ServedExchange, str]]
    ) -> BatchDocument:
        document = batch_document(
            batch,
            redact=self._redact,
            read=self._read,
            sealer=self._sealer,
            digest_key=self._digest_key,
            fail=lambda served, cause: unredacted.append((served, cause)),
        )
        for _, _, reason, requests, _ in document["outside"]:
            if reason:
                self.outside[reason] += requests
        return document

    def _keep_figures(self, served: ServedExchange, cause: str) -> None:
        """An exchange that cannot be redacted leaves its figures behind, and nothing it says."""
        self.lost += 1
        about = {
            "id": str(served.exchange_id),
            "arrived_at": served.arrived_at,
            "tier": served.served_tier,
            "model": served.served_model,
        }
        self._letters.keep(Letter("redaction", cause, about=about))

    def _put_down(self) -> bool:
        """Whether all that can be read of what waits is in Postgres."""
        if self.away or not self._waiting.only_fresh:
            try:
                self._store.reach()  # still away: leave the file alone
            except BaseException as error:
                self._say_away(error)
                if is_order(error):
                    raise
                return False
        if not self._waiting.drain(self._commit):
            return False
        self.away = False
        return True

    def _commit(self, document: BatchDocument) -> bool:
        """Commit a batch, or be done with it otherwise; False when it has to wait."""
        if document["flush_id"] in self._done_with:
            return True  # a copy of one that was given up: it counts once
        try:
            if self._timed_out == (document["flush_id"], _PATIENCE):
                self._timed_out = ("", 0)
                self._store.commit_slow(document)
            else:
                self._store.commit(document)
        except BaseException as error:
            if is_order(error):
                raise
            if is_away(error):
                self._note_timeout(document["flush_id"], error)
                self._say_away(error)
                return False
            FAULTS.note("capture: commit in parts", error)
            return self._given_up(document, error)
        return True

    def _note_timeout(self, flush_id: str, error: BaseException) -> None:
        """How often in a row the first of what waits has timed out."""
        times = self._timed_out[1] + 1 if self._timed_out[0] == flush_id else 1
        self._timed_out = (flush_id, times) if is_timeout(error) else ("", 0)

    def _given_up(self, document: BatchDocument, error: BaseException) -> bool:
        """Whether a batch that cannot be added, whole or in parts, needs to wait no longer.

        The second time it goes to the dead letters, or, where those take no more, its exchanges are
        counted as dropped. A batch of which not even that can be had is let go in the end.
        """
        flush_id = document["flush_id"]
        times = self._failed_flush[1] + 1 if self._failed_flush[0] == flush_id else 1
        self._failed_flush = (flush_id, times)
        if times == 1:
            return False
        with guard("capture: give up") as tried:
            if self._store.has(flush_id):
                return True
            if not self._letters.keep(Letter("batch", cause_of(error), document)):
                self._store.commit(without_exchanges(document))
        if tried.cause and times < _MOST_TRIES:
            return False
        self.lost += len(document["exchanges"])
        self._done_with.append(flush_id)
        return True

    def _say_away(self, error: BaseException) -> None:
        FAULTS.note("capture: postgres away", error)
        self.away = True
