"""W3C Trace Context: whose trace a request is a part of, and what ours is called in it."""

import re
import uuid
from functools import lru_cache
from typing import Final, NamedTuple

# Later versions may add fields behind a hyphen; version ff is none.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII
)
_SAMPLED: Final = 1
# The half that is chance; the variant's bit in it keeps it from being zero.
_SPAN_BYTES: Final = 8


class Parent(NamedTuple):
    """The caller's span."""

    trace_id: bytes
    span_id: bytes
    sampled: bool


# Asked for a call and again for its span.
@lru_cache(maxsize=1_024)
def read_traceparent(text: str) -> Parent | None:
    """The parent that a header names; None for none, or one that is not of the standard.

    >>> read_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").sampled
    True
    """
    match = _TRACEPARENT.fullmatch(text)
    if match is None or (match[1] == "00" and match[5]):
        return None
    trace_id, span_id = bytes.fromhex(match[2]), bytes.fromhex(match[3])
    if not any(trace_id) or not any(span_id):
        return None
    return Parent(trace_id, span_id, bool(int(match[4], 16) & _SAMPLED))


def span_id_of(exchange_id: uuid.UUID) -> bytes:
    """The id of an exchange's span: whoever knows the exchange can link to it."""
    return exchange_id.bytes[_SPAN_BYTES:]


def trace_id_of(exchange_id: uuid.UUID) -> bytes:
    """The id of the trace that an exchange begins, where its caller has none."""
    return exchange_id.bytes
