"""How a reply goes out: head and body of a whole one together, with one call to the kernel.

uvicorn writes the head at once, which uvloop hands to the kernel at once, and then the body: one
system call of three a request that a whole reply, which is there before its head, need not pay for.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from tierwatch.gateway.asgi import Header

# More is not worth copying, which joining it to its head would be.
_COPIED_BYTES = 64 * 1024
_NAME = b"abcdefghijklmnopqrstuvwxyz0123456789-"
# Nothing may end a line, or its connection's framing, from inside a value.
_CONTROLS = bytes([*range(9), *range(10, 32), 127])
# These decide about more than themselves; uvicorn reads them.
_FRAMING = frozenset({b"transfer-encoding", b"connection"})


class Cycle(RequestResponseCycle):
    """One request and its reply on a connection. Made by the connection.

    Whole replies and the pieces of streams take the short way; whatever is unusual goes uvicorn's.
    """

    _head = b""

    async def send(self, message: Any) -> None:
        """Take the head of a reply, or some of its body."""
        if self.flow.write_paused or self.disconnected or self.response_complete:
            await self._send_apart(message)
        elif self._head:
            body = message.get("body", b"")
            whole = message["type"] == "http.response.body" and not message.get("more_body")
            if whole and len(body) == self.expected_content_length <= _COPIED_BYTES:
                self._close_with(body)
            else:
                await self._send_apart(message)
        elif self.chunked_encoding and (piece := self._piece(message)):
            self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        elif not self._takes_head(message):
            await super().send(message)

    async def _send_apart(self, message: Any) -> None:
        head, self._head = self._head, b""
        if head and not self.disconnected:
            self.transport.write(head)
        await super().send(message)

    def _takes_head(self, message: Any) -> bool:
        """Whether this is the head of a whole reply, which then waits for its body."""
        if self.response_started or message["type"] != "http.response.start":
            return False
        headers = message.get("headers", ())
        lines = b"\r\n".join([name + b": " + value for name, value in headers])
        length = _length(headers, lines)
        if length is None or self.scope["method"] == "HEAD":
            return False
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = False
        self.expected_content_length = length
        ours = b"".join([name + b": " + value + b"\r\n" for name, value in self.default_headers])
        end = b"\r\n\r\n" if self.keep_alive else b"\r\nconnection: close\r\n\r\n"
        self._head = STATUS_LINE[message["status"]] + ours + lines + end
        return True

    def _piece(self, message: Any) -> bytes:
        """What a message says in the middle of a stream; nothing for any other message."""
        inner = message["type"] == "http.response.body" and message.get("more_body")
        # Who asked for a head alone would take a piece for the next reply.
        return message.get("body", b"") if inner and self.scope["method"] != "HEAD" else b""

    def _close_with(self, body: bytes) -> None:
        """Write the whole reply; there is no more of it."""
        head, self._head = self._head, b""
        self.transport.write(head + body)
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _length(headers: list[Header], lines: bytes) -> int | None:
    r"""The length that ordinary headers of a whole reply say; None for others.

    Args:
        headers: of a reply.
        lines: the same as they go out.

    >>> _length([(b"a", b"b"), (b"content-length", b"12")], b"a: b\r\ncontent-length: 12")
    12
    >>> _length([(b"content-length", b"1"), (b"x", b"1\r\ny: 2")], b"...") is None
    True
    """
    names = [name for name, _ in headers]
    if names.count(b"content-length") != 1 or not _FRAMING.isdisjoint(names):
        return None
    ends = 2 * (len(names) - 1)
    if b"".join(names).translate(None, _NAME) or len(lines.translate(None, _CONTROLS)) != (
        len(lines) - ends
    ):
        return None
    said = headers[names.index(b"content-length")][1]
    return int(said) if said.isdigit() else None
