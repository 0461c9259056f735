"""A shadow's call and a judge's work as spans, linked to the span that is evaluated.

Source: semantic conventions for generative AI, status Development, November 2026. They have no span
of an evaluation: a judge's is internal, in names of ours, for it may be several calls or none.
Neither what was asked nor what was answered is in them.
"""

from collections.abc import Mapping
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tierwatch.judges.verdict import Verdict
from tierwatch.loop.compare.listening import Call, Evaluated
from tierwatch.providers.completion import Completion
from tierwatch.telemetry.evaluated_span import EvaluatedSpan
from tierwatch.telemetry.messages import Value, key_values, nanoseconds
from tierwatch.telemetry.wire_format import sized

_SPANS: Final = b"\x12"  # field 2 of ``ScopeSpans``


def shadow_span(
    of: Evaluated,
    call: Call,
    answer: Completion | None,
    *,
    ids: tuple[bytes, bytes],
    about: EvaluatedSpan | None,
    vendors: Mapping[str, str],
) -> bytes:
    """The span of a shadow's call, as a field of ``ScopeSpans``.

    Args:
        of: what is evaluated.
        call: of the alternative tier.
        answer: that it gave; None where it failed.
        ids: of trace and span.
        about: what it is linked to.
        vendors: what the conventions call a provider, by its name in the configuration.
    """
    attributes: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": vendors.get(call.provider, call.provider),
        "gen_ai.request.model": call.model,
        "tierwatch.step": "shadow",
        "tierwatch.tier": of.pair.exchange.alternative_tier,
        **_shared(of, call),
    }
    if answer is not None:
        attributes |= {
            "gen_ai.response.model": answer.model,
            "gen_ai.usage.input_tokens": answer.prompt_tokens,
            "gen_ai.usage.output_tokens": answer.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": answer.cached_tokens or None,
            "gen_ai.usage.cache_creation.input_tokens": answer.cache_write_tokens or None,
        }
    return _span(
        f"chat {call.model}", Span.SPAN_KIND_CLIENT, call, attributes, ids=ids, about=about
    )


def judge_span(
    of: Evaluated,
    call: Call,
    verdict: Verdict | None,
    *,
    ids: tuple[bytes, bytes],
    about: EvaluatedSpan | None,
) -> bytes:
    """The span of a judge's work on a pair, as a field of ``ScopeSpans``; as `shadow_span`."""
    attributes: dict[str, Value] = {
        "tierwatch.step": "judge",
        "tierwatch.judge.version": call.model,
        "tierwatch.tier": of.pair.exchange.tier,
        "tierwatch.alternative_tier": of.pair.exchange.alternative_tier,
        **_shared(of, call),
    }
    if verdict is not None:
        attributes |= {
            "tierwatch.judge.calls": verdict.calls,
            "tierwatch.judge.basis": verdict.basis,
        }
    return _span("judge", Span.SPAN_KIND_INTERNAL, call, attributes, ids=ids, about=about)


def _shared(of: Evaluated, call: Call) -> dict[str, Value]:
    return {
        "tierwatch.request.id": str(of.served_id),
        "tierwatch.direction": of.pair.exchange.direction,
        "tierwatch.policy.version": of.pair.exchange.policy_version,
        "tierwatch.cost_usd": call.cost_usd,
        "error.type": call.error,
    }


def _span(
    name: str,
    kind: Span.SpanKind.ValueType,
    call: Call,
    attributes: Mapping[str, Value],
    *,
    ids: tuple[bytes, bytes],
    about: EvaluatedSpan | None,
) -> bytes:
    span = Span(
        trace_id=ids[0],
        span_id=ids[1],
        name=name.encode("utf-8", "replace").decode(),
        kind=kind,
        start_time_unix_nano=nanoseconds(call.began_at),
        end_time_unix_nano=nanoseconds(max(call.began_at, call.ended_at)),
        attributes=key_values(attributes),
        links=_links(about),
    )
    if call.error:
        span.status.code = Status.STATUS_CODE_ERROR
    return sized(_SPANS, span.SerializeToString())


def _links(about: EvaluatedSpan | None) -> list[Span.Link]:
    """To the span that is evaluated, and to its caller's."""
    if about is None:
        return []
    found = {"evaluated": about.span_id, "caller": about.caller}
    return [
        Span.Link(
            trace_id=about.trace_id,
            span_id=span_id,
            attributes=key_values({"tierwatch.link": what}),
        )
        for what, span_id in found.items()
        if span_id is not None
    ]
