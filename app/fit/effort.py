"""The effort that a tier is to think with, said on a caller's wire before anything is translated.

What the model takes of it is the fit table's to say, as of an effort that a caller named.
"""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import ANTHROPIC, RESPONSES
from tierwatch.wire.crossing.effort import anthropic_effort
from tierwatch.wire.json_values import mapping

# Anthropic does not think where it must call a tool.
_FORCED = frozenset({"any", "tool"})


def with_effort(request: Mapping[str, Any], wire: str, effort: str) -> Mapping[str, Any]:
    """A request at a tier's effort, in place of its caller's; the same value without one.

    Args:
        request: on the wire.
        wire: ``openai | anthropic | responses``.
        effort: of the tier; empty where it has none.

    >>> with_effort({"messages": [], "reasoning_effort": "high"}, "openai", "low")
    {'messages': [], 'reasoning_effort': 'low'}
    >>> with_effort({"messages": []}, "openai", "")
    {'messages': []}
    """
    if not effort:
        return request
    if wire == ANTHROPIC:
        return _anthropic(request, effort)
    if wire == RESPONSES:
        return {**request, "reasoning": {**mapping(request.get("reasoning")), "effort": effort}}
    return {**request, "reasoning_effort": effort}


def _anthropic(request: Mapping[str, Any], effort: str) -> Mapping[str, Any]:
    said = anthropic_effort(effort)
    if mapping(request.get("tool_choice")).get("type") in _FORCED:
        said.pop("thinking", None)
    left = {name: value for name, value in request.items() if name != "thinking"}
    output = {
        name: value
        for name, value in mapping(left.pop("output_config", None)).items()
        if name != "effort"
    } | said.pop("output_config", {})
    return left | said | ({"output_config": output} if output else {})
