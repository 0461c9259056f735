"""The text inside chat messages, whatever form callers send them in."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

# A dictionary is asked for first: an abstract class alone takes three times as long to say yes.
_MAPPING = (dict, Mapping)
_IMAGE_TYPES = {"image_url", "image", "input_image"}
_TEXT_TYPES = {"text", "input_text", "output_text"}


def message_text(message: Any) -> str:
    """The text of one message: its string, or its text parts joined by lines.

    Never raises: content of no known form has no text.

    >>> message_text({"role": "user", "content": [{"type": "text", "text": "hi"}]})
    'hi'
    """
    content = message.get("content") if isinstance(message, _MAPPING) else None
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part_text(part) for part in content]
    return "\n".join(text for text in texts if text)


def part_text(part: Any) -> str:
    """The text of one part of a message; empty for another kind of part."""
    if isinstance(part, str):
        return part
    if not _is_of(part, _TEXT_TYPES):
        return ""
    text = part.get("text")
    return text if isinstance(text, str) else ""


def image_count(message: Any) -> int:
    """How many images a message carries."""
    content = message.get("content") if isinstance(message, _MAPPING) else None
    if not isinstance(content, list):
        return 0
    return sum(_is_of(part, _IMAGE_TYPES) for part in content)


def _is_of(part: Any, types: AbstractSet[str]) -> bool:
    """Whether a part has one of these types; its type may be anything callers send."""
    found = part.get("type") if isinstance(part, _MAPPING) else None
    return isinstance(found, str) and found in types


def role_of(message: Any) -> str:
    """The role of a message, or empty."""
    role = message.get("role") if isinstance(message, _MAPPING) else None
    return role if isinstance(role, str) else ""


def role_text_images(message: Any) -> tuple[str, str, int]:
    """Role, text and number of images of a message, for who needs all three of each.

    >>> role_text_images({"role": "user", "content": "hi"})
    ('user', 'hi', 0)
    """
    if not isinstance(message, _MAPPING):
        return "", "", 0
    content, role = message.get("content"), message.get("role")
    said = role if isinstance(role, str) else ""
    if isinstance(content, str):
        return said, content, 0
    return said, message_text(message), image_count(message)


def cut_in_the_middle(text: str, longest: int) -> str:
    r"""The text itself, or its first and last halves of ``longest`` characters around a mark.

    >>> cut_in_the_middle("abcdefgh", 4)
    'ab\n[4 characters left out]\ngh'
    """
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n[{len(text) - 2 * half:,} characters left out]\n{text[-half:]}"
