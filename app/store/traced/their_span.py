"""Where in other people's traces an exchange stands: kept among the headers of its request.

A caller of the gateway names its own span by ``traceparent``, and the exchange is a child of that.
What another tool reported is a span there itself, with ids that need not be of the standard: these
stand under names of ours, which are never sent to anybody.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

TRACEPARENT: Final = "traceparent"
TRACE: Final = "tierwatch-trace"
SPAN: Final = "tierwatch-span"
SOURCE: Final = "tierwatch-source"
_OURS: Final = frozenset({TRACE, SPAN, SOURCE})

# Langfuse's own limit is above; longer is no id.
_LONGEST: Final = 200
_PARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?", re.ASCII
)
_STANDARD: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{16}", re.ASCII)
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class TheirSpan(NamedTuple):
    """A span of somebody's traces.

    Attributes:
        trace_id: as they name it.
        span_id: as they name it; "" where only the trace is known.
        source: that reported it, and then the span is the exchange itself; "" of a caller of the
            gateway, whose span is the exchange's parent.
    """

    trace_id: str
    span_id: str
    source: str = ""


def reported(source: str, trace_id: str, span_id: str) -> Mapping[str, str]:
    """What is kept of an exchange that a source reported; ids that are none are left out."""
    kept = {SOURCE: source}
    if trace_id and len(trace_id) <= _LONGEST and len(span_id) <= _LONGEST:
        kept |= {TRACE: trace_id, SPAN: span_id}
    return kept


def source_of(headers: Mapping[str, str] | None) -> str:
    """Who reported an exchange; "" of what the gateway served."""
    return (headers or _NONE).get(SOURCE, "")


def their_span(headers: Mapping[str, str] | None) -> TheirSpan | None:
    """The span that an exchange's headers name; None for none, or one that is not of the standard.

    >>> their_span({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
    TheirSpan(trace_id='0af7651916cd43dd8448eb211c80319c', span_id='b7ad6b7169203331', source='')
    """
    headers = headers or _NONE
    if source := headers.get(SOURCE):
        trace_id = headers.get(TRACE, "")
        return TheirSpan(trace_id, headers.get(SPAN, ""), source) if trace_id else None
    match = _PARENT.fullmatch(headers.get(TRACEPARENT, ""))
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return None
    return TheirSpan(match[1], match[2])


def passed_on(headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The headers without what stands there for us alone."""
    if headers is None or _OURS.isdisjoint(headers):
        return headers
    return {name: value for name, value in headers.items() if name not in _OURS}


def is_chance(name: str, value: str) -> bool:
    """Whether a header holds nothing but ids of chance, in which no redactor can find anybody.

    >>> is_chance("tierwatch-trace", "0af7651916cd43dd8448eb211c80319c")
    True
    >>> is_chance("tierwatch-trace", "ada@example.com"), is_chance("anthropic-beta", "b7ad")
    (False, False)
    """
    if name == TRACEPARENT:
        match = _PARENT.fullmatch(value)
        return match is not None and match.end(2) + 3 == len(value)
    if name == SOURCE:  # of tierwatch.yaml, and no caller's words
        return True
    return name in _OURS and (not value or bool(_STANDARD.fullmatch(value)))


def is_ours(name: str) -> bool:
    """Whether a header's name is one that stands there for us alone."""
    return name in _OURS
