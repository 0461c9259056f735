"""Marks: what stands where something was hidden.

A plain mark says what stood there. Within an exchange marks also tell values apart, so that two
answers with different addresses are not taken for the same one. The letters are a digest under a
key of that exchange alone; once its other answer is redacted the key is dropped, and nobody can try
addresses against them any more.
"""

import hashlib
import os
import re
from collections.abc import Callable
from typing import Final

# Kind and value -> what stands in its place.
Mark = Callable[[str, str], str]

LETTERS: Final = 8  # of 26: two of a hundred values are taken for one with a chance of 1 in 4e7
_NO_DIGITS: Final = re.compile(r"[^\d+]")


def new_key() -> bytes:
    """A key for the marks of one exchange."""
    return os.urandom(16)


def plain_mark(kind: str, _value: str) -> str:
    """The mark that says no more than what stood there.

    >>> plain_mark("EMAIL", "jo@example.org")
    '[EMAIL]'
    """
    return f"[{kind}]"


def keyed_marks(key: bytes) -> Mark:
    """Marks that are the same for the same value and differ for others.

    >>> mark = keyed_marks(b"key of one exchange")
    >>> mark("EMAIL", "jo@example.org") == mark("EMAIL", "Jo@Example.org")
    True
    >>> mark("EMAIL", "jo@example.org") == mark("EMAIL", "al@example.org")
    False
    """

    def mark(kind: str, value: str) -> str:
        return f"[{kind} {letters(key, kind, _canonical(kind, value))}]"

    return mark


def letters(key: bytes, kind: str, value: str) -> str:
    """Letters that stand for a value under a key; no digits, so that no pattern finds them."""
    said = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    number = int.from_bytes(hashlib.blake2b(said, key=key, digest_size=8).digest())
    found = []
    for _ in range(LETTERS):
        number, place = divmod(number, 26)
        found.append(chr(ord("a") + place))
    return "".join(found)


def _canonical(kind: str, value: str) -> str:
    """The value without what does not tell it from others: case, and gaps between digits."""
    if kind in ("PHONE", "CARD"):
        return _NO_DIGITS.sub("", value)
    return value.casefold() if kind == "EMAIL" else value
