"""What a model thought on the way to an answer, and the answer without it."""

import re
from collections.abc import Mapping
from typing import Any, Final

# Fields of a message in OpenAI's form, and types of its parts, as vendors and servers name them.
FIELDS: Final = ("reasoning_content", "reasoning")
PART_TYPES: Final = frozenset({"thinking", "reasoning", "redacted_thinking"})
# Open models write their thoughts into the text where the server in front of them does not part it.
_WRITTEN: Final = re.compile(r"\s*<(think|thinking)>.*?</\1>\s*", re.DOTALL | re.IGNORECASE)


def without_thoughts(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message but for what was thought: that only some models think tells which one spoke.

    Thoughts that have no end are all there is of the answer, and stay.

    >>> without_thoughts({"content": "<think>hm</think>4", "reasoning": "hm"})
    {'content': '4'}
    """
    kept = {name: value for name, value in message.items() if name not in FIELDS}
    content = kept.get("content")
    if isinstance(content, str):
        kept["content"] = _said(content)
    elif isinstance(content, list):
        kept["content"] = [_said_in(part) for part in content if not _is_thought(part)]
    return kept


def _is_thought(part: object) -> bool:
    return isinstance(part, dict) and str(part.get("type")) in PART_TYPES


def _said_in(part: object) -> object:
    if isinstance(part, str):
        return _said(part)
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return {**part, "text": _said(part["text"])}
    return part


def _said(text: str) -> str:
    thought = _WRITTEN.match(text)
    return text if thought is None else text[thought.end() :]
