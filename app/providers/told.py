"""What the head of a provider's answer tells the caller: its id, and its limits."""

import re
from collections.abc import Sequence
from functools import lru_cache

from tierwatch.wire.chat import ANTHROPIC

Told = tuple[tuple[bytes, bytes], ...]

_TOLD = re.compile(
    rb"(?:x-)?request-id|(?:x|anthropic)-ratelimit-[a-z0-9-]{1,60}", re.IGNORECASE
).fullmatch
# Most headers begin otherwise, and need not be read to be passed over.
_FIRST = frozenset({b"x", b"X", b"r", b"R", b"a", b"A"})
_IDS = frozenset({b"request-id", b"x-request-id"})
# Of some thousand characters it is no id, and a caller's proxy may refuse the whole answer.
_LONGEST = 200
_MOST = 40
_LONGEST_NAME = 100


def told(fields: Sequence[tuple[bytes, bytes]]) -> Told:
    """The headers of an answer that concern the caller, by lower-case names.

    >>> told([(b"Date", b"today"), (b"X-Request-Id", b"req_1")])
    ((b'x-request-id', b'req_1'),)
    """
    found = [
        (told_name, value)
        for name, value in fields
        if name[:1] in _FIRST
        and len(name) <= _LONGEST_NAME
        and (told_name := _told_name(name))
        and len(value) <= _LONGEST
    ]
    return tuple(found[:_MOST])


# A provider's heads have the same names each time, some twenty of them.
@lru_cache(maxsize=512)
def _told_name(name: bytes) -> bytes:
    """The name in lower case, where the caller is told such headers; else nothing."""
    return name.lower() if _TOLD(name) else b""


def told_to(caller: str, said: Told) -> list[tuple[bytes, bytes]]:
    """The same for a caller on this wire, whose clients look for the id under its own name."""
    own = b"request-id" if caller == ANTHROPIC else b"x-request-id"
    return [(own if name in _IDS else name, value) for name, value in said]
