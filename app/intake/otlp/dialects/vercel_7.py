"""Vercel's AI SDK 7.0.173 with @ai-sdk/otel 1.0.173: the conventions, with ``agent_step`` frames.

Definitions of tools have ``inputSchema`` where others have ``parameters``, and reasons a hyphen
(``tool-calls``): both are read wherever they stand. ``other`` means that no reason was given. Which
form an answer was to have is not said.
"""

from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import Call
from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.dialects.found import call_of
from tierwatch.intake.otlp.dialects.gen_ai import found_in, kind_of, waits
from tierwatch.intake.otlp.telemetry import LogRecord, Span


def _call_of(span: Span, records: Sequence[LogRecord]) -> Call:
    return call_of(span, found_in(span, records)._replace(form_unseen=True))


DIALECT: Final = Dialect("vercel-7", kind_of, _call_of, waits)
