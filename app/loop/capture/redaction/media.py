"""Images, audio and files of a request: taken out where they stand, and put back there.

A mark holds their place. Its letters are a digest under the exchange's key, so that nobody can
write the mark of something in a text beforehand, and what stands in two places is kept once.
"""

import base64
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from tierwatch.loop.capture.redaction.marks import letters

# As models take them: vendors take 5 to 10 MB an image, and 20 to 50 MB a request.
MOST_ITEM_BYTES: Final = 10_000_000
MOST_EXCHANGE_BYTES: Final = 25_000_000
MOST_ITEMS: Final = 100

_KINDS: Final = {"image": "IMAGE", "audio": "AUDIO", "": "DATA"}
# Of this version, and of those that kept a digest and a size alone.
_MARK: Final = re.compile(
    r"\[(?:IMAGE|AUDIO|FILE|DATA) (?:[a-z]{8}|sha256:[0-9a-f]{12}) \d+ bytes\]"
)


def mark_in(text: str) -> str:
    """The first mark of a medium in a text; empty where there is none.

    >>> mark_in('{"url": "[IMAGE abcdefgh 12 bytes]"}')
    '[IMAGE abcdefgh 12 bytes]'
    """
    found = _MARK.search(text)
    return found.group() if found else ""


@dataclass(frozen=True, slots=True)
class Media:
    """A piece of media.

    Attributes:
        name: within its exchange.
        mark: that holds its place.
        media_type: as it was said; perhaps empty.
        size: bytes of what the text encodes.
        text: what stood there: base64, perhaps as an address that holds it.
    """

    name: str
    mark: str
    media_type: str
    size: int
    text: str


class Apart:
    """Media of one exchange, by their marks. Give `take` what stands in a document.

    Args:
        key: of the exchange's marks.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.found: dict[str, Media] = {}

    def take(self, media_type: str, text: str) -> str:
        """The mark for a piece of media."""
        media_type = media_type.lower()
        kind, size = _KINDS.get(media_type.partition("/")[0], "FILE"), _size(text)
        # One name for one mark: the same bytes may stand as an image here and as a file there.
        name = letters(self._key, kind, text)
        mark = f"[{kind} {name} {size} bytes]"
        self.found[mark] = Media(name, mark, media_type, size, text)
        return mark

    @property
    def too_large(self) -> bool:
        """Whether it is more than is kept of one exchange."""
        sizes = [media.size for media in self.found.values()]
        return (
            len(sizes) > MOST_ITEMS
            or sum(sizes) > MOST_EXCHANGE_BYTES
            or max(sizes, default=0) > MOST_ITEM_BYTES
        )


def place_of(exchange_id: uuid.UUID, name: str) -> str:
    """What a piece of media is bound to when it is sealed."""
    return f"{exchange_id}/{name}"


def restored(document: dict[str, object], texts: Mapping[str, str]) -> dict[str, object]:
    """A document with what stood there in the place of each mark."""
    return {key: _restored(item, texts) for key, item in document.items()}


def holds_marks(document: object, besides: Collection[str] = ()) -> bool:
    """Whether a document holds marks of media.

    Args:
        document: that was stored; in it media are missing.
        besides: marks that are known.
    """
    if isinstance(document, str):
        if "bytes]" not in document:
            return False
        return any(mark[0] not in besides for mark in _MARK.finditer(document))
    if isinstance(document, dict):
        return any(holds_marks(item, besides) for item in document.values())
    return isinstance(document, list) and any(holds_marks(item, besides) for item in document)


def content_of(text: str) -> bytes:
    """The bytes that a text encodes; none where it encodes nothing.

    >>> content_of("data:text/plain,two%20words"), content_of("QUI=")
    (b'two words', b'AB')
    """
    encoded, is_base64 = _encoded(text)
    if not is_base64:
        return unquote_to_bytes(encoded)
    try:
        return base64.b64decode(encoded)
    except ValueError:  # a letter that is none of base64's is one too
        return b""


def _encoded(text: str) -> tuple[str, bool]:
    """What stands for the bytes, and whether it is base64; addresses may also have them plain."""
    if text[:5].lower() != "data:":
        return text, True
    head, _, encoded = text.partition(",")
    return encoded, head.rstrip().lower().endswith("base64")


def _restored(value: object, texts: Mapping[str, str]) -> object:
    if isinstance(value, str):
        if "bytes]" not in value:
            return value
        return _MARK.sub(lambda mark: texts.get(mark[0], mark[0]), value)
    if isinstance(value, dict):
        return {key: _restored(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item, texts) for item in value]
    return value


def _size(text: str) -> int:
    encoded, is_base64 = _encoded(text)
    if not is_base64:
        return len(unquote_to_bytes(encoded))
    return len(encoded) * 3 // 4 - encoded[-2:].count("=")
