"""Token counts as Responses have them: cached tokens within the input."""

from typing import Any

from tierwatch.wire.json_values import mapping
from tierwatch.wire.usage import Usage, count


def read_usage(reply: object) -> Usage:
    """The usage of a response."""
    usage = mapping(mapping(reply).get("usage"))
    prompt, completion = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if prompt is None:
        return Usage(None, completion)
    details = mapping(usage.get("input_tokens_details"))
    cached = count(details.get("cached_tokens"), most=prompt)
    written = count(details.get("cache_write_tokens"), most=prompt - (cached or 0))
    return Usage(prompt, completion, cached, written)


def write_usage(usage: Usage) -> dict[str, Any]:
    """The ``usage`` of a response; empty where nothing was counted.

    Whole or not at all: Codex takes counts without their sum for a broken stream.
    """
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return {}
    prompt, completion, cached, written = usage.billed
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + completion,
    }
