"""What in a message its issuer alone, or its provider alone, takes back."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tierwatch.wire.history.carried import is_signed
from tierwatch.wire.history.reader import Messages
from tierwatch.wire.json_values import objects, string

THINKING = frozenset({"thinking", "redacted_thinking"})
REASONING_FIELDS = frozenset(
    {
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "reasoning_items",
        "thinking_blocks",
        "encrypted_content",
    }
)
# On the message as a whole and on each tool call: Gemini's signatures among others.
SIGNED_EXTRAS = frozenset({"extra_content", "provider_specific_fields", "thought_signature"})
OF_ANY_ANTHROPIC = frozenset({"text", "tool_use", "image", "document", "search_result"})
BOUND_FIELDS = REASONING_FIELDS | SIGNED_EXTRAS | {"audio", "annotations", "refusal"}
_FREE_PARTS = OF_ANY_ANTHROPIC | {"image_url"}


def bound_messages(messages: Messages) -> list[int]:
    """Indices of the assistant messages that hold something their issuer alone can read.

    Messages may be of either wire.
    """
    return [
        index
        for index, message in enumerate(messages)
        if message.get("role") == "assistant" and is_bound(message)
    ]


def is_bound(message: Mapping[str, Any]) -> bool:
    """Whether a message holds such a thing; it may be of any wire."""
    # Vendors' own clients send many of these back empty.
    if any(message[name] for name in message.keys() & BOUND_FIELDS):
        return True
    if any(call.keys() & SIGNED_EXTRAS for call in objects(message.get("tool_calls"))):
        return True
    return any(
        string(part.get("type")) not in _FREE_PARTS
        or part.get("citations")
        or is_signed(part.get("id"))
        for part in objects(message.get("content"))
    )


def forget_zeros(changes: Counter[str]) -> None:
    """Keep the kinds of which something was taken out."""
    for kind in [kind for kind, count in changes.items() if not count]:
        del changes[kind]
