"""What a cascade looks for in one answer: faults of form that no reading of it can mend. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.judges.answer_form import call_breach, json_breach, read_json
from tierwatch.judges.transcript import content_text, tool_calls

# Tuples and no sets: callers may send a list where a type belongs, and a list has no hash.
_JSON_FORMS = ("json_object", "json_schema")
_CALLER_RUN = ("function", "custom")
# A refusal that comes as text opens with it and is short; longer ones go on to help.
_LONGEST_REFUSAL = 400
_REFUSAL = re.compile(
    r"(?:(?:i'm|i am) (?:very |really )?sorry[,.;]? (?:but )?)?"
    r"(?:unfortunately, )?"
    r"(?:i (?:can't|cannot|can not|won't|am unable to|am not able to)"
    r"|i'm (?:unable to|not able to)"
    r"|as an ai(?: language model)?,? i (?:can't|cannot|am unable to))"
    r" (?:\w+ ){0,3}?(?:help|assist|comply|provide|answer|fulfil|fulfill|do that|discuss|support)",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")


def structure_fault(
    message: Mapping[str, Any], finish_reason: str | None, chat: Mapping[str, Any]
) -> str:
    r"""What is wrong with an answer whatever it says; empty when nothing is.

    Args:
        message: the assistant message, in OpenAI's form.
        finish_reason: why the model stopped.
        chat: the request, in OpenAI's form.

    Returns:
        ``refused | cut | empty | no_call | wrong_call | wrong_json | open_fence``, or "".

    >>> structure_fault({"content": "```python\nx = 1"}, "stop", {})
    'open_fence'
    >>> form = {"response_format": {"type": "json_object"}}
    >>> structure_fault({"content": '{"n": 1'}, "stop", form)
    'wrong_json'
    """
    text = content_text(message.get("content"))
    calls = tool_calls(message)
    if message.get("refusal") or finish_reason == "content_filter" or _refuses(text, calls):
        return "refused"
    if finish_reason == "length":
        return "cut"
    if calls:
        return "wrong_call" if _cannot_be_called(calls, chat) else ""
    if not text.strip():
        return "" if message.get("audio") else "empty"
    return _text_fault(text, chat)


def _text_fault(text: str, chat: Mapping[str, Any]) -> str:
    choice = chat.get("tool_choice")
    if choice == "required" or (isinstance(choice, dict) and choice.get("type") in _CALLER_RUN):
        return "no_call"
    asked = json_form(chat)
    if asked is not None:
        return "wrong_json" if json_breach(read_json(text), asked) else ""
    return "open_fence" if _open_fence(text) else ""


def json_form(chat: Mapping[str, Any]) -> dict[str, Any] | None:
    """The ``response_format`` of a request that asks for JSON; None where it asks for text."""
    asked = chat.get("response_format")
    return asked if isinstance(asked, dict) and asked.get("type") in _JSON_FORMS else None


def _refuses(text: str, calls: Sequence[tuple[str, str]]) -> bool:
    start = text.strip().replace("\u2019", "'")
    return not calls and len(start) <= _LONGEST_REFUSAL and _REFUSAL.match(start) is not None


def _cannot_be_called(calls: Sequence[tuple[str, str]], chat: Mapping[str, Any]) -> bool:
    tools = chat.get("tools")
    offered = tools if isinstance(tools, list) else []
    # The older form of tools, and tools that the provider runs: their calls are not checked.
    if chat.get("functions") or any(t.get("type", "function") not in _CALLER_RUN for t in offered):
        return False
    return bool(call_breach(calls, offered))


def _open_fence(text: str) -> bool:
    """Whether a fenced block of Markdown is never closed (CommonMark 0.31, section 4.5)."""
    fence = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if match is None:
            continue
        mark, rest = match[1], match[2]
        if not fence:
            if mark[0] != "`" or "`" not in rest:
                fence = mark
        elif mark[0] == fence[0] and len(mark) >= len(fence) and not rest.strip():
            fence = ""
    return bool(fence)
