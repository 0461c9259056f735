"""The fields of a chat request that the gateway itself reads, checked."""

from collections.abc import Mapping
from typing import Any

from tierwatch.gateway.accept.items import MODEL, items_problem, wrong
from tierwatch.wire.chat import RESPONSES
from tierwatch.wire.json_bytes import read_outside_json
from tierwatch.wire.refusal import Refusal

# In `metadata`: what the caller wants of the response cache.
CACHE_WISH = "tierwatch_cache"

# For each field that the gateway itself reads or may have to translate: the types it may have,
# and how to say so.
_FIELDS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("stream", (bool,), "a boolean"),
    ("stream_options", (dict,), "an object"),
    ("tools", (list,), "a list of objects"),
    ("response_format", (dict,), "an object"),
    ("metadata", (dict,), "an object"),
    ("user", (str,), "a string"),
    ("temperature", (int, float), "a number"),
    ("top_p", (int, float), "a number"),
    ("max_tokens", (int,), "a whole number"),
    ("max_completion_tokens", (int,), "a whole number"),
    ("stop", (str, list), "a string or a list of strings"),
    ("stop_sequences", (list,), "a list of strings"),
)

_LISTS: tuple[tuple[str, type, str], ...] = (
    ("tools", dict, "a list of objects"),
    ("stop", str, "a string or a list of strings"),
    ("stop_sequences", str, "a list of strings"),
)
_NAMES = frozenset(name for name, _, _ in _FIELDS)


def read_request(body: bytes, wire: str) -> dict[str, Any] | Refusal:
    """The request in a body of this wire, checked as far as the gateway itself reads it.

    Everything else is the provider's to judge and is forwarded as it stands.
    """
    try:
        request = read_outside_json(body)
    except ValueError as error:
        return Refusal(400, f"The request body is not JSON: {error}.", code="invalid_json")
    if not isinstance(request, dict):
        return Refusal(400, "The request body is not a JSON object.", code="invalid_json")
    if wire == RESPONSES:
        problem = items_problem(request)
    else:
        problem = _messages_problem(request.get("messages"))
    return problem or _field_problem(request) or _wish_problem(request) or request


def _field_problem(request: Mapping[str, Any]) -> Refusal | None:
    if not isinstance(request.get("model"), str) or not request["model"]:
        return wrong("model", MODEL)
    if _NAMES.isdisjoint(request):  # most requests are a model and messages
        return None
    for name, types, accepted in _FIELDS:
        value = request.get(name)
        if value is not None and not isinstance(value, types):
            return wrong(name, accepted)
    for name, of, accepted in _LISTS:
        value = request.get(name)
        if isinstance(value, list) and not all(isinstance(item, of) for item in value):
            return wrong(name, accepted)
    return None


def _messages_problem(messages: object) -> Refusal | None:
    if not isinstance(messages, list) or not messages:
        return wrong("messages", "a list of at least one message")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            return wrong(f"messages[{index}]", "an object")
        if not isinstance(message.get("role"), str):
            return wrong(f"messages[{index}].role", "a string")
        content = message.get("content")
        if content is None or isinstance(content, str):
            continue
        if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
            return wrong(f"messages[{index}].content", "a string or a list of objects")
    return None


def _wish_problem(request: Mapping[str, Any]) -> Refusal | None:
    """What `gateway.cache.cache_key.read_wish` reads, said by a program that means it."""
    wish = (request.get("metadata") or {}).get(CACHE_WISH)
    if wish is None or wish in ("no-cache", "no-store"):  # a tuple: it may be a list
        return None
    return wrong(f"metadata.{CACHE_WISH}", "no-cache (a fresh answer) or no-store (no cache)")
