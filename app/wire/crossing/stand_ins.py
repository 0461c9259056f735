"""What some models demand beside a call that they did not make, as their vendors document it."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from tierwatch.wire.crossing.rewritten import Notes
from tierwatch.wire.history.carried import signature_of
from tierwatch.wire.json_values import objects

_SKIPPED = "skip_thought_signature_validator"


def with_stand_ins(request: dict[str, Any], model: str, notes: Notes) -> dict[str, Any]:
    """A request on OpenAI's wire that such a model takes; the same one for every other model.

    Args:
        request: never changed.
        model: by its name.
        notes: gets what was added.
    """
    stand_in = _stand_in_of(model)
    if stand_in is None:
        return request
    messages = request.get("messages")
    if not isinstance(messages, list):
        return request
    told = [stand_in(one, notes) if objects_called(one) else one for one in messages]
    return {**request, "messages": told} if notes else request


def objects_called(message: object) -> list[dict[str, Any]]:
    """The calls of an assistant's message; none of another's."""
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return []
    return objects(message.get("tool_calls"))


def _signed(message: Mapping[str, Any], notes: Notes) -> Mapping[str, Any]:
    """Gemini wants the first of parallel calls signed."""
    first, *others = objects_called(message)
    if signature_of(first):
        return message
    notes.append("+thought_signature")
    signed = {**first, "extra_content": {"google": {"thought_signature": _SKIPPED}}}
    return {**message, "tool_calls": [signed, *others]}


def _thought(message: Mapping[str, Any], notes: Notes) -> Mapping[str, Any]:
    """DeepSeek wants what was thought before a call, be it nothing."""
    if isinstance(message.get("reasoning_content"), str):
        return message
    notes.append("+reasoning_content")
    return {**message, "reasoning_content": ""}


_StandIn = Callable[[Mapping[str, Any], Notes], Mapping[str, Any]]
_STAND_INS: tuple[tuple[str, _StandIn], ...] = (("gemini", _signed), ("deepseek", _thought))


@lru_cache(maxsize=1_024)  # asked of every request
def _stand_in_of(model: str) -> _StandIn | None:
    name = model.lower()
    return next((found for vendor, found in _STAND_INS if vendor in name), None)
