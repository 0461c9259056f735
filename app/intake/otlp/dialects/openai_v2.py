"""opentelemetry-instrumentation-openai-v2 2.4b0: default, legacy and `span_only` content modes.

Follows the conventions. By default there is no content at all; in legacy mode it is one log record
a message; in `span_only` a message given as a list of parts is exported as ``parts: []``. Tools are
never exported in the first two, so a conversation that uses them stays outside the evidence.
"""

from typing import Final

from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.dialects.gen_ai import conventional_call, kind_of, waits

DIALECT: Final = Dialect("openai-v2", kind_of, conventional_call, waits)
