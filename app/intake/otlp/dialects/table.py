"""The table of the dialects. A new instrumentation is a file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tierwatch.intake.otlp.dialects import (
    gen_ai,
    genai_openai,
    langfuse,
    openai_v2,
    openinference,
    openllmetry,
    pydantic_ai,
    vercel_5,
    vercel_7,
)
from tierwatch.intake.otlp.dialects.dialect import Dialect
from tierwatch.intake.otlp.telemetry import Span

# By the scope that an instrumentation names itself with, as far as it goes.
_BY_SCOPE: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "opentelemetry.instrumentation.genai.": genai_openai.DIALECT,
        "opentelemetry.instrumentation.openai_v2": openai_v2.DIALECT,
        "opentelemetry.util.genai.": openai_v2.DIALECT,
        "opentelemetry.instrumentation.": openllmetry.DIALECT,
        "openinference.": openinference.DIALECT,
        "langfuse": langfuse.DIALECT,
        "pydantic-ai": pydantic_ai.DIALECT,
        "gen_ai": vercel_7.DIALECT,
    }
)
# By an attribute that only this one has: of scopes that are not known, and of `ai` and `logfire`,
# under which several go.
_BY_ATTRIBUTE: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "langfuse.observation.type": langfuse.DIALECT,
        "openinference.span.kind": openinference.DIALECT,
        "ai.operationId": vercel_5.DIALECT,
        "llm.request.type": openllmetry.DIALECT,
        "model_request_parameters": pydantic_ai.DIALECT,
        "gen_ai.operation.name": gen_ai.DIALECT,
        "gen_ai.request.model": gen_ai.DIALECT,
    }
)


def dialect_of(span: Span) -> Dialect | None:
    """Who made a span; None where it has nothing to do with models.

    The name of a library is not enough: under OpenLLMetry's prefix go OpenTelemetry's own for
    databases and HTTP, whose spans name no model and are passed over as such.
    """
    for scope, dialect in _BY_SCOPE.items():
        if span.scope.startswith(scope):
            return dialect
    for attribute, dialect in _BY_ATTRIBUTE.items():
        if attribute in span.attributes:
            return dialect
    return None
