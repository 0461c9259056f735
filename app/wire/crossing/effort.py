"""How long a model is to think, in the words of either vendor.

One counts tokens or leaves it to the model, the other names levels, and both name an effort. Which
of them a given model takes is not asked here but in `tierwatch.fit`.
"""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.json_values import mapping, string

# A budget from which on the level is the next one; clients ask for 4,000, 10,000 and 31,999.
_MEDIUM, _HIGH = 4_096, 16_384
_TO_OPENAI = {"max": "xhigh"}
_TO_ANTHROPIC = {"minimal": "low"}
_NO_THINKING = "none"


def openai_effort(fields: Mapping[str, Any]) -> tuple[str | None, str]:
    """OpenAI's level for what Anthropic's fields say, and a note of it; (None, "") for nothing.

    >>> openai_effort({"thinking": {"type": "enabled", "budget_tokens": 8000}})
    ('medium', 'thinking->reasoning_effort')
    >>> openai_effort({"output_config": {"effort": "max"}})
    ('xhigh', 'output_config.effort->reasoning_effort')
    """
    said = string(mapping(fields.get("output_config")).get("effort"))
    if said:
        return _TO_OPENAI.get(said, said), "output_config.effort->reasoning_effort"
    thinking = mapping(fields.get("thinking"))
    budget = thinking.get("budget_tokens")
    if thinking.get("type") != "enabled" or not isinstance(budget, int | float):
        return None, ""
    level = "low" if budget < _MEDIUM else "medium" if budget < _HIGH else "high"
    return level, "thinking->reasoning_effort"


def anthropic_effort(level: object) -> dict[str, Any]:
    """Anthropic's fields for OpenAI's level; none where it says nothing or not to think.

    >>> anthropic_effort("high")
    {'thinking': {'type': 'adaptive'}, 'output_config': {'effort': 'high'}}
    """
    if not isinstance(level, str) or not level or level == _NO_THINKING:
        return {}
    effort = {"output_config": {"effort": _TO_ANTHROPIC.get(level, level)}}
    return effort if level == "minimal" else {"thinking": {"type": "adaptive"}, **effort}
