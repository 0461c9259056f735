"""Token counts as OpenAI's wire has them: cached tokens within the prompt."""

from typing import Any

from tierwatch.wire.json_values import mapping
from tierwatch.wire.usage import Usage, completion_usage, write_chunk_usage


def read_usage(reply: object) -> Usage:
    """The usage of a chat completion, wherever in it that stands."""
    return completion_usage(mapping(reply))


def write_usage(usage: Usage) -> dict[str, Any]:
    """The ``usage`` of a chat completion; empty where nothing was counted."""
    return write_chunk_usage(usage)
