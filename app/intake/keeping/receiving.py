"""Batches come from the server and go to the journal: a thread of the intake.

What has come meanwhile is one group: it is read, admitted and written with one wait for the disk,
and acknowledged after it. A group that finds no place is refused whole and may be sent again.
"""

import datetime as dt
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tierwatch.faults import FAULTS, guard, is_order
from tierwatch.intake.calls import Readings
from tierwatch.intake.inflate import TooLargeError, inflated
from tierwatch.intake.keeping.admitting import Admitting
from tierwatch.intake.keeping.frames import AdmittedCall, Frame, add_counts
from tierwatch.intake.keeping.journal import Journal
from tierwatch.intake.keeping.telemetries import Telemetries
from tierwatch.intake.sources import Source
from tierwatch.intake.unreadable import UnreadableError
from tierwatch.store.traffic.sources import SHED, UNREAD

# Batches and bytes of a group: more would make the first one wait long for its answer.
_MOST_BATCHES: Final = 64
_MOST_GROUP_BYTES: Final = 8_000_000
# While a half of a call waits for the other one.
_DUE_EVERY_S: Final = 5.0
UNADMITTED: Final = "unadmitted"  # our own mistake; the log has it


class Outcome(NamedTuple):
    """What became of a batch.

    Attributes:
        status: of HTTP: 202 kept; 400 or 413 nothing of it can be read; 429 send it again later.
        calls: that were kept.
        counted: what was passed over, by kind.
        problem: what was found and what is accepted; "" where all went well.
    """

    status: int
    calls: int = 0
    counted: Readings = Readings()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch as it came.

    Attributes:
        source: the name of its key.
        kind: who reads it.
        body: as it came.
        encoding: ``content-encoding``, in lower case.
        media_type: ``content-type``, in lower case and without parameters.
        received_at: seconds since 1970.
        done: is given the outcome, once, in the thread.
    """

    source: str
    kind: Source
    body: bytes
    encoding: str
    media_type: str
    received_at: float
    done: Callable[[Outcome], None]


def _refused(_body: bytes, _media_type: str) -> Readings:
    raise TooLargeError


_TOO_LARGE: Final = Source("any", _refused)


class Receiving:
    """Takes deliveries. `offer` and `shed` may be called by any thread; the rest is one thread's.

    Args:
        admitting: makes of a call what is stored.
        journal: where groups wait for Postgres.
        most_body: bytes that a body may become.
        most_waiting: bytes of bodies that may wait to be read.
        written: called after a group was written.

    Attributes:
        most_body: as it was given.
    """

    def __init__(
        self,
        admitting: Admitting,
        journal: Journal,
        *,
        most_body: int,
        most_waiting: int,
        written: Callable[[], None],
    ) -> None:
        self._admitting = admitting
        self._journal = journal
        self.most_body = most_body
        self._most_waiting = most_waiting
        self._written = written
        self._queue: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._unsaid: dict[str, Counter[str]] = {}
        self._telemetries = Telemetries()
        self._thread = threading.Thread(target=self._run, name="intake-read", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def waiting_bytes(self) -> int:
        """Bytes of bodies that wait to be read."""
        return self._waiting

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, *, within_s: float) -> None:
        """Write what was taken, and end."""
        self._queue.put(None)
        self._thread.join(within_s)

    def offer(self, delivery: Delivery) -> bool:
        """Take a delivery; False where too much waits already, which is counted.

        Of one that is larger than a body may be only the answer waits, 413: there may never be room
        for it, and nothing of it would be read.
        """
        if len(delivery.body) > self.most_body:
            delivery = replace(delivery, kind=_TOO_LARGE, body=b"", encoding="")
        size = len(delivery.body)
        with self._lock:
            room = self._waiting + size <= self._most_waiting
            if room:
                self._waiting += size
        if not room:
            self.shed(delivery.source)
            return False
        self._queue.put(delivery)
        return True

    def shed(self, source: str) -> None:
        """Count a batch that was refused and may be sent again."""
        with self._lock:
            add_counts(self._unsaid, source, {SHED: 1})

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._group()
            self.write(group, ends=not going)

    def _group(self) -> tuple[list[Delivery], bool]:
        """What waits, one delivery at least; and whether there is more to come."""
        group: list[Delivery] = []
        size, going = 0, True
        while going and len(group) < _MOST_BATCHES and size < _MOST_GROUP_BYTES:
            try:
                one = self._queue.get(timeout=0 if group else self._patience())
            except queue.Empty:
                break
            going = one is not None
            if one is not None:
                group.append(one)
                size += len(one.body)
        with self._lock:
            self._waiting -= size
        return group, going

    def _patience(self) -> float | None:
        """How long to wait for the next delivery: less where something waits for its half."""
        return _DUE_EVERY_S if self._telemetries.state else None

    def write(self, group: list[Delivery], *, ends: bool = False) -> None:
        """Read, admit and write a group, then say what became of each. Never raises.

        Args:
            group: may be empty: then what has waited long enough is written.
            ends: whether nothing comes after it.
        """
        calls: list[AdmittedCall] = []
        before = self._telemetries.state
        with self._lock:
            unsaid, self._unsaid = self._unsaid, {}
        counted = {source: Counter(kinds) for source, kinds in unsaid.items()}
        outcomes = []
        for one in group:
            outcome, admitted = self._read(one)
            outcomes.append(outcome)
            calls += admitted
            kinds = dict(outcome.counted.counted) | ({UNREAD: 1} if outcome.problem else {})
            add_counts(counted, one.source, kinds)
        now = time.time()
        with guard("intake: join"):
            joined = self._telemetries
            for source, readings in (joined.flushed(now) if ends else joined.due(now)).items():
                admitted, kinds = self._admitted(readings, source, now)
                calls += admitted
                add_counts(counted, source, kinds)
        counted = {source: +kinds for source, kinds in counted.items() if +kinds}
        kept = self._kept(calls, counted)
        if not kept:
            self._telemetries.state = before
            with self._lock:
                for source, kinds in unsaid.items():
                    add_counts(self._unsaid, source, kinds)
                for one in group:
                    add_counts(self._unsaid, one.source, {SHED: 1})
        for one, outcome in zip(group, outcomes, strict=True):
            with guard("intake: say what became of a batch"):
                one.done(outcome if kept or outcome.problem else Outcome(429))

    def _kept(self, calls: list[AdmittedCall], counted: dict[str, Counter[str]]) -> bool:
        """Whether a group is on disk."""
        if not calls and not counted:
            return True
        with guard("intake: write") as tried:
            day = dt.datetime.fromtimestamp(time.time(), dt.UTC).date()
            kept = self._journal.append(Frame(calls, counted, day).line)
        if tried.cause or not kept:
            return False
        self._written()
        return True

    def _read(self, one: Delivery) -> tuple[Outcome, list[AdmittedCall]]:
        try:
            body = inflated(one.body, one.encoding, self.most_body)
            if one.kind.read is None:
                readings = self._telemetries.read(
                    one.source,
                    one.kind.signal,
                    body,
                    media_type=one.media_type,
                    now=one.received_at,
                )
            else:
                readings = one.kind.read(body, one.media_type)
        except UnreadableError as problem:
            return Outcome(400, problem=str(problem)), []
        except TooLargeError:
            most = self.most_body // 1024 // 1024
            return Outcome(413, problem=f"found more than {most} MB, inflated or not"), []
        except BaseException as error:
            if is_order(error):
                raise
            FAULTS.note("intake: read", error)
            return Outcome(400, problem="found a body that this version cannot read"), []
        admitted, counted = self._admitted(readings, one.source, one.received_at)
        return Outcome(202, len(admitted), Readings(counted=counted)), admitted

    def _admitted(
        self, readings: Readings, source: str, at: float
    ) -> tuple[list[AdmittedCall], dict[str, int]]:
        """Calls as they are stored, and what was passed over."""
        admitted = []
        failed = 0
        for call in readings.calls:
            with guard("intake: admit") as tried:
                admitted.append(self._admitting.admit(call, source, at))
            failed += bool(tried.cause)
        return admitted, dict(readings.counted) | ({UNADMITTED: failed} if failed else {})
