"""Which requests may share an answer: what a caller wishes, and the key of a request.

Two requests have one key only if everything that shapes an answer is the same: the caller's API
key, the wire, the model asked for, the configured models, every parameter, and the whole
conversation. Parameters are listed by what may differ, so one that nobody here has heard of is
part of the key.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from tierwatch.gateway.accept.request import CACHE_WISH
from tierwatch.gateway.asked import Headers
from tierwatch.routing.content import message_text
from tierwatch.routing.same_question.near_miss import near_miss_marks
from tierwatch.routing.same_question.wording import LONGEST, normal_form
from tierwatch.wire.chat import ANTHROPIC, RESPONSES

Wish = Literal["use", "refresh", "off"]

# Raised when the rules of wording or the form of an entry change: older entries are then not found.
_FORM = 1
# What may differ between two requests that share an answer. `stream` is how the answer is sent;
# the rest is bookkeeping, at the provider or here.
_NO_PART_OF_THE_QUESTION = frozenset(
    {
        "messages",
        "input",
        "model",
        "stream",
        "stream_options",
        "user",
        "metadata",
        "safety_identifier",
        "service_tier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "store",
    }
)
# The answer would depend on more than the request, be more than a text, or be kept elsewhere.
_NEVER = frozenset(
    {
        "logprobs",
        "top_logprobs",
        "audio",
        "web_search_options",
        "mcp_servers",
        "container",
        "background",
        "plugins",
        "thinking",
        "store",
        "include",
        "reasoning",
        "conversation",
        "prompt",
        "previous_response_id",
    }
)
_CALLER_RUN = frozenset({"function", "custom"})
_TOOL_PARTS = frozenset({"tool_use", "tool_result"})
_TOOL_KEYS = ("tool_calls", "function_call")
_TOOL_ROLES = frozenset({"tool", "function"})
# Hashing this much takes less than half a millisecond.
_MOST_CHARACTERS = 400_000


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Where a request's answer is, or would be.

    Attributes:
        tenant: digest of the caller's API key.
        place: digest of all that shapes the answer; under ``semantic``, of the prompt's form.
        verbatim: the same digest with the prompt to the letter.
        marks: digest of each kind of thing that near misses differ in; empty when ``place`` is
            to the letter.
    """

    tenant: str
    place: str
    verbatim: str
    marks: Mapping[str, str]

    @property
    def name(self) -> str:
        """The key in Redis: digests only."""
        return f"tierwatch:cache:{_FORM}:{self.tenant}:{self.place}"


def read_wish(headers: Headers, request: Mapping[str, Any]) -> Wish:
    """What the caller wants of the cache: ``cache-control``, or ``metadata.tierwatch_cache``.

    ``no-cache`` asks for a fresh answer, which is kept; ``no-store`` leaves the cache alone.
    """
    said = {part.strip() for part in headers.get(b"cache-control", b"").lower().split(b",")}
    asked = (request.get("metadata") or {}).get(CACHE_WISH)
    if b"no-store" in said or asked == "no-store":
        return "off"
    if asked == "no-cache" or not said.isdisjoint({b"no-cache", b"max-age=0"}):
        return "refresh"
    return "use"


def tenant_of(key: bytes) -> str:
    """Digest of the API key that the caller showed; of nothing where none is asked for."""
    return _digest(b"tenant", key)[:16]


def cache_key(
    wire: str,
    headers: Headers,
    request: Mapping[str, Any],
    *,
    asked: str,
    models: bytes,
    tenant: str,
    semantic: bool,
    tools: bool,
    any_temperature: bool,
    said: Sequence[Mapping[str, Any]] | None = None,
) -> CacheKey | None:
    """The key of a request; None when its answer must not be shared.

    Args:
        wire: the caller's, ``openai | anthropic | responses``.
        headers: the caller's.
        request: as the caller sent it, its types checked.
        asked: ``auto``, or the pinned tier or model.
        models: what stands for the configured models: with others, nothing is found.
        tenant: see `tenant_of`.
        semantic: whether rewordings of the last message share a key.
        tools: whether requests with tools may share an answer.
        any_temperature: whether requests with a temperature above 0 may; unsaid is above 0.
        said: the conversation in OpenAI's form, where the caller's has no messages.
    """
    if not (any_temperature or _is_zero(request.get("temperature"))):
        return None
    messages = request["messages"] if said is None else said
    with_tools = _offers_tools(request, messages)
    if with_tools is None or (with_tools and not tools) or not _is_plain(wire, request):
        return None
    if not _are_texts(messages, tools=tools):
        return None
    shape = {key: request[key] for key in request.keys() - _NO_PART_OF_THE_QUESTION}
    versions = [headers.get(name, b"").hex() for name in (b"anthropic-version", b"anthropic-beta")]
    try:
        around = orjson.dumps(
            [_FORM, wire, versions, asked, shape, messages[:-1]], option=orjson.OPT_SORT_KEYS
        )
        last = orjson.dumps(messages[-1], option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # lone surrogates, numbers of any size, a thousand levels
        return None
    space = _digest(tenant.encode(), models, around).encode()
    verbatim = _digest(space, b"verbatim", last)
    prompt = _rewordable(messages[-1]) if semantic and not with_tools else None
    if prompt is None:
        return CacheKey(tenant, verbatim, verbatim, {})
    form = normal_form(prompt).encode()
    place = _digest(space, b"form", form)
    marks = {
        kind: _digest(space, form, kind.encode(), orjson.dumps(found))[:16]
        for kind, found in near_miss_marks(prompt).items()
    }
    return CacheKey(tenant, place, verbatim, marks)


def _digest(*parts: bytes) -> str:
    """One digest of many parts; their lengths keep them apart."""
    whole = hashlib.blake2b(digest_size=20, person=b"tierwatch-cache")
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def _is_zero(temperature: object) -> bool:
    return temperature == 0 and not isinstance(temperature, bool)


def _offers_tools(request: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> bool | None:
    """Whether tools are in play; None when the provider would run one of them."""
    tools = request.get("tools") or ()
    if any(str(tool.get("type", "custom")) not in _CALLER_RUN for tool in tools):
        return None
    used = any(
        message["role"] in _TOOL_ROLES or any(message.get(key) for key in _TOOL_KEYS)
        for message in messages
    )
    return bool(tools or request.get("functions")) or used


def _is_plain(wire: str, request: Mapping[str, Any]) -> bool:
    if any(request.get(name) for name in _NEVER):
        return False
    if request.get("n") not in (None, 1) or request.get("modalities") not in (None, ["text"]):
        return False
    if wire == RESPONSES and not _are_worded(request.get("input")):
        return False
    # Messages' reply says which of the sequences ended it; entries do not keep that.
    return not (wire == ANTHROPIC and request.get("stop_sequences"))


def _are_worded(given: object) -> bool:
    """Whether an input is messages of words: of other items OpenAI's form says less."""
    if not isinstance(given, list):
        return isinstance(given, str)
    return all(
        item.get("type", "message") == "message"
        and (isinstance(content := item.get("content"), str) or _are_words(content))
        for item in given
    )


def _are_words(content: object) -> bool:
    return isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") in ("input_text", "output_text")
        for part in content
    )


def _are_texts(messages: Sequence[Mapping[str, Any]], *, tools: bool) -> bool:
    characters = 0
    for message in messages:
        content = message.get("content")
        characters += len(message_text(message))
        for part in content if isinstance(content, list) else ():
            kind = str(part.get("type"))
            if kind != "text" and not (tools and kind in _TOOL_PARTS):
                return False
    return characters <= _MOST_CHARACTERS


def _rewordable(message: Mapping[str, Any]) -> str | None:
    """The text of a user's message that is a short string and nothing else."""
    content = message.get("content")
    plain = message["role"] == "user" and message.keys() == {"role", "content"}
    return content if plain and isinstance(content, str) and len(content) <= LONGEST else None
