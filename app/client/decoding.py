"""Answers that come compressed, though identity was asked for: what lies between may do so."""

import zlib
from collections.abc import Sequence

from tierwatch.client.face import Reply
from tierwatch.client.faults import BrokenAnswerError, CutError

# What zlib unpacks; it tells gzip from zlib's own form by the first bytes.
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER = 32 + zlib.MAX_WBITS
# A kilobyte may unpack to a megabyte. It is given out in pieces, so that who counts can stop.
_MOST_AT_ONCE = 256 * 1024


def decoded(reply: Reply) -> Reply:
    """The reply with its body as it was before somebody compressed it; mostly the reply itself.

    Raises:
        BrokenAnswerError: it is compressed in a way that we do not know.
    """
    coding = reply.header("content-encoding").strip().lower()
    if coding in {"", "identity"}:
        return reply
    if coding not in _KNOWN:
        raise BrokenAnswerError(f"compressed as {coding[:40]!r}, which was not asked for")
    return DecodedReply(reply)


class DecodedReply:
    """A reply that is unpacked as it is read, as `face.Reply` describes it."""

    __slots__ = ("_begun", "_packed", "_reply", "_zlib", "status")

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self._reply = reply
        self._zlib = zlib.decompressobj(_EITHER)
        self._packed = b""
        self._begun = False

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty where there is none."""
        return self._reply.header(name)

    @property
    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        """Names and values of the head, as they were sent."""
        return self._reply.fields

    async def read(self) -> bytes:
        """All that has come and can be unpacked, up to a bound; nothing at the end.

        Raises:
            ClientFault: the answer breaks off, is broken, or is not compressed as it says.
            TimeoutError: nothing came for too long. The connection is gone.
        """
        while True:
            packed = self._packed or await self._reply.read()
            if not packed:
                if self._begun and not self._zlib.eof:
                    raise CutError("the answer ended before what was compressed in it")
                return b""
            self._begun = True
            if self._zlib.eof:  # what follows belongs to nothing
                continue
            try:
                data = self._zlib.decompress(packed, _MOST_AT_ONCE)
            except zlib.error as error:
                raise BrokenAnswerError("not compressed as it says") from error
            self._packed = self._zlib.unconsumed_tail
            if data:
                return data

    def unhurried(self, silence_s: float) -> None:
        """From here on each wait may take ``silence_s``; there is no deadline for the whole."""
        self._reply.unhurried(silence_s)

    def close(self) -> None:
        """Drop the connection, unless the answer came whole: then it is kept for reuse."""
        self._reply.close()
