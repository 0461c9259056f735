"""Vercel's AI SDK 7.0.173 with @ai-sdk/otel 1.0.173: the conventions, with ``agent_step`` frames.

Definitions of tools have ``inputSchema`` where others have ``parameters``, and reasons a hyphen
(``tool-calls``): both are read wherever they stand. ``other`` means that no reason was given.
"""

from typing import Final

from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.dialects.gen_ai import conventional_call, kind_of, waits

DIALECT: Final = Dialect("vercel-7", kind_of, conventional_call, waits)
