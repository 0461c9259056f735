"""Chat completions as typed answers, and back."""

from dataclasses import replace
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.routing.content import message_text
from tierwatch.wire.answers.call_pieces import with_ids
from tierwatch.wire.answers.finish_words import failed, said_reason, stopped_at
from tierwatch.wire.chat import OPENAI, ChatAnswer, Declined, Extras, Text, ToolCall, Turn
from tierwatch.wire.fault import error_text
from tierwatch.wire.first_choice import Reply, first_choice
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.json_values import mapping, rest
from tierwatch.wire.openai_chat.read_parts import read_turn
from tierwatch.wire.openai_chat.usage import read_usage, write_usage
from tierwatch.wire.openai_chat.write_parts import write_call, write_turn

_TYPED = frozenset({"id", "object", "created", "model", "choices"})
_OF_A_CHOICE = frozenset({"index", "message", "finish_reason", "logprobs"})


def read_reply(reply: object, *, created: int = 0) -> ChatAnswer:
    """What a chat completion says. Choices after the first are kept as they were said.

    Args:
        reply: the whole, as a provider answers without ``stream``.
        created: epoch seconds, for a reply that has none.

    Raises:
        ProviderError: kind ``unreadable`` when this is not a chat completion, or one that the
            provider says it gave up.
    """
    first, whole = first_choice(reply), mapping(reply)
    message, choices = first.message, whole["choices"]
    if failed(first.finish_reason) or choices[0].get("error"):
        why = error_text(choices[0].get("error")) or str(first.finish_reason)
        raise ProviderError(f"The provider gave up its answer: {why}", kind="unreadable")
    extras = rest(whole, _TYPED)
    if more := rest(choices[0], _OF_A_CHOICE):
        extras["choice"] = more
    if len(choices) > 1:
        extras["choices"] = choices[1:]
    if isinstance(message.get("content"), list):  # some servers answer in parts, most of them text
        extras["content"] = message["content"]
        message = {**message, "content": message_text(message)}
    turn = read_turn(message)
    if message.get("tool_calls"):
        turn = replace(turn, parts=with_ids(turn.parts, whole))
    given = whole.get("created")
    return ChatAnswer(
        id=whole.get("id") or "",
        model=first.model,
        created=given if isinstance(given, int) else created,
        turn=turn,
        finish_reason=first.finish_reason,
        usage=first.usage,
        extras=Extras(OPENAI, extras),
        logprobs=first.logprobs,
        stopped_at=stopped_at(choices[0]),
    )


def write_reply(
    answer: ChatAnswer,
    *,
    to: AnswerTo = NOBODY,  # noqa: ARG001 - this wire's answers say nothing of it
) -> dict[str, Any]:
    """The chat completion."""
    own = dict(answer.extras.on(OPENAI))
    listed = own.pop("content", None)
    if answer.turn.extras.wire == OPENAI:
        [message] = write_turn(answer.turn, [])
        if listed is not None and message_text({"content": listed}) == message["content"]:
            message["content"] = listed
    else:
        message = _message(answer.turn)
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": answer.finish_reason,
        "logprobs": answer.logprobs,
        **mapping(own.pop("choice", None)),
    }
    usage = write_usage(answer.usage)
    if answer.usage == read_usage(own):  # as it was said, with what is not typed
        usage = mapping(own.get("usage"))
    own.pop("usage", None)
    return {
        "id": answer.id,
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": [choice, *own.pop("choices", ())],
        **({"usage": usage} if usage else {}),
        **own,
    }


def said(answer: ChatAnswer) -> Reply:
    """What an answer of another wire says, as `first_choice` finds it in the chat completion."""
    usage = answer.usage
    return Reply(
        message=_message(answer.turn),
        finish_reason=said_reason(answer.finish_reason),
        model=answer.model,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        logprobs=None,
        cached_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )


def _message(turn: Turn) -> dict[str, Any]:
    texts = [part.text for part in turn.parts if isinstance(part, Text)]
    declined = [part.text for part in turn.parts if isinstance(part, Declined)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts else None,
        "refusal": "".join(declined) or None,
    }
    calls = [write_call(part) for part in turn.parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = calls
    return message
