"""Server-sent events: bytes in, events out, and back (WHATWG HTML, section 9.2).

Both wires stream with it: OpenAI sends only ``data`` lines and ends with ``[DONE]``, Anthropic
also names each event.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tierwatch.errors import ProviderError
from tierwatch.wire.json_bytes import write_json

# One event of a chat stream is a few hundred bytes; tool arguments sent whole reach some 100 kB,
# a generated image some MB. Past this, the bound of whole answers, it is a line that never ends.
MAX_EVENT_BYTES = 64 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b"\n\n"
_DATA = b"data: "


class SSEEvent(NamedTuple):
    """One event. ``event`` is empty when the sender named none; ``data`` lines join with LF."""

    event: str
    data: str


class SSEDecoder:
    """Reads events from a stream that may be cut anywhere: inside a line, a CR LF, a character.

    Lines may end in LF, CR LF or CR. Comments, ``id`` and ``retry`` are read over. An event that
    the stream ends in the middle of is never given out, as the specification demands.

    Args:
        skips: whether an event that is too long is passed over: the reader only reads along.

    Attributes:
        problem: why nothing more can be read, or None.
        skipped: events that were passed over.
    """

    __slots__ = (
        "_after_cr",
        "_data",
        "_event",
        "_held",
        "_partial",
        "_skipping",
        "_skips",
        "_started",
        "problem",
        "skipped",
    )

    def __init__(self, *, skips: bool = False) -> None:
        self.skipped = 0
        self._skips = skips
        self._skipping = False
        self.problem: ProviderError | None = None
        self._partial: list[bytes] = []
        self._data: list[str] = []
        self._event = ""
        self._held = 0
        self._after_cr = False
        self._started = False

    def feed(self, chunk: bytes) -> list[SSEEvent]:
        """Take the next bytes and return the events they complete, oldest first.

        Raises:
            ProviderError: kind ``unreadable`` when one event grows beyond ``MAX_EVENT_BYTES`` and
                is not passed over; not before the events that came ahead of it were returned.
        """
        if self.problem is not None:
            raise self.problem
        events: list[SSEEvent] = []
        try:
            self._read(chunk, events)
        except ProviderError as problem:
            self.problem = problem
            if not events:
                raise
        return events

    def _read(self, chunk: bytes, events: list[SSEEvent]) -> None:
        end = chunk.rfind(_BLANK) if self._between_events and b"\r" not in chunk else -1
        if end < 0:
            self._read_lines(chunk, events)
            return
        # What nearly every stream is made of: events of one data line each, read without its lines.
        for block in chunk[:end].split(_BLANK):
            if block.startswith(_DATA) and b"\n" not in block and len(block) < MAX_EVENT_BYTES:
                events.append(SSEEvent("", block[len(_DATA) :].decode("utf-8", errors="replace")))
            else:
                self._read_lines(block + _BLANK, events)
        self._read_lines(chunk[end + len(_BLANK) :], events)

    @property
    def _between_events(self) -> bool:
        return self._started and not (
            self._partial
            or self._data
            or self._event
            or self._after_cr
            or self._held
            or self._skipping
        )

    def _read_lines(self, chunk: bytes, events: list[SSEEvent]) -> None:
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        for piece in chunk.splitlines(keepends=True):
            self._held += len(piece)
            if self._held > MAX_EVENT_BYTES:
                self._give_up_event()
            if self._skipping:
                self._pass_over(piece)
            else:
                self._partial.append(piece)
            if piece.endswith((b"\n", b"\r")):
                line = b"".join(self._partial)
                self._partial.clear()
                event = self._read_line(line.rstrip(b"\r\n"))
                if event is not None:
                    events.append(event)
        self._after_cr = self._after_cr or chunk.endswith(b"\r")

    def _give_up_event(self) -> None:
        if not self._skips:
            raise ProviderError(
                f"The provider sent an event of more than {MAX_EVENT_BYTES:,} bytes.",
                kind="unreadable",
            )
        self._skipping = True
        self.skipped += 1

    def _pass_over(self, piece: bytes) -> None:
        """Of a line that is not read it matters only whether it is empty, and where it ends."""
        empty = not self._partial and not piece.strip(b"\r\n")
        self._partial[:] = [piece if empty else b":" + piece[-2:]]
        self._data.clear()
        self._held = 0

    def _read_line(self, line: bytes) -> SSEEvent | None:
        if not self._started:
            self._started = True
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._dispatch()
        name, _, rest = line.partition(b":")
        value = rest.removeprefix(b" ").decode("utf-8", errors="replace")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif not self._data:
            # Comments keep idle connections alive for hours; they must not fill the bound.
            self._held = 0
        return None

    def _dispatch(self) -> SSEEvent | None:
        event = SSEEvent(self._event, "\n".join(self._data)) if self._data else None
        self._skipping = False
        self._data.clear()
        self._event = ""
        self._held = 0
        return event


def encode_event(data: bytes | str, event: str = "") -> bytes:
    r"""Return one event as bytes, with one ``data`` line for each line of ``data``.

    >>> encode_event('{"a":1}', event="ping")
    b'event: ping\ndata: {"a":1}\n\n'
    """
    raw = data.encode("utf-8", errors="replace") if isinstance(data, str) else data
    head = b"event: " + event.encode() + b"\n" if event else b""
    if b"\n" not in raw and b"\r" not in raw:
        return head + b"data: " + raw + b"\n\n"
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return head + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


def encode_events(events: Iterable[tuple[str, Mapping[str, Any] | str]]) -> bytes:
    r"""Return named events as bytes; what is not a word is written as JSON.

    >>> encode_events([("", {"a": 1}), ("", "[DONE]")])
    b'data: {"a":1}\n\ndata: [DONE]\n\n'
    """
    return b"".join(
        [
            encode_event(said if isinstance(said, str) else write_json(said), event=name)
            for name, said in events
        ]
    )
