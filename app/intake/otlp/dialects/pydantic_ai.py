"""pydantic-ai 2.68.0, format version 5: one span ``chat MODEL`` a request, frames around it.

What form of answer was asked for stands in ``model_request_parameters`` alone. Over Responses a
call of a tool ends with the reason ``stop``.
"""

from collections.abc import Sequence
from typing import Final

from tierwatch.intake.calls import PARAMETERS_UNSEEN, Call
from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.dialects.found import call_of
from tierwatch.intake.otlp.dialects.gen_ai import found_in, kind_of, waits
from tierwatch.intake.otlp.reading import found_structured
from tierwatch.intake.otlp.telemetry import LogRecord, Span
from tierwatch.wire.json_values import mapping

_PARAMETERS: Final = "model_request_parameters"


def _call_of(span: Span, records: Sequence[LogRecord]) -> Call:
    found = found_in(span, records)
    if not found.outside and not _asks_for_text(span):
        found = found._replace(outside=PARAMETERS_UNSEEN)
    return call_of(span, found)


def _asks_for_text(span: Span) -> bool:
    """Whether the answer's form was left to the model: another one cannot be asked for again."""
    told, cut = found_structured(span.attributes, _PARAMETERS)
    parameters = mapping(told)
    mode = parameters.get("output_mode", "text")
    others = parameters.get("output_tools") or parameters.get("native_tools")
    return not cut and mode == "text" and not others


DIALECT: Final = Dialect("pydantic-ai", kind_of, _call_of, waits)
