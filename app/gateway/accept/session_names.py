"""Which conversation a request belongs to, where its caller says so.

Every client has a name of its own for it. The tables below are in the order that counts: what names
one conversation before what may name several, the header before the body. Last is what the gateway
has read from its beginning: `user`, which is all that some callers say, and `metadata.session_id`.
"""

import re
from collections.abc import Mapping
from typing import Any

from tierwatch.gateway.asked import Headers

# Headers, each with who sends it.
_HEADERS = (
    b"x-session-id",  # ours; opencode, and many
    b"x-claude-code-session-id",  # Claude Code
    b"session-id",  # Codex
    b"session_id",  # Codex until 2026
    b"x-session-affinity",  # opencode
    b"x-opencode-session",  # opencode
    b"x-conversation-id",
    b"conversation-id",
    b"conversation_id",  # Codex until 2026
    b"thread-id",  # Codex
    b"x-thread-id",
    b"x-chat-id",
    b"x-openwebui-chat-id",  # Open WebUI
    b"x-litellm-session-id",  # LiteLLM
    b"helicone-session-id",  # Helicone
)
_KNOWN_HEADERS = frozenset(_HEADERS)
# Vendors follow one another: any other header that ends so is taken, but the one that names where
# a conversation came from.
_ANY_VENDOR, _PARENT = b"-session-id", b"x-parent-session-id"
# In OpenTelemetry's baggage: Langfuse's and the general one.
_BAGGAGE = re.compile(rb"(?:^|,)\s*(?:langfuse_session_id|session\.id)\s*=\s*([^,;\s]+)")

# Fields of the body, and of what stands in it.
_FIELDS = (
    "session_id",  # OpenRouter
    "conversation_id",
    "thread_id",
    "chat_id",
    "litellm_session_id",  # LiteLLM
    "langfuse_session_id",  # Langfuse
)
_METADATA_FIELDS = (
    "langfuse_session_id",
    "conversation_id",
    "thread_id",
    "chat_id",
    "sessionId",
    "conversationId",
    "threadId",
    "chatId",
)
_OBJECTS = ("metadata", "client_metadata", "litellm_metadata")  # the second is Codex's
# What a request may hold that says anything; most hold none of it, which one comparison tells.
_SPEAKING = frozenset(
    (*_FIELDS, *_OBJECTS, "conversation", "prompt_cache_key", "litellm_trace_id", "user")
)
# Claude Code's `metadata.user_id`: JSON text with a session in it, or `user_..._session_<uuid>`.
_IN_USER_ID = re.compile(r'"session_id"\s*:\s*"([^"\\]{1,200})"|_session_([\w-]{8,200})$')
# A prompt's cache key is meant for all who share a beginning, and is a conversation's name only
# where all of it is an id (a UUID, a ULID), or it says so. A digest of the prompt is none, nor is
# the id of a tenant or a user with a word before it.
_CONVERSATION_KEY = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9a-f]{12}[47][0-9a-f]{3}[89ab][0-9a-f]{15}"  # the same without hyphens; few digests are
    r"|[0-7][0-9A-HJKMNP-TV-Z]{25}"
    r"|(?:ses|sess|session|thread|conv|conversation|chat)[-_:].+",
    re.IGNORECASE | re.DOTALL,
)
# One run of an agent has one of these, so it is more than a request and less than a conversation.
_TRACE_HEADER = b"x-litellm-trace-id"


def named_session(headers: Headers, request: Mapping[str, Any]) -> str:
    """The caller's name for the conversation; empty without one.

    Args:
        headers: of the request.
        request: its body, on the caller's wire.
    """
    named = _in_headers(headers)
    if named:
        return named
    if _SPEAKING.isdisjoint(request) and _TRACE_HEADER not in headers:
        return ""
    return _in_body(request) or _text(headers.get(_TRACE_HEADER))


def _in_headers(headers: Headers) -> str:
    if not _KNOWN_HEADERS.isdisjoint(headers):
        for name in _HEADERS:
            if value := _text(headers.get(name)):
                return value
    if _ANY_VENDOR in b" ".join(headers):  # a fourth of the time that asking each one takes
        for name in headers:
            if name.endswith(_ANY_VENDOR) and name != _PARENT and (value := _text(headers[name])):
                return value
    baggage = headers.get(b"baggage")
    said = None if baggage is None else _BAGGAGE.search(baggage)
    return "" if said is None else _text(said[1])


def _in_body(request: Mapping[str, Any]) -> str:
    for value in _values(request):
        if named := _text(value):
            return named
    return ""


def _values(request: Mapping[str, Any]) -> list[object]:
    """What in a body may name the conversation, in the order that counts."""
    conversation = request.get("conversation")
    if isinstance(conversation, Mapping):
        conversation = conversation.get("id")
    objects = [found for name in _OBJECTS if isinstance(found := request.get(name), Mapping)]
    key = request.get("prompt_cache_key")
    names_one = isinstance(key, str) and _CONVERSATION_KEY.fullmatch(key.strip()) is not None
    return [
        conversation,
        *(request.get(name) for name in _FIELDS),
        *(within.get(name) for within in objects for name in _METADATA_FIELDS),
        *(_session_of_user(within.get("user_id")) for within in objects),
        key if names_one else None,
        request.get("user"),
        *(within.get("session_id") for within in objects),
        request.get("litellm_trace_id"),
    ]


def _session_of_user(user_id: object) -> object:
    """The session that a user's id carries; None for an id of a user alone."""
    if isinstance(user_id, Mapping):
        return user_id.get("session_id")
    if not isinstance(user_id, str):
        return None
    found = _IN_USER_ID.search(user_id)
    return None if found is None else found[1] or found[2]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""
