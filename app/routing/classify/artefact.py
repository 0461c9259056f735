"""Learned state as bytes: what it is, which features it reads, and a checksum over all of it.

A sealed artefact is one line that names its kind, one with the checksum, one JSON object, and
numbers as little-endian 32-bit floats. It is opened whole or refused by name; nothing in it is
ever run.
"""

import json
import sys
from array import array
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

from tierwatch.errors import ArtefactError

LARGEST_BYTES = 1024 * 1024
_DIGEST_BYTES = 16
_FLOAT_BYTES = 4

_Number = TypeVar("_Number", int, float)


def seal(kind: str, header: Mapping[str, Any], numbers: Sequence["array[float]"]) -> bytes:
    """The artefact of this kind.

    Raises:
        ArtefactError: it would be larger than 1 MiB.

    >>> opened = open_sealed("demo", seal("demo", {"version": 1}, [array("f", [1.5, 2.0])]))
    >>> opened[0]["version"], list(opened[1])
    (1, [1.5, 2.0])
    """
    body = b"".join(little_endian(part).tobytes() for part in numbers)
    content = json.dumps(header, separators=(",", ":")).encode() + b"\n" + body
    sealed = _first_line(kind) + _digest(content) + b"\n" + content
    if len(sealed) > LARGEST_BYTES:
        raise ArtefactError(
            f"{kind}: found {len(sealed):,} bytes; accepted: at most {LARGEST_BYTES:,}"
        )
    return sealed


def open_sealed(kind: str, artefact: bytes) -> tuple[dict[str, Any], "array[float]"]:
    """The header and all numbers of an artefact of this kind.

    Raises:
        ArtefactError: another kind, cut or changed on the way, too large, or unreadable.
    """
    if len(artefact) > LARGEST_BYTES:
        raise ArtefactError(
            f"{kind}: found {len(artefact):,} bytes; accepted: at most {LARGEST_BYTES:,}"
        )
    first = _first_line(kind)
    if not artefact.startswith(first):
        raise ArtefactError(f"{kind}: found something else; accepted: an artefact of this kind")
    digest, _, content = artefact[len(first) :].partition(b"\n")
    if digest != _digest(content):
        raise ArtefactError(f"{kind}: the checksum does not fit; it was cut or changed")
    line, _, body = content.partition(b"\n")
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or len(body) % _FLOAT_BYTES:
        raise ArtefactError(f"{kind}: its content cannot be read")
    numbers = array("f")
    numbers.frombytes(body)
    return header, little_endian(numbers)


def require(kind: str, header: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Refuse an artefact that was made by other rules than those of this version.

    Raises:
        ArtefactError: names the first field that differs.
    """
    for name, accepted in expected.items():
        if header.get(name) != accepted:
            raise ArtefactError(
                f"{kind}: {name}: found {header.get(name)!r}; accepted: {accepted!r}"
            )


def little_endian(numbers: "array[_Number]") -> "array[_Number]":
    """Numbers of the machine as they are stored, and stored ones as the machine's."""
    if sys.byteorder == "little":
        return numbers
    swapped = numbers[:]
    swapped.byteswap()
    return swapped


def _first_line(kind: str) -> bytes:
    return f"tierwatch {kind}\n".encode()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).hexdigest().encode()
