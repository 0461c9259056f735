"""Spans and the log records of their content, joined by trace and span, in whichever order.

A span that says everything is a call at once. One that says nothing of its content waits for its
records, and they for it, as long as the bounds allow: then it is a call without a question.
Nothing here is changed in place: what waits comes in, and goes out as another value, so that a
service may read its kept batches again after it was killed and come to the same calls. (A call's
id says that it is the same; a service keeps a batch for `Bounds.age_s` after it has read it.)
"""

from collections import Counter
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from tierwatch.intake.calls import OTHER, REPEAT, Call, Readings
from tierwatch.intake.otlp.dialects import claude_code
from tierwatch.intake.otlp.dialects.content_records import CONTENT, DETAILS
from tierwatch.intake.otlp.dialects.table import dialect_of
from tierwatch.intake.otlp.telemetry import CLOCK, EARLY, HALF, Key, LogRecord, Span, Telemetry
from tierwatch.store.documents import JsonValue

# A clock that is this far ahead is wrong; how far behind one may be nobody can say, since senders
# keep what they could not deliver.
_MOST_AHEAD_S: Final = 300.0


class Bounds(NamedTuple):
    """How long and how much of what is half there is kept.

    Attributes:
        age_s: from the first half's arrival. Senders deliver spans and records every 5 s each.
        most: halves.
        characters: of text in all halves, about.
        remembered_s: how long a repeat of a joined call is known for one.
    """

    age_s: float = 20.0
    most: int = 20_000
    characters: int = 64_000_000
    remembered_s: float = 600.0


class Half(NamedTuple):
    """What has arrived of a call. ``since``: when the first of it did, by our clock."""

    since: float
    span: Span | None = None
    records: tuple[LogRecord, ...] = ()
    characters: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing more can come: one record says everything."""
        return self.span is not None and any(one.name == DETAILS for one in self.records)


class Waiting(NamedTuple):
    """What waits, oldest first, and what was joined lately (until when that is remembered)."""

    halves: Mapping[Key, Half] = MappingProxyType({})
    joined: Mapping[Key, float] = MappingProxyType({})
    characters: int = 0


NOTHING: Final = Waiting()
BOUNDS: Final = Bounds()


def take(
    waiting: Waiting, telemetry: Telemetry, now: float, bounds: Bounds = BOUNDS
) -> tuple[Waiting, Readings]:
    """What waits after a request, and what can be said by now.

    Args:
        waiting: what waited before.
        telemetry: what the request carried; nothing (`Telemetry()`) where only time has passed.
        now: seconds since 1970.
        bounds: how long and how much may wait.
    """
    joiner = _Joiner(waiting, now, bounds)
    for span in telemetry.spans:
        joiner.add_span(span)
    for record in telemetry.records:
        joiner.add_record(record)
    joiner.counts.update(telemetry.counted)
    return joiner.released()


def flushed(waiting: Waiting, now: float) -> Readings:
    """Everything that waits, said without what it waits for: at the end of a file, or of all."""
    return take(waiting, Telemetry(), now, Bounds(age_s=-1.0))[1]


class _Joiner:
    """One step's work on copies, which are made when something is to be changed."""

    def __init__(self, waiting: Waiting, now: float, bounds: Bounds) -> None:
        self._waiting = waiting
        self._now = now
        self._bounds = bounds
        self._halves: dict[Key, Half] | None = None
        self._joined: dict[Key, float] | None = None
        self._characters = waiting.characters
        self._complete: list[Key] = []
        self._calls: dict[str, Call] = {}
        self.counts: Counter[str] = Counter()

    def add_span(self, span: Span) -> None:
        dialect = dialect_of(span)
        passed_over = OTHER if dialect is None else dialect.kind_of(span)
        if dialect is None or passed_over:
            self.counts[passed_over] += 1
        elif not dialect.waits(span):
            self._say(dialect.call_of(span, ()))
        elif span.key in self._waiting.joined or self._half(span.key).span is not None:
            self.counts[REPEAT] += 1
        else:
            half = self._half(span.key)
            self._keep(span.key, half._replace(span=span), _size(span.attributes))

    def add_record(self, record: LogRecord) -> None:
        if record.scope == claude_code.SCOPE:
            call = claude_code.call_of_event(record)
            if call is None:
                self.counts[OTHER] += 1
            else:
                self._say(call)
        elif record.name not in CONTENT or not all(record.key):
            self.counts[OTHER] += 1
        elif record.key in self._waiting.joined or record in self._half(record.key).records:
            self.counts[REPEAT] += 1
        else:
            half = self._half(record.key)
            size = _size(record.attributes) + _size(record.body)
            self._keep(record.key, half._replace(records=(*half.records, record)), size)

    def released(self) -> tuple[Waiting, Readings]:
        """What is complete, too old or too much goes; the rest waits on."""
        for key in self._complete:
            self._release(key)
        for key in self._too_old():
            self._release(key)
        for key in self._too_much():
            self.counts[EARLY] += 1
            self._release(key)
        self._forget()
        waiting = Waiting(
            self._waiting.halves if self._halves is None else self._halves,
            self._waiting.joined if self._joined is None else self._joined,
            self._characters,
        )
        return waiting, Readings(tuple(self._calls.values()), dict(self.counts))

    def _say(self, call: Call) -> None:
        if call.source_id in self._calls:
            self.counts[REPEAT] += 1
            return
        if call.started_at <= 0 or call.started_at > self._now + _MOST_AHEAD_S:
            self.counts[CLOCK] += 1
            call = call._replace(started_at=self._now - call.latency_ms / 1e3)
        self._calls[call.source_id] = call

    def _half(self, key: Key) -> Half:
        halves = self._waiting.halves if self._halves is None else self._halves
        return halves.get(key) or Half(self._now)

    def _keep(self, key: Key, half: Half, size: int) -> None:
        if self._halves is None:
            self._halves = dict(self._waiting.halves)
        was_complete = key in self._halves and self._halves[key].complete
        self._halves[key] = half._replace(characters=half.characters + size)
        self._characters += size
        if half.complete and not was_complete:
            self._complete.append(key)

    def _too_old(self) -> list[Key]:
        """Halves stand in the order in which they began."""
        since = self._now - self._bounds.age_s
        found = []
        for key, half in self._current().items():
            if half.since > since:
                break
            found.append(key)
        return found

    def _too_much(self) -> list[Key]:
        halves = self._current()
        over = max(0, len(halves) - self._bounds.most)
        found = list(islice(halves, over))
        left = self._characters - sum(halves[key].characters for key in found)
        for key in islice(halves, over, None):
            if left <= self._bounds.characters:
                break
            left -= halves[key].characters
            found.append(key)
        return found

    def _current(self) -> Mapping[Key, Half]:
        return self._waiting.halves if self._halves is None else self._halves

    def _release(self, key: Key) -> None:
        if self._halves is None:
            self._halves = dict(self._waiting.halves)
        half = self._halves.pop(key)
        self._characters -= half.characters
        if half.span is None:
            self.counts[HALF] += len(half.records)
            return
        dialect = dialect_of(half.span)
        if dialect is not None:
            self._say(dialect.call_of(half.span, sorted(half.records, key=_when)))
        if self._joined is None:
            self._joined = dict(self._waiting.joined)
        self._joined[key] = self._now + self._bounds.remembered_s

    def _forget(self) -> None:
        """Joined ones stand in the order of their joining."""
        joined = self._waiting.joined if self._joined is None else self._joined
        over = len(joined) - self._bounds.most
        old = []
        for place, (key, until) in enumerate(joined.items()):
            if place >= over and until >= self._now:
                break
            old.append(key)
        if old:
            self._joined = dict(joined)
            for key in old:
                del self._joined[key]


def _when(record: LogRecord) -> int:
    return record.at_ns


def _size(value: JsonValue) -> int:
    """About how many characters a value has: its texts."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_size(one) for one in value.values())
    if isinstance(value, list):
        return sum(_size(one) for one in value)
    return 1
