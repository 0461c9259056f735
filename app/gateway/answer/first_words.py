"""What a provider's stream says first, held back until it has said something.

The first events of most streams say nothing yet: who answers, a comment, a ping. What goes wrong
behind them still concerns nobody but us, if they were not passed on: the next try or the tier above
may answer.
"""

import time
from collections.abc import Mapping
from typing import Any, Protocol

from tierwatch.errors import ProviderError
from tierwatch.providers.failures import refusal
from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.fault import error_text, page_text
from tierwatch.wire.json_bytes import read_json, write_json
from tierwatch.wire.stream_relay import StreamRelay

# A model that thinks for longer has begun to work, and its caller may see that. Whoever waits is
# kept alive meanwhile.
LONGEST_S = 30.0
_MOST_BYTES = 64 * 1024
# What stands in the events that say something, where these have names. A stream of chunks says who
# answers in the first, and some have one before that; the third says something.
_MARKS = {ANTHROPIC: b"content_block_delta"}
_OTHERS_MARK = b".delta"
_SAYING_CHUNKS = 3
# The classes and names of errors that say which status they would have had before the stream.
_STATUSES = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "overloaded_error": 529,
}
_ERRORS = range(400, 600)


class Source(Protocol):
    """A provider's stream."""

    first: bytes

    async def read(self) -> bytes:
        """The next bytes; none at the end."""


async def first_words(
    stream: Source, relay: StreamRelay, *, provider: str, wire: str, within_s: float
) -> bytes:
    """The first bytes for the caller: all until something was said, or for too long nothing.

    Args:
        stream: the provider's, which has begun.
        relay: is fed with it.
        provider: its name.
        wire: that it speaks.
        within_s: is waited for words, where that is less than `LONGEST_S`.

    Raises:
        ProviderError: the stream said an error, or ended, before it had said anything.
    """
    until = time.monotonic() + min(within_s, LONGEST_S)
    chunk, seen, held = stream.first, b"", b""
    while True:
        held += relay.feed(chunk)
        seen += chunk
        answer = relay.answer
        if not answer.characters:
            if answer.error is not None:
                raise _said_error(provider, answer.error, relay)
            if relay.stuck is not None:
                raise relay.stuck
        if _says(relay, wire, chunk) or len(seen) > _MOST_BYTES or time.monotonic() > until:
            return held
        chunk = await stream.read()
        if not chunk:
            raise _silent_end(provider, seen, relay)


def _says(relay: StreamRelay, wire: str, chunk: bytes) -> bool:
    answer = relay.answer
    if answer.characters or answer.finish_reason is not None or relay.whole:
        return True
    if wire == OPENAI:
        return answer.chunks >= _SAYING_CHUNKS
    return _MARKS.get(wire, _OTHERS_MARK) in chunk


def _said_error(provider: str, said: Mapping[str, Any], relay: StreamRelay) -> ProviderError:
    """An error that came with status 200, as if it had come with its own."""
    status = _status(said)
    if status is None:
        sentence = error_text(said) or "it would not say which"
        error = ProviderError(
            f"{provider} began its stream with an error: {sentence}", kind="server", status=200
        )
    else:
        error = refusal(provider, status, {}, write_json({"error": said}))
    return error.after(relay.usage.billed)


def _status(said: Mapping[str, Any]) -> int | None:
    for name in ("status", "code", "status_code", "type"):
        value = said.get(name)
        if isinstance(value, str):
            value = int(value) if value.isascii() and value.isdigit() else _STATUSES.get(value)
        if isinstance(value, int) and value in _ERRORS:
            return value
    return None


def _silent_end(provider: str, seen: bytes, relay: StreamRelay) -> ProviderError:
    """A stream that ended without a word; some say why in lines that are no events."""
    sentence = _unspoken(seen)
    why = f": {sentence}" if sentence else "."
    error = ProviderError(f"{provider} ended its stream before a word{why}", kind="cut", status=200)
    return error.after(relay.usage.billed)


def _unspoken(seen: bytes) -> str:
    for line in seen.decode("utf-8", "replace").splitlines():
        name, _, rest = line.partition(":")
        text = rest if name in ("error", "data") else line
        try:
            said = error_text(read_json(text.encode()))
        except ValueError:
            said = page_text(text) if name == "error" or ":" not in line else ""
        if said:
            return said
    return ""
