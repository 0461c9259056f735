"""The first choice of a chat completion, as the routing library and the capture take it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tierwatch.errors import ProviderError
from tierwatch.wire.answers.finish_words import failed, said_reason
from tierwatch.wire.fault import ERROR, error_text
from tierwatch.wire.usage import Usage, completion_usage


class Reply(NamedTuple):
    """The first choice of a chat completion. Token counts are None where the provider gave none.

    A tuple like the values of the gateway's way: every answer makes one.
    """

    message: dict[str, Any]
    finish_reason: str | None
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    logprobs: dict[str, Any] | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None

    @property
    def usage(self) -> Usage:
        """The counts together."""
        return Usage(
            self.prompt_tokens,
            self.completion_tokens,
            self.cached_tokens,
            self.cache_write_tokens,
        )


def first_choice(reply: object) -> Reply:
    """What the first choice of a chat completion says.

    Raises:
        ProviderError: kind ``unreadable`` when this is not a chat completion; the sentence says
            what is missing.
    """
    if not isinstance(reply, dict):
        raise _unreadable(f"The provider answered with a JSON {type(reply).__name__}.")
    if isinstance(reply.get("error"), dict | str) and reply["error"]:
        raise _unreadable(f"The provider answered 200 with an error: {error_text(reply)}")
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        raise _unreadable("The provider's answer has no choices.")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise _unreadable("The provider's answer has no message in its first choice.")
    finish = said_reason(choice.get("finish_reason"))
    if choice.get("error") and not failed(finish):
        finish = ERROR
    _require_answer(message, finish)
    logprobs = choice.get("logprobs")
    model = reply.get("model")
    prompt, completion, cached, written = completion_usage(reply)
    return Reply(
        {**message, "role": "assistant"},
        finish,
        model if isinstance(model, str) else "",
        prompt,
        completion,
        logprobs if isinstance(logprobs, dict) else None,
        cached,
        written,
    )


def _require_answer(message: Mapping[str, Any], finish: str | None) -> None:
    content = message.get("content")
    if isinstance(content, str) and message.get("tool_calls") is None:
        return  # words, as most are
    if content is not None and not isinstance(content, str | list):
        raise _unreadable(f"The answer's content is a JSON {type(content).__name__}.")
    calls = message.get("tool_calls")
    if calls is not None and not (
        isinstance(calls, list) and all(isinstance(call, dict) for call in calls)
    ):
        raise _unreadable("The answer's tool_calls are not a list of objects.")
    # Thought may use up the limit, or a filter cut: what stopped before its first word says why.
    said = message.keys() & {"content", "tool_calls", "refusal", "function_call", "audio"}
    if not said and finish is None:
        raise _unreadable("The answer's message has neither content nor tool_calls.")


def _unreadable(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="unreadable")
