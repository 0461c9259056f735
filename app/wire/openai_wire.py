"""OpenAI's chat wire: reading replies and streams, and writing errors and shadow requests.

Everything tierwatch keeps is in this form; other wires are translated to it at the edge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.routing.content import message_text
from tierwatch.wire.history import Reader, fitted_request
from tierwatch.wire.usage import Usage, read_usage

CHARACTERS_PER_TOKEN = 4

# What a shadow call must not carry. It is ours, not the caller's: it must not be stored, billed or
# counted under their name; it must not start anything on the provider's side; one answer is enough.
_NOT_FOR_SHADOWS = frozenset(
    {
        "stream",
        "stream_options",
        "n",
        "user",
        "safety_identifier",
        "metadata",
        "store",
        "service_tier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "web_search_options",
        "mcp_servers",
        "container",
        "background",
        "plugins",
    }
)
# Tools the caller runs, so naming one in an answer has no effect. Any other type (web search, code
# execution, a remote server) is run by the provider while it answers.
_CALLER_RUN_TOOLS = frozenset({"function", "custom"})
_SOMEBODY_ELSE = Reader(provider="", model="", mixed=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """The first choice of a chat completion. Token counts are None where the provider gave none."""

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


def read_reply(reply: object) -> Reply:
    """Return what a chat completion says.

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
    _require_answer(message)
    finish = choice.get("finish_reason")
    logprobs = choice.get("logprobs")
    model = reply.get("model")
    usage = read_usage(reply)
    return Reply(
        message={**message, "role": "assistant"},
        finish_reason=finish if isinstance(finish, str) else None,
        model=model if isinstance(model, str) else "",
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        logprobs=logprobs if isinstance(logprobs, dict) else None,
        cached_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )


def _require_answer(message: Mapping[str, Any]) -> None:
    content = message.get("content")
    if content is not None and not isinstance(content, str | list):
        raise _unreadable(f"The answer's content is a JSON {type(content).__name__}.")
    calls = message.get("tool_calls")
    if calls is not None and not (
        isinstance(calls, list) and all(isinstance(call, dict) for call in calls)
    ):
        raise _unreadable("The answer's tool_calls are not a list of objects.")
    if not message.keys() & {"content", "tool_calls", "refusal", "function_call", "audio"}:
        raise _unreadable("The answer's message has neither content nor tool_calls.")


class StreamAnswer:
    """Puts the chunks of a streamed answer together.

    Chunks that are not chat completion chunks are read over: providers send pings, filter results
    and numbered extras between them. Only the first choice (index 0) is kept.

    Attributes:
        finish_reason: why the model stopped, or None while it has not.
        model: the model named by the chunks, or "".
        prompt_tokens: from the usage chunk, or None.
        completion_tokens: from the usage chunk, or None.
        cached_tokens: from the usage chunk, or None.
        cache_write_tokens: from the usage chunk, or None.
        error: the error object a provider sent in mid-stream, or None.
        chunks: chunks fed, whatever they held.
    """

    __slots__ = (
        "_calls",
        "_content",
        "_current_call",
        "_refusal",
        "cache_write_tokens",
        "cached_tokens",
        "chunks",
        "completion_tokens",
        "error",
        "finish_reason",
        "model",
        "prompt_tokens",
    )

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.model = ""
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.cached_tokens: int | None = None
        self.cache_write_tokens: int | None = None
        self.error: dict[str, Any] | None = None
        self.chunks = 0
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[_Call] = []
        self._current_call: dict[int, _Call] = {}

    def feed(self, chunk: object) -> None:
        """Take one chunk, as parsed from JSON."""
        self.chunks += 1
        if not isinstance(chunk, dict):
            return
        error = chunk.get("error")
        if error:
            self.error = error if isinstance(error, dict) else {"message": str(error)}
        if isinstance(chunk.get("model"), str):
            self.model = chunk["model"]
        usage = read_usage(chunk)
        if usage.prompt_tokens is not None:
            self.prompt_tokens = usage.prompt_tokens
            self.cached_tokens = usage.cached_tokens
            self.cache_write_tokens = usage.cache_write_tokens
        if usage.completion_tokens is not None:
            self.completion_tokens = usage.completion_tokens
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                self._feed_choice(choice)

    def _feed_choice(self, choice: Mapping[str, Any]) -> None:
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = choice["finish_reason"]
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        if isinstance(delta.get("content"), str):
            self._content.append(delta["content"])
        if isinstance(delta.get("refusal"), str):
            self._refusal.append(delta["refusal"])
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                self._feed_call(call)

    def _feed_call(self, piece: Mapping[str, Any]) -> None:
        index = piece.get("index", 0)
        call_id = piece.get("id") if isinstance(piece.get("id"), str) else ""
        call = self._current_call.get(index) if isinstance(index, int) else None
        # Some compatible servers send parallel calls all under index 0, each with its own id.
        if call is None or (call_id and call.id and call.id != call_id):
            call = _Call()
            self._calls.append(call)
            self._current_call[index if isinstance(index, int) else 0] = call
        call.id = call.id or call_id or ""
        function = piece.get("function")
        if isinstance(function, dict):
            if isinstance(function.get("name"), str):
                call.name = call.name or function["name"]
            if isinstance(function.get("arguments"), str):
                call.arguments.append(function["arguments"])

    @property
    def usage(self) -> Usage:
        """The counts together."""
        return Usage(
            self.prompt_tokens,
            self.completion_tokens,
            self.cached_tokens,
            self.cache_write_tokens,
        )

    @property
    def characters(self) -> int:
        """Characters of content, refusal and tool arguments so far, for an estimate of tokens."""
        spoken = sum(map(len, self._content)) + sum(map(len, self._refusal))
        return spoken + sum(len(part) for call in self._calls for part in call.arguments)

    @property
    def finished(self) -> bool:
        """Whether the model said why it stopped; False for a stream that was cut."""
        return self.finish_reason is not None and self.error is None

    @property
    def message(self) -> dict[str, Any]:
        """The assistant message so far; ``content`` is None when there was no text."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(self._content) if self._content else None,
        }
        if self._refusal:
            message["refusal"] = "".join(self._refusal)
        if self._calls:
            message["tool_calls"] = [call.whole() for call in self._calls]
        return message


class _Call:
    """A tool call whose pieces are still arriving."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []

    def whole(self) -> dict[str, Any]:
        function = {"name": self.name, "arguments": "".join(self.arguments)}
        return {"id": self.id, "type": "function", "function": function}


def estimated_tokens(characters: int) -> int:
    """Estimate of the tokens in a text, where the provider counted none: 4 characters a token.

    English prose is near it; code has more tokens and CJK text up to four times as many. A number
    from here is always stored with ``tokens_estimated``.

    >>> estimated_tokens(0), estimated_tokens(1), estimated_tokens(8)
    (0, 1, 2)
    """
    return -(-characters // CHARACTERS_PER_TOKEN)


def request_characters(request: Mapping[str, Any]) -> int:
    """Characters of text in the messages of a chat request, for an estimate of prompt tokens."""
    messages = request.get("messages")
    return sum(
        len(message_text(message))
        for message in (messages if isinstance(messages, list) else ())
        if isinstance(message, dict)
    )


def error_envelope(
    message: str, type_: str, code: str | None, param: str | None = None
) -> dict[str, Any]:
    """Return OpenAI's error body: ``{"error": {"message", "type", "param", "code"}}``."""
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}


def error_text(body: object) -> str:
    """The sentence in a provider's error body, OpenAI's or near it; "" when there is none."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error.get("type")
    return error if isinstance(error, str) else ""


def lean_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for a shadow call: the same question, without what it would cause.

    Streaming, identity, storage, priority and everything the provider would execute while it
    answers are dropped. Tools the caller runs are kept: the calls are compared, never executed.
    What in the history only its issuer can read is dropped too: another model is asked.
    """
    request = fitted_request(request, wire="openai", to="openai", reader=_SOMEBODY_ELSE).request
    lean = {key: value for key, value in request.items() if key not in _NOT_FOR_SHADOWS}
    tools = lean.get("tools")
    if isinstance(tools, list):
        kept = [tool for tool in tools if _run_by_caller(tool)]
        if kept:
            lean["tools"] = kept
        else:
            for key in ("tools", "tool_choice", "parallel_tool_calls"):
                lean.pop(key, None)
    return lean


def _run_by_caller(tool: object) -> bool:
    kind = tool.get("type", "function") if isinstance(tool, dict) else None
    return isinstance(kind, str) and kind in _CALLER_RUN_TOOLS


def _unreadable(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="unreadable")
