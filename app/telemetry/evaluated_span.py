"""Which span is evaluated, and what spans of its evaluation are called.

Evaluation comes seconds to hours after the answer, so it is a trace of its own, linked to the one
that it is about. All ids follow from the exchange's, so nothing is stored for them.
"""

import re
import uuid
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from tierwatch.store.traced.their_span import TRACEPARENT, source_of, their_span
from tierwatch.telemetry.trace_context import Parent, read_traceparent, span_id_of, trace_id_of

_TRACE: Final = re.compile(r"(?!0{32})[0-9a-f]{32}", re.ASCII)
_SPAN: Final = re.compile(r"(?!0{16})[0-9a-f]{16}", re.ASCII)


class EvaluatedSpan(NamedTuple):
    """A span whose answer is evaluated.

    Attributes:
        trace_id: 16 bytes.
        span_id: 8 bytes.
        parent: what decides whether its trace is kept; None where it began with the exchange.
        caller: the span of the gateway's caller, where there is one; 8 bytes.
    """

    trace_id: bytes
    span_id: bytes
    parent: Parent | None
    caller: bytes | None


def evaluated_span(served_id: uuid.UUID, headers: Mapping[str, str] | None) -> EvaluatedSpan | None:
    """The span of an exchange; None where another tool has it under ids of another form.

    Args:
        served_id: of the exchange that was served.
        headers: that are stored with it.
    """
    if source_of(headers):
        theirs = their_span(headers)
        if theirs is None or not (
            _TRACE.fullmatch(theirs.trace_id) and _SPAN.fullmatch(theirs.span_id)
        ):
            return None
        trace_id, span_id = bytes.fromhex(theirs.trace_id), bytes.fromhex(theirs.span_id)
        # It was reported, so it was kept.
        return EvaluatedSpan(trace_id, span_id, Parent(trace_id, span_id, sampled=True), None)
    parent = read_traceparent((headers or {}).get(TRACEPARENT, ""))
    if parent is None:
        return EvaluatedSpan(trace_id_of(served_id), span_id_of(served_id), None, None)
    return EvaluatedSpan(parent.trace_id, span_id_of(served_id), parent, parent.span_id)


def evaluation_trace_id(exchange_id: uuid.UUID) -> bytes:
    """The id of the trace of an exchange's evaluation."""
    return blake2b(b"evaluation", key=exchange_id.bytes, digest_size=16).digest()


def step_span_id(exchange_id: uuid.UUID, step: str) -> bytes:
    """The id of the span of a step's answer; tries that failed have ids of chance.

    >>> len(step_span_id(uuid.UUID(int=1), "shadow"))
    8
    """
    return blake2b(step.encode(), key=exchange_id.bytes, digest_size=8).digest()
