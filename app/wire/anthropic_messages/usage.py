"""Token counts as Anthropic's wire has them: cached tokens beside the input."""

from typing import Any

from tierwatch.wire.json_values import mapping
from tierwatch.wire.usage import Usage, count


def read_usage(reply: object) -> Usage:
    """The usage of a Message.

    Anthropic counts what was read from its cache and what was put into it beside the input; in
    `Usage` both are part of the prompt.
    """
    usage = mapping(mapping(reply).get("usage"))
    fresh = count(usage.get("input_tokens"))
    completion = count(usage.get("output_tokens"))
    cached = count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    if fresh is None and not cached and not written:
        return Usage(None, completion)
    prompt = (fresh or 0) + (cached or 0) + (written or 0)
    return Usage(prompt, completion, cached, written)


def write_usage(usage: Usage) -> dict[str, Any]:
    """The ``usage`` of a Message; what nobody counted is 0, since the wire demands the fields."""
    prompt, completion, read, written = usage.billed
    return {
        "input_tokens": max(prompt - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": completion,
    }
