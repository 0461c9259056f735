"""Messages and answers as text that a judge can read, and as what they call."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from tierwatch.judges.verdict import Answer

# Control characters other than tab and newline, lone surrogates (they cannot be sent as UTF-8),
# and the invisible "tag" characters with which text is hidden from people but not from models.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\U000e0000-\U000e007f]")


def readable(text: str) -> str:
    """Return the text with what cannot be sent, or cannot be seen, as U+FFFD; line ends as one.

    >>> readable("a" + chr(0) + "b")
    'a�b'
    """
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def content_text(content: object) -> str:
    """Text of a message's content: a string as it is, parts one a line, None as empty."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(_part_text(part) for part in content)
    return "" if content is None else _json(content)


def tool_calls(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and arguments, as written, of each tool the message calls; also the forms before it."""
    named = message.get("tool_calls")
    calls = [call for call in named if isinstance(call, dict)] if isinstance(named, list) else []
    found = [_call(call.get("function") or call.get("custom")) for call in calls]
    if message.get("function_call"):
        found.append(_call(message["function_call"]))
    return found


def answer_text(answer: Answer) -> str:
    """The answer as text: what it says, its refusal, its tool calls."""
    parts = [content_text(answer.get("content"))]
    if isinstance(answer.get("refusal"), str):
        parts.append(answer["refusal"])
    parts += [f"[calls tool {name} with {text}]" for name, text in tool_calls(answer)]
    return "\n".join(part for part in parts if part)


def canonical_json(value: object) -> str:
    """One text for equal JSON: keys sorted, no spaces, whole numbers without a fraction."""
    return json.dumps(_canonical(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _call(called: object) -> tuple[str, str]:
    if not isinstance(called, dict):
        return "", ""
    arguments = called.get("arguments", called.get("input", ""))
    written = arguments if isinstance(arguments, str) else _json(arguments)
    return str(called.get("name") or ""), written


def _part_text(part: object) -> str:
    if not isinstance(part, dict):
        return str(part)
    for key in ("text", "refusal"):
        if isinstance(part.get(key), str):
            return str(part[key])
    # Pictures and sound: the same data gives the same mark, and the judge knows one was there.
    digest = hashlib.blake2b(_json(part).encode("utf-8", "replace"), digest_size=6).hexdigest()
    return f"[{part.get('type', 'part')} {digest}]"
