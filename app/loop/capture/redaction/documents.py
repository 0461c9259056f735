"""A request or an answer as it is stored: redacted so that it stays what it is, its media apart.

JSON that a text holds (a call's arguments) stays JSON. Signatures and encrypted reasoning are
opaque to everybody but their issuer, and pass. Numbers that a redactor would hide in a text are
hidden as numbers too. Images, audio and files become marks; their text goes to who keeps it.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final, cast

from tierwatch.loop.capture.redact import (
    BARE_DATA,
    BARE_DATA_CHARS,
    DATA_URL,
    DEEPEST,
    TOO_DEEP,
    Redactor,
    redacted_text,
)

# Media type (perhaps empty) and what stood there -> the mark that stands in its place.
Taken = Callable[[str, str], str]

_OPAQUE_NAMES: Final = frozenset({"signature", "encrypted_content", "thought_signature"})
# Shorter texts may be anything.
_OPAQUE: Final = re.compile(r"[A-Za-z0-9+/_=-]{32,}+")
_SECRETS: Final = frozenset({"authorization_token", "authorization", "api_key"})
# Fields whose text may be an address that holds media: all of it is theirs then, however it is
# written. Vendors take any case, parameters before the comma, and files that are no base64.
_ADDRESSES: Final = frozenset({"url", "image_url", "file_url", "video_url", "file_data", "data"})
_ADDRESS: Final = re.compile(
    r"data:([\w.+-]{1,60}/[\w.+-]{1,60})?(?:;[^,]{0,300})?,", re.IGNORECASE
)
# Models put JSON into fences; the last one may be missing.
_FENCE: Final = "```"
_OPENING: Final = re.compile(r"\s*```[\w-]{0,16}[ \t]*\r?\n")
_LEAST_HIDDEN: Final = 10**6  # no telephone number or card has fewer digits


def redacted_document(
    value: dict[str, object], redactor: Redactor, taken: Taken
) -> dict[str, object]:
    """Return JSON with every text redacted, keys included, and media replaced by marks.

    Args:
        value: what was asked or answered; it is not changed.
        redactor: takes and returns text.
        taken: is given each piece of media, and gives its mark.
    """
    return cast("dict[str, object]", _Walk(redactor, taken).value(value, 0))


class _Walk:
    def __init__(self, redactor: Redactor, taken: Taken) -> None:
        self._redactor = redactor
        self._taken = taken

    def value(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._number(value)
        if not isinstance(value, (dict, list, tuple)):
            return value
        if depth >= DEEPEST:
            return TOO_DEEP
        if isinstance(value, dict):
            return {
                self._text(key) if isinstance(key, str) else key: self._field(
                    value, key, item, depth
                )
                for key, item in value.items()
            }
        return [self.value(item, depth + 1) for item in value]

    def _field(
        self, around: Mapping[object, object], key: object, item: object, depth: int
    ) -> object:
        if isinstance(item, str):
            if key in _SECRETS and item:
                return "[KEY]"
            if _is_opaque(around, key) and _OPAQUE.fullmatch(item):
                return item
            if key in _ADDRESSES and (address := _ADDRESS.match(item)):
                return self._taken(address[1] or "", item)
            media_type = _media_type(around, key)
            if media_type is not None and item and not item.startswith("data:"):
                return self._taken(media_type, item)
        return self.value(item, depth + 1)

    def _text(self, text: str) -> str:
        if ";base64," in text:
            text = DATA_URL.sub(lambda found: self._taken(_type_of(found[0]), found[0]), text)
        elif len(text) >= BARE_DATA_CHARS and BARE_DATA.fullmatch(text):
            return self._taken("", text)
        words = redacted_text(text, self._redactor)
        if words == text:
            return text
        begins = text.lstrip()[:3]
        if begins[:1] in ("{", "["):
            return self._json(text, words)
        if begins == _FENCE and (opening := _OPENING.match(text)):
            return self._fenced(text, opening.end()) or words
        return words

    def _fenced(self, text: str, begins: int) -> str:
        """JSON in a fence, redacted; empty where there is none."""
        whole = text.rstrip()
        if whole.endswith(_FENCE) and len(whole) - len(_FENCE) >= begins:
            whole = whole[: -len(_FENCE)].rstrip()
        inner = self._json(text[begins : len(whole)], "")
        return inner and text[:begins] + inner + text[max(begins, len(whole)) :]

    def _json(self, text: str, words: str) -> str:
        """JSON inside a text, redacted: as it was spaced where that leaves it JSON."""
        try:
            whole = self.value(json.loads(text), 0)
        except (ValueError, RecursionError):
            return words
        try:
            if json.loads(words) == whole:
                return words
        except (ValueError, RecursionError):
            pass
        return json.dumps(whole, ensure_ascii=False)

    def _number(self, number: int) -> int | str:
        if abs(number) < _LEAST_HIDDEN or number.bit_length() > 64:  # noqa: PLR2004 - longer is no card
            return number
        words = redacted_text(str(number), self._redactor)
        return number if words == str(number) else words


def _is_opaque(around: Mapping[object, object], key: object) -> bool:
    return key in _OPAQUE_NAMES or (key == "data" and around.get("type") == "redacted_thinking")


def _media_type(around: Mapping[object, object], key: object) -> str | None:
    """The type of the media that a field holds; None where it holds none."""
    if key == "file_data":
        return ""
    if key != "data":
        return None
    if around.get("type") == "base64":
        named = around.get("media_type")
        return named if isinstance(named, str) else ""
    sound = around.get("format")
    return f"audio/{sound}" if isinstance(sound, str) else None


def _type_of(data_url: str) -> str:
    return data_url[5:].partition(";")[0]
