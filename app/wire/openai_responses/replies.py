"""Responses as typed answers, and back."""

from collections.abc import Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.answers.finish_words import finish_word
from tierwatch.wire.chat import (
    RESPONSES,
    ChatAnswer,
    Declined,
    Extras,
    Part,
    Reasoning,
    Text,
    ToolCall,
    Turn,
)
from tierwatch.wire.fault import error_text
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.json_values import mapping, objects, rest, string
from tierwatch.wire.openai_responses.read_parts import NOTHING, read_said
from tierwatch.wire.openai_responses.tools import Called, called_by
from tierwatch.wire.openai_responses.usage import read_usage, write_usage
from tierwatch.wire.openai_responses.write_parts import Item, write_call, write_said

_TYPED = frozenset({"id", "object", "created_at", "model", "output"})
_UNFINISHED = frozenset({"failed", "cancelled", "queued", "in_progress"})
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
# What a response says again of its request, and what it says where that did not say it.
_REPEATED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": None,
    "store": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": None,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}


def read_reply(reply: object, *, created: int = 0) -> ChatAnswer:
    """What a response says.

    Args:
        reply: the whole, as a provider answers without ``stream``.
        created: epoch seconds, for a reply that has none.

    Raises:
        ProviderError: kind ``unreadable`` when this is not a response, or one without an answer.
    """
    if not isinstance(reply, dict) or not isinstance(reply.get("output"), list):
        sentence = f"The provider's answer is not a response. {error_text(reply)}".rstrip()
        raise ProviderError(sentence, kind="unreadable")
    status = string(reply.get("status"))
    if status in _UNFINISHED:
        why = error_text(reply) if reply.get("error") else ""
        sentence = f"The provider's response is {status}. {why}".rstrip()
        raise ProviderError(sentence, kind="unreadable")
    parts: list[Part] = []
    for item in objects(reply["output"]):
        parts += read_said(item)
    extras, when = rest(reply, _TYPED), reply.get("created_at")
    if not isinstance(when, int) or isinstance(when, bool):
        extras |= {"created_at": when} if "created_at" in reply else {}
        when = int(when) if isinstance(when, float) and 0 <= when < _LATEST else created
    return ChatAnswer(
        id=string(reply.get("id")),
        model=string(reply.get("model")),
        created=when,
        turn=Turn("assistant", tuple(parts), plain=False, extras=NOTHING),
        finish_reason=finish_reason(reply, called=any(isinstance(p, ToolCall) for p in parts)),
        usage=read_usage(reply),
        extras=Extras(RESPONSES, extras),
    )


_LATEST = 1e12


def finish_reason(response: Mapping[str, Any], *, called: bool) -> str:
    """OpenAI's word in chat completions for how a response ended."""
    if response.get("status") == "incomplete":
        why = string(mapping(response.get("incomplete_details")).get("reason"))
        return "content_filter" if why == "content_filter" else "length"
    return "tool_calls" if called else "stop"


def write_reply(answer: ChatAnswer, *, to: AnswerTo = NOBODY) -> dict[str, Any]:
    """The response.

    Args:
        answer: what was answered.
        to: what the response repeats, and whose tools the calls name.
    """
    if answer.extras.wire == RESPONSES:
        return _own_response(answer)
    called = any(isinstance(part, ToolCall) for part in answer.turn.parts)
    ended = finish_word(answer.finish_reason, called=called)
    response = response_head(to.id or answer.id, answer.created, answer.model, to.request, ended)
    items = _output(answer.turn, called_by(to.request))
    base = item_base(response["id"])
    cut = ended == "length"
    output = [
        with_id(item, base, place, "incomplete" if cut and place == len(items) - 1 else "completed")
        for place, item in enumerate(items)
    ]
    return {**response, "output": output, "usage": write_usage(answer.usage) or None}


def _own_response(answer: ChatAnswer) -> dict[str, Any]:
    said = answer.extras.fields
    counted = {} if read_usage(said) == answer.usage else {"usage": write_usage(answer.usage)}
    return {
        "id": answer.id,
        "object": "response",
        "created_at": answer.created,
        "model": answer.model,
        "output": write_said(answer.turn.parts, []),
        **said,
        **counted,
    }


def _output(turn: Turn, names: Mapping[str, Called]) -> list[Item]:
    """An answer of another wire as items: thoughts, one message, and the calls."""
    thoughts = [part.text for part in turn.parts if isinstance(part, Reasoning) and part.text]
    texts = [part.text for part in turn.parts if isinstance(part, Text) and part.text]
    declined = [part.text for part in turn.parts if isinstance(part, Declined) and part.text]
    items: list[Item] = [thought_item(text) for text in thoughts]
    content = [text_part("".join(texts))] if texts else []
    content += [{"type": "refusal", "refusal": text} for text in declined]
    if content:
        items.append({"type": "message", "role": "assistant", "content": content})
    return items + [write_call(part, names) for part in turn.parts if isinstance(part, ToolCall)]


def thought_item(text: str) -> Item:
    """A thought whose words may be seen."""
    return {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}


def text_part(text: str) -> Item:
    """Words as a part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "reasoning": "rs",
}


def item_base(response_id: str) -> str:
    """What the ids of a response's items hold of its own."""
    return response_id.removeprefix("resp_").replace("-", "") or "0"


def with_id(item: Item, base: str, place: int, status: str) -> Item:
    """An item with its id, which begins as its provider's own would, and its status."""
    kind = item["type"]
    more = {} if kind == "reasoning" else {"status": status}
    return {"id": f"{_PREFIXES[kind]}_{base}_{place}", **item, **more}


def response_head(
    response_id: str,
    created: int,
    model: str,
    request: Mapping[str, Any],
    ended: str | None = None,
    *,
    status: str = "completed",
) -> dict[str, Any]:
    """A response without its output and counts.

    Args:
        response_id: of it.
        created: epoch seconds.
        model: that answers.
        request: that it repeats.
        ended: the finish reason, in the words of chat completions.
        status: where the reason says no other.
    """
    incomplete = _INCOMPLETE.get(ended or "")
    repeated = {
        name: usual if request.get(name) is None else request[name]
        for name, usual in _REPEATED.items()
    }
    return {
        "id": response_id,
        "object": "response",
        "created_at": created,
        "status": "incomplete" if incomplete else status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "model": model,
        "output": [],
        **repeated,
        "usage": None,
    }
