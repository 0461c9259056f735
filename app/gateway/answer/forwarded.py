"""What a caller's headers say that its provider should hear, too."""

from tierwatch.gateway.asked import Headers
from tierwatch.wire.chat import ANTHROPIC

# The trace that a call is a part of (W3C Trace Context).
_TRACE = (b"traceparent", b"tracestate")
# What an Anthropic caller says about its wire, for an Anthropic provider.
_ANTHROPIC = (b"anthropic-version", b"anthropic-beta")
# The caller's own name for its request, which OpenAI's support asks for.
_THEIR_ID = b"x-client-request-id"
# What is longer is no trace, and providers refuse the whole request.
_LONGEST = 8_000


def forwarded(headers: Headers, caller: str, provider: str) -> dict[str, str] | None:
    """The headers to send with a call; None for none.

    Everything else stays here: what a caller sends to the gateway is for the gateway, its key above
    all. On another wire only the trace is passed.

    >>> forwarded({b"traceparent": b"00-1", b"x-api-key": b"k"}, "openai", "anthropic")
    {'traceparent': '00-1'}
    """
    names: tuple[bytes, ...] = _TRACE if b"traceparent" in headers else ()
    if caller == provider:
        if caller == ANTHROPIC:
            names += _ANTHROPIC
        elif _THEIR_ID in headers:
            names += (_THEIR_ID,)
    if not names:
        return None
    found = {
        name.decode(): headers[name].decode("latin-1")
        for name in names
        if name in headers and len(headers[name]) <= _LONGEST
    }
    return found or None
