"""Messages that Anthropic's wire answers with, as typed answers, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.answers.call_pieces import with_ids
from tierwatch.wire.answers.finish_words import finish_word, said_reason
from tierwatch.wire.anthropic_messages.read_parts import NOTHING, read_blocks
from tierwatch.wire.anthropic_messages.usage import read_usage, write_usage
from tierwatch.wire.anthropic_messages.write_parts import Block, write_blocks
from tierwatch.wire.chat import (
    ANTHROPIC,
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
from tierwatch.wire.history.carried import OUR_SIGNATURE, signature_of, signed_id
from tierwatch.wire.json_values import mapping, rest

_TYPED = frozenset({"id", "type", "role", "model", "content"})
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
    "content_filter": "refusal",
}


def read_reply(reply: object, *, created: int = 0) -> ChatAnswer:
    """What a Message says.

    Args:
        reply: the whole, as a provider answers without ``stream``.
        created: epoch seconds: this wire has no field for them.

    Raises:
        ProviderError: kind ``unreadable`` when this is not a Message.
    """
    if not isinstance(reply, dict) or not isinstance(reply.get("content"), list):
        sentence = f"The provider's answer is not a message. {error_text(reply)}".rstrip()
        raise ProviderError(sentence, kind="unreadable")
    parts = with_ids(read_blocks(reply["content"]), reply)
    explanation = mapping(reply.get("stop_details")).get("explanation")
    if isinstance(explanation, str):
        parts += (Declined(explanation, NOTHING),)
    return ChatAnswer(
        id=reply.get("id") or "",
        model=reply.get("model") or "",
        created=created,
        turn=Turn("assistant", parts, plain=False, extras=NOTHING),
        finish_reason=_finish(reply, parts),
        usage=read_usage(reply),
        extras=Extras(ANTHROPIC, rest(reply, _TYPED)),
    )


def _finish(reply: Mapping[str, Any], parts: Iterable[Part]) -> str | None:
    called = any(isinstance(part, ToolCall) for part in parts)
    return finish_word(finish_reason(reply.get("stop_reason")) or "stop", called=called)


def write_reply(
    answer: ChatAnswer,
    *,
    to: AnswerTo = NOBODY,
) -> dict[str, Any]:
    """The Message."""
    own = answer.extras.on(ANTHROPIC)
    parts = answer.turn.parts
    called = any(isinstance(part, ToolCall) for part in parts)
    # Whoever gave a whole answer has stopped, also where it does not say why.
    stopped = ended(answer.finish_reason or "stop", called=called, at=answer.stopped_at)
    usage = write_usage(answer.usage)
    # The wire's own words, as long as they mean the same.
    if own and finish_reason(own.get("stop_reason")) == answer.finish_reason:
        stopped = {name: own.get(name) for name in stopped}
    if own.get("usage") and read_usage(own) == answer.usage:
        usage = own["usage"]
    return {
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": _blocks(answer.turn, thought=thinks(to.request)),
        **own,
        **stopped,
        "usage": usage,
    }


def _blocks(turn: Turn, *, thought: bool) -> list[Block]:
    if turn.extras.wire == ANTHROPIC:  # why it declined stands beside the message
        return write_blocks([part for part in turn.parts if not isinstance(part, Declined)], [])
    texts = "\n".join([part.text for part in turn.parts if isinstance(part, Text) and part.text])
    declined = [part.text for part in turn.parts if isinstance(part, Declined)]
    calls = write_blocks([_carrying(part) for part in turn.parts if isinstance(part, ToolCall)], [])
    # Blank text beside calls comes back with the history, and this wire's provider refuses it.
    said = [text for text in (texts, *declined) if text.strip() or (text and not calls)]
    thoughts = [part.text for part in turn.parts if isinstance(part, Reasoning) and part.text]
    return [
        *(our_thinking(text) for text in thoughts if thought),
        *({"type": "text", "text": text} for text in said),
        *calls,
    ]


def _carrying(call: ToolCall) -> ToolCall:
    """The call with its issuer's signature in its id: this wire has no other place for it."""
    signature = signature_of(call.extras.fields)
    return replace(call, id=signed_id(call.id, signature)) if signature else call


def our_thinking(text: str) -> Block:
    """Thought of another wire's as a block of this one's."""
    return {"type": "thinking", "thinking": text, "signature": OUR_SIGNATURE}


def thinks(request: Mapping[str, Any]) -> bool:
    """Whether a caller has asked for thought, and is ready for blocks of it."""
    return mapping(request.get("thinking")).get("type") in {"enabled", "adaptive"}


def finish_reason(stop_reason: object) -> str | None:
    """OpenAI's word for Anthropic's stop reason; None when there is none."""
    said = said_reason(stop_reason)
    return None if said is None else _FINISH_REASONS.get(said, "stop")


def ended(finish_reason: str | None, *, called: bool, at: str | None) -> dict[str, Any]:
    """How an answer ended, in the two fields of this wire.

    Args:
        finish_reason: in the server's word.
        called: whether there are tool calls.
        at: the sequence of the caller's that ended it, where the server said which.
    """
    stop = stop_reason(finish_reason, called=called)
    if at is not None and stop == "end_turn":
        return {"stop_reason": "stop_sequence", "stop_sequence": at}
    return {"stop_reason": stop, "stop_sequence": None}


def stop_reason(finish_reason: str | None, *, called: bool) -> str | None:
    """Anthropic's word for a server's finish reason; ``called`` says there are tool calls."""
    word = finish_word(finish_reason, called=called)
    return None if word is None else _STOP_REASONS.get(word, "end_turn")
