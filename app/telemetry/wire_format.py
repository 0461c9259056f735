"""Attributes in protobuf's wire format, written by hand: spans are made for each request.

A span takes 4 us so, and 13 us by the messages of `opentelemetry-proto`, of some 200 us that a
request has (decision 0091). What each value is written as is read back by those messages in tests.
"""

import struct
from typing import Final

_DOUBLE: Final = struct.Struct("<d")
_SEVEN: Final = 0x7F
_MORE: Final = 0x80
_TWO_SEVENS: Final = 1 << 14
_LARGEST: Final = (1 << 64) - 1


def varint(number: int) -> bytes:
    """A whole number of 64 bits; a negative one as its complement, as protobuf has it."""
    if 0 <= number <= _SEVEN:
        return _ONE_BYTE[number]
    if 0 < number < _TWO_SEVENS:
        return bytes((number & _SEVEN | _MORE, number >> 7))
    number &= _LARGEST
    written = bytearray()
    while number > _SEVEN:
        written.append(number & _SEVEN | _MORE)
        number >>= 7
    written.append(number)
    return bytes(written)


_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(_MORE))


def sized(tag: bytes, content: bytes) -> bytes:
    """A field of a message: its tag, its length, its content."""
    if len(content) <= _SEVEN:  # without a call: most are as short
        return tag + _ONE_BYTE[len(content)] + content
    return tag + varint(len(content)) + content


def written_key(key: str) -> bytes:
    """An attribute's key, written once."""
    return sized(b"\x0a", key.encode())


def text_attribute(key: bytes, value: str) -> bytes:
    """An attribute whose value is text; half a surrogate pair in it becomes a question mark.

    Like all of these the content of a ``KeyValue``: whoever has it in a field gives that its tag.
    """
    text = value.encode("utf-8", "replace")
    return key + sized(b"\x12", sized(b"\x0a", text))


def number_attribute(key: bytes, value: int) -> bytes:
    """An attribute whose value is a whole number of at most 64 bits."""
    number = varint(value)
    return key + b"\x12" + _ONE_BYTE[len(number) + 1] + b"\x18" + number


def share_attribute(key: bytes, value: float) -> bytes:
    """An attribute whose value is any number."""
    return key + b"\x12\x09\x21" + _DOUBLE.pack(value)


def truth_attribute(key: bytes, value: bool) -> bytes:  # noqa: FBT001 - it is the value
    """An attribute whose value is true or false."""
    return key + (b"\x12\x02\x10\x01" if value else b"\x12\x02\x10\x00")


def texts_attribute(key: bytes, values: tuple[str, ...]) -> bytes:
    """An attribute whose value is a list of texts."""
    inner = b"".join(
        sized(b"\x0a", sized(b"\x0a", value.encode("utf-8", "replace"))) for value in values
    )
    return key + sized(b"\x12", sized(b"\x2a", inner))
