"""What a dialect brings: how its spans are told apart, and how one is read."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tierwatch.intake.calls import Call
from tierwatch.intake.otlp.telemetry import LogRecord, Span


class Dialect(NamedTuple):
    """One instrumentation's way to say a call.

    Attributes:
        name: as documentation calls it.
        kind_of: what a span is passed over as (FRAME, OTHER); "" where it is a call.
        call_of: the call, with the log records of its content, in the order they were made.
        waits: whether the span says nothing of its content, which may come in log records.
    """

    name: str
    kind_of: Callable[[Span], str]
    call_of: Callable[[Span, Sequence[LogRecord]], Call]
    waits: Callable[[Span], bool]


def never_waits(_span: Span) -> bool:
    """Of dialects that say everything in the span."""
    return False
