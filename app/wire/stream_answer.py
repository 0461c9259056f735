"""A streamed answer, put together from its chunks.

Between the wires a stream is made of chunks, in the form of OpenAI's chat completion chunks, as
parsed from JSON: dictionaries and not typed values. A stream has hundreds of events, most of them
a few letters that are only read along; docs/decisions/0034 has what typed ones would cost.
"""

import sys
from collections.abc import Mapping
from typing import Any

from tierwatch.wire.usage import Usage, read_chunk_usage


class StreamAnswer:
    """Puts the chunks of a streamed answer together, up to a number of characters.

    Chunks that are not chat completion chunks are read over: providers send pings, filter results
    and numbered extras between them. Only the first choice (index 0) is kept.

    Args:
        most: characters of content, refusal and arguments that are kept; None keeps all.

    Attributes:
        finish_reason: why the model stopped, or None while it has not.
        model: the model named by the chunks, or "".
        prompt_tokens: from the usage chunk, or None.
        completion_tokens: from the usage chunk, or None.
        cached_tokens: from the usage chunk, or None.
        cache_write_tokens: from the usage chunk, or None.
        error: the error object a provider sent in mid-stream, or None.
        chunks: chunks fed, whatever they held.
        characters: of content, refusal and tool arguments so far, for an estimate of tokens.
    """

    __slots__ = (
        "_calls",
        "_content",
        "_current_call",
        "_most",
        "_refusal",
        "cache_write_tokens",
        "cached_tokens",
        "characters",
        "chunks",
        "completion_tokens",
        "error",
        "finish_reason",
        "model",
        "prompt_tokens",
    )

    def __init__(self, *, most: int | None = None) -> None:
        self.finish_reason: str | None = None
        self.model = ""
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.cached_tokens: int | None = None
        self.cache_write_tokens: int | None = None
        self.error: dict[str, Any] | None = None
        self.chunks = 0
        self.characters = 0
        self._most = sys.maxsize if most is None else most
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
        if chunk.get("usage"):
            self._count(read_chunk_usage(chunk["usage"]))
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                self._feed_choice(choice)

    def _count(self, usage: Usage) -> None:
        if usage.prompt_tokens is not None:
            self.prompt_tokens = usage.prompt_tokens
            self.cached_tokens = usage.cached_tokens
            self.cache_write_tokens = usage.cache_write_tokens
        if usage.completion_tokens is not None:
            self.completion_tokens = usage.completion_tokens

    def _feed_choice(self, choice: Mapping[str, Any]) -> None:
        if isinstance(choice.get("finish_reason"), str):
            self.finish_reason = choice["finish_reason"]
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        if isinstance(delta.get("content"), str):
            self._keep(delta["content"], self._content)
        if isinstance(delta.get("refusal"), str):
            self._keep(delta["refusal"], self._refusal)
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
                self._keep(function["arguments"], call.arguments)

    def _keep(self, piece: str, among: list[str]) -> None:
        self.characters += len(piece)
        if self.characters <= self._most:
            among.append(piece)

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
    def kept(self) -> bool:
        """Whether everything that was said is here."""
        return self.characters <= self._most

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
