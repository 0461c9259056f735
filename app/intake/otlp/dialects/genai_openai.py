"""opentelemetry-instrumentation-genai-openai 1.3b0, all content modes.

A stream that the caller dropped is an ERROR of type ``_OTHER``: nothing failed but the caller.
"""

from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import Call
from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.dialects.found import call_of
from tierwatch.intake.otlp.dialects.gen_ai import found_in, kind_of, waits
from tierwatch.intake.otlp.reading import text
from tierwatch.intake.otlp.telemetry import LogRecord, Span

_ABANDONED: Final = "abandoned stream"


def _call_of(span: Span, records: Sequence[LogRecord]) -> Call:
    gone = span.message == _ABANDONED and text(span.attributes, "error.type") == "_OTHER"
    return call_of(span, found_in(span, records)._replace(gone=gone))


DIALECT: Final = Dialect("genai-openai", kind_of, _call_of, waits)
