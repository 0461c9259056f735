"""Undoing a body's compression, up to a limit, whatever it claims to become."""

import zlib
from typing import Final

from tierwatch.intake.unreadable import UnreadableError

# zlib's own word for "gzip or zlib, by the first bytes".
_EITHER: Final = 32 + zlib.MAX_WBITS
ACCEPTED: Final = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


class TooLargeError(Exception):
    """What a body becomes is larger than is accepted."""


def inflated(body: bytes, encoding: str, most: int) -> bytes:
    """The body as it was before it was compressed.

    Args:
        body: as it came.
        encoding: ``content-encoding``, in lower case, one of `ACCEPTED`.
        most: bytes that it may become.

    Raises:
        TooLargeError: it becomes more; what is beyond was not made.
        UnreadableError: it is not compressed as it says, or was cut.
    """
    if encoding in {"", "identity"}:
        return body
    parts: list[bytes] = []
    size, rest = 0, body
    while rest:
        # One after another: gzip allows several members in a row.
        reader = zlib.decompressobj(_EITHER)
        try:
            part = reader.decompress(rest, most - size + 1)
        except zlib.error as problem:
            raise UnreadableError(
                f"found a body that is not compressed as `content-encoding: {encoding}` says;"
                " accepted: gzip, deflate, or none"
            ) from problem
        size += len(part)
        if size > most:
            raise TooLargeError
        if not reader.eof:
            raise UnreadableError("found a compressed body that was cut; accepted: a whole one")
        parts.append(part)
        rest = reader.unused_data
    return b"".join(parts)
