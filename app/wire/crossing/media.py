"""Media as people write them, in the one way that providers take."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import unquote, unquote_to_bytes

from tierwatch.wire.chat import Data, Media, PlainText, Source, Url

_PDF = "application/pdf"
# What base64 of these begins with. Providers look at the bytes and refuse what is called otherwise.
_BEGINNINGS: Mapping[str, str] = MappingProxyType(
    {
        "iVBORw0KGgo": "image/png",
        "/9j/": "image/jpeg",
        "R0lGOD": "image/gif",
        "UklGR": "image/webp",
        "JVBERi": _PDF,
    }
)
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "image/jpg": "image/jpeg",
        "image/pjpeg": "image/jpeg",
        "image/x-png": "image/png",
        "application/x-pdf": _PDF,
        "pdf": _PDF,
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
    }
)
_SPACE = re.compile(r"\s+")


def tidy_media(media: Media) -> Media | None:
    """Media in one way: base64 is base64, types are what the bytes say, a PDF is a file.

    None where the characters are no base64 at all.
    """
    source = _unpacked(media.source, lone=media.kind == "file")
    if isinstance(source, Data):
        text = _as_text(source) if media.kind == "file" else None
        if text is not None:
            return replace(media, source=PlainText(text))
        tidy = _tidy(source)
        if tidy is None:
            return None
        kind = "file" if tidy.media_type == _PDF and media.kind == "image" else media.kind
        return replace(media, kind=kind, source=tidy)
    return media if source is media.source else replace(media, source=source)


def _unpacked(source: Source, *, lone: bool) -> Source:
    """What stands in a data URL; of a file (``lone``) also as plain text, or as base64 alone."""
    if not isinstance(source, Url):
        return source
    url = source.url.strip()
    if url[:5].lower() == "data:":
        return _of_data_url(url, lone=lone) or source
    if lone and any(url.startswith(beginning) for beginning in _BEGINNINGS):
        return Data("", url)
    return source


def _of_data_url(url: str, *, lone: bool) -> Data | None:
    head, comma, data = url[5:].partition(",")
    media_type, *parameters = head.split(";")
    if comma and "base64" in [one.strip().lower() for one in parameters]:
        return Data(media_type, data)
    if not comma or not lone:
        return None
    return Data(media_type or "text/plain", b64encode(unquote_to_bytes(data)).decode())


def _tidy(data: Data) -> Data | None:
    base64 = _standard_base64(data.base64)
    if base64 is None:
        return None
    said = data.media_type.partition(";")[0].strip().lower()
    media_type = next(
        (found for beginning, found in _BEGINNINGS.items() if base64.startswith(beginning)),
        _NAMES.get(said, said),
    )
    same = base64 is data.base64 and media_type == data.media_type
    return data if same else Data(media_type, base64)


def _standard_base64(said: str) -> str | None:
    """Base64 in the alphabet that all take; None where it is none."""
    if _is_base64(said):
        return said
    text = _SPACE.sub("", unquote(said) if "%" in said else said)
    text = text.replace("-", "+").replace("_", "/").rstrip("=")
    text += "=" * (-len(text) % 4)
    return text if _is_base64(text) else None


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _as_text(data: Data) -> str | None:
    """A file that is text, as text; None for another."""
    if not data.media_type.lower().startswith("text/"):
        return None
    base64 = _standard_base64(data.base64)
    try:
        return None if base64 is None else b64decode(base64).decode()
    except UnicodeDecodeError:
        return None
