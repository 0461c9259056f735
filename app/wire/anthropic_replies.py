"""Replies, counts and errors between OpenAI's form and Anthropic's; see ``anthropic_wire``."""

from collections.abc import Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.routing.content import message_text
from tierwatch.wire.anthropic_requests import mapping, objects, string, tool_call, tool_use_block
from tierwatch.wire.openai_wire import error_envelope, error_text, read_reply
from tierwatch.wire.usage import read_anthropic_usage

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_ERROR_CODES = {
    "authentication_error": "invalid_api_key",
    "not_found_error": "not_found",
    "rate_limit_error": "rate_limit_exceeded",
    "overloaded_error": "overloaded",
    "billing_error": "insufficient_quota",
}
_ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def reply_to_openai(reply: object, *, created: int = 0) -> dict[str, Any]:
    """Translate a Message to a chat completion. ``created`` is epoch seconds (theirs has none).

    Raises:
        ProviderError: kind ``unreadable`` when this is not a Message.
    """
    if not isinstance(reply, dict) or not isinstance(reply.get("content"), list):
        raise _unreadable(
            f"The provider's answer is not a message. {error_text(reply)}".rstrip(),
        )
    blocks = objects(reply["content"])
    texts = [string(b.get("text")) for b in blocks if b.get("type") == "text"]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts else None,
        "refusal": mapping(reply.get("stop_details")).get("explanation"),
    }
    calls = [tool_call(block) for block in blocks if block.get("type") == "tool_use"]
    if calls:
        message["tool_calls"] = calls
    finish = finish_reason(reply.get("stop_reason")) or "stop"
    usage = usage_to_openai(mapping(reply.get("usage")))
    return {
        "id": reply.get("id") or "",
        "object": "chat.completion",
        "created": created,
        "model": reply.get("model") or "",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        **({"usage": usage} if usage else {}),
    }


def usage_to_openai(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Translate token counts. Anthropic counts cached tokens beside the input, OpenAI within it.

    What nobody counted is left out, since it is not 0 tokens; empty where nothing was.
    """
    counted = read_anthropic_usage({"usage": usage})
    prompt, completion = counted.prompt_tokens, counted.completion_tokens
    both = prompt is not None and completion is not None
    wholes = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": sum(counted.billed[:2]) if both else None,
    }
    parts = {
        "cached_tokens": counted.cached_tokens,
        "cache_write_tokens": counted.cache_write_tokens,
    }
    told: dict[str, Any] = {name: n for name, n in wholes.items() if n is not None}
    if prompt is not None:
        told["prompt_tokens_details"] = {name: n for name, n in parts.items() if n is not None}
    return told


def usage_to_anthropic(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Translate token counts back; absent counts are 0."""
    details = mapping(usage.get("prompt_tokens_details"))
    read, written = _count(details.get("cached_tokens")), _count(details.get("cache_write_tokens"))
    return {
        "input_tokens": max(_count(usage.get("prompt_tokens")) - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": _count(usage.get("completion_tokens")),
    }


def reply_to_anthropic(reply: object) -> dict[str, Any]:
    """Translate a chat completion to a Message.

    Raises:
        ProviderError: kind ``unreadable`` when this is not a chat completion.
    """
    read = read_reply(reply)
    whole = mapping(reply)
    texts = (message_text(read.message), string(read.message.get("refusal")))
    content: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts if text]
    calls = objects(read.message.get("tool_calls"))
    content += [tool_use_block(call) for call in calls]
    return {
        "id": whole.get("id") or "",
        "type": "message",
        "role": "assistant",
        "model": read.model,
        "content": content,
        "stop_reason": stop_reason(read.finish_reason, called=bool(calls)),
        "stop_sequence": None,
        "usage": usage_to_anthropic(mapping(whole.get("usage"))),
    }


def finish_reason(stop_reason: object) -> str | None:
    """OpenAI's word for Anthropic's stop reason; None when there is none."""
    return _FINISH_REASONS.get(stop_reason, "stop") if isinstance(stop_reason, str) else None


def stop_reason(finish_reason: str | None, *, called: bool) -> str | None:
    """Anthropic's word for OpenAI's finish reason; ``called`` says there are tool calls."""
    if called and finish_reason == "stop":  # some compatible servers say so beside tool calls
        return "tool_use"
    return None if finish_reason is None else _STOP_REASONS.get(finish_reason, "end_turn")


def error_to_openai(body: object, status: int) -> dict[str, Any]:
    """Translate Anthropic's error body to OpenAI's envelope; ``status`` fills in for a body."""
    kind = mapping(mapping(body).get("error")).get("type")
    kind = kind if isinstance(kind, str) else _error_type(status)
    return error_envelope(
        error_text(body) or f"The provider answered {status}.", kind, _ERROR_CODES.get(kind)
    )


def error_to_anthropic(body: object, status: int) -> dict[str, Any]:
    """Translate an OpenAI error body to Anthropic's, its type taken from the HTTP status."""
    message = error_text(body) or f"The provider answered {status}."
    return {"type": "error", "error": {"type": _error_type(status), "message": message}}


def _error_type(status: int) -> str:
    fallback = "api_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004 - HTTP
    return _ERROR_TYPES.get(status, fallback)


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _unreadable(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="unreadable")
