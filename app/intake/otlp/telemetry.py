"""Spans and log records as values, whichever encoding they came in."""

from types import MappingProxyType
from typing import Final, NamedTuple

from tierwatch.intake.calls import Counted
from tierwatch.store.documents import Json, JsonValue

# What was passed over, beside what `calls` names.
NO_ID: Final = "no_id"  # a span without a valid trace and span id: nothing could tell it again
MALFORMED: Final = "malformed"  # what should be a span, or a record, and is no object
# What joining counts.
HALF: Final = "half"  # log records that were joined to no span
EARLY: Final = "early"  # released before its time, because too much was waiting
CLOCK: Final = "clock"  # its clock cannot be right: the moment of arrival stands instead

NANOSECONDS_A_SECOND: Final = 1_000_000_000

# One event a chunk of a stream: only the moment of the first is of use.
CHUNK: Final = "gen_ai.content.completion.chunk"

# Trace and span.
Key = tuple[str, str]


class Event(NamedTuple):
    """Something that happened during a span. ``at_ns``: since 1970, by the sender's clock."""

    name: str
    at_ns: int
    attributes: Json


class Span(NamedTuple):
    """One span.

    Attributes:
        trace_id, span_id, parent_id: lower-case hexadecimal; ``parent_id`` is "" of a root.
        scope: the name of the library that made it.
        failed: whether its status is ERROR; ``message`` is what the status says.
        dropped: attributes that the sender's limits took off.
    """

    trace_id: str
    span_id: str
    parent_id: str
    scope: str
    name: str
    start_ns: int
    end_ns: int
    failed: bool
    message: str
    attributes: Json
    events: tuple[Event, ...] = ()
    dropped: int = 0

    @property
    def key(self) -> Key:
        """What its log records name as well."""
        return self.trace_id, self.span_id


class LogRecord(NamedTuple):
    """One log record; ``trace_id`` and ``span_id`` are "" outside spans."""

    trace_id: str
    span_id: str
    scope: str
    name: str
    at_ns: int
    body: JsonValue
    attributes: Json

    @property
    def key(self) -> Key:
        """The span during which it was made."""
        return self.trace_id, self.span_id


class Telemetry(NamedTuple):
    """What one request carried, in its order."""

    spans: tuple[Span, ...] = ()
    records: tuple[LogRecord, ...] = ()
    counted: Counted = MappingProxyType({})


def kept_events(events: list[Event]) -> tuple[Event, ...]:
    """The events without those of a stream's chunks, of which the first is kept.

    >>> chunk = Event(CHUNK, 1, {})
    >>> [event.at_ns for event in kept_events([chunk, chunk._replace(at_ns=2)])]
    [1]
    """
    kept: list[Event] = []
    seen = False
    for event in events:
        if event.name == CHUNK:
            if seen:
                continue
            seen = True
        kept.append(event)
    return tuple(kept)
