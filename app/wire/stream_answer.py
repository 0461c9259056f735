"""A streamed answer, put together from its chunks.

Between the wires a stream is made of chunks, in the form of OpenAI's chat completion chunks, as
parsed from JSON: dictionaries and not typed values. A stream has hundreds of events, most of them
a few letters that are only read along; docs/decisions/0034 has what typed ones would cost.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tierwatch.routing.content import part_text
from tierwatch.wire.answers.call_pieces import CallPieces
from tierwatch.wire.answers.finish_words import failed
from tierwatch.wire.answers.other_parts import with_other_parts
from tierwatch.wire.usage import Usage, read_chunk_usage, text_size, usage_elsewhere

_LONGEST_WORD = 40  # of a reason, in a sentence


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
    """

    __slots__ = (
        "_calls",
        "_content",
        "_hole",
        "_kept",
        "_most",
        "_pieces",
        "_refusal",
        "_thought",
        "cache_write_tokens",
        "cached_tokens",
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
        self._most = sys.maxsize if most is None else most
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[_Call] = []
        self._pieces = CallPieces()
        self._kept = 0
        self._thought = 0
        self._hole = False

    def feed(self, chunk: object) -> Any:
        """Take one chunk, as parsed from JSON; it is given back with its calls settled."""
        self.chunks += 1
        if not isinstance(chunk, dict):
            return chunk
        error = chunk.get("error")
        if error:
            self.error = error if isinstance(error, dict) else {"message": str(error)}
        model, usage, choices = chunk.get("model"), chunk.get("usage"), chunk.get("choices")
        if isinstance(model, str):
            self.model = model
        if usage:
            self._count(usage)
        settled = chunk
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                delta = self._feed_choice(choice, chunk)
                if delta is not None:
                    settled = _with_delta(settled, choice, delta)
        return settled if self.error is None or error else {**settled, "error": self.error}

    def misread(self) -> None:
        """Something of the answer could not be read: what is here has a hole."""
        self._hole = True

    def _count(self, said: object) -> None:
        usage = read_chunk_usage(said)
        # The last chunk of some servers counts nothing: zeros tell nothing of what was counted.
        if usage.prompt_tokens is not None and (usage.prompt_tokens or not self.prompt_tokens):
            self.prompt_tokens = usage.prompt_tokens
            self.cached_tokens = usage.cached_tokens
            self.cache_write_tokens = usage.cache_write_tokens
        if usage.completion_tokens is not None:
            self.completion_tokens = usage.completion_tokens or self.completion_tokens or 0

    def _feed_choice(
        self, choice: Mapping[str, Any], chunk: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """What the choice says where that had to be settled; None where nothing had to."""
        reason = choice.get("finish_reason")
        if reason:
            self._stops(reason, choice, chunk)
        delta = said = choice.get("delta")
        if type(delta) is not dict:
            delta = choice.get("message")  # some servers say all of it at once, and call it so
            if type(delta) is not dict:
                return None
        content, calls = delta.get("content"), delta.get("tool_calls")
        if len(delta) > 1 or (content is None and calls is None):  # nearly no chunk
            self._feed_rest(delta, choice)
            delta = with_other_parts(delta)
            content, calls = delta.get("content"), delta.get("tool_calls")
        if isinstance(content, str):  # nearly every event's: `_keep` without its call
            self._kept += len(content)
            if self._kept <= self._most:
                self._content.append(content)
        elif content:
            delta = self._feed_parts(content, delta)
        if type(calls) is list:
            settled = [self._feed_call(call, chunk) for call in calls if type(call) is dict]
            if settled != calls:
                delta = {**delta, "tool_calls": settled}
        return None if delta is said else delta

    def _stops(self, reason: object, choice: Mapping[str, Any], chunk: Mapping[str, Any]) -> None:
        if not isinstance(reason, str):
            return
        self.finish_reason = reason
        if failed(reason):
            self._fails(choice.get("error"), reason)
        if (said := usage_elsewhere(choice, chunk)) is not None:
            self._count(said)

    def _feed_parts(self, content: object, delta: dict[str, Any]) -> dict[str, Any]:
        """What came as a list of parts, with their words as one text."""
        if type(content) is not list:
            return delta
        text = parts_text(content)
        self._keep(text, self._content)
        return {**delta, "content": text}

    def _fails(self, said: object, reason: str) -> None:
        if self.error is None:
            sentence = f"The provider gave up its answer ({reason[:_LONGEST_WORD]})."
            self.error = said if isinstance(said, dict) else {"message": said or sentence}

    def _feed_rest(self, delta: Mapping[str, Any], choice: Mapping[str, Any]) -> None:
        if choice.get("error"):
            self._fails(choice["error"], "error")
        if isinstance(delta.get("refusal"), str):
            self._keep(delta["refusal"], self._refusal)
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str):
            self._thought += len(thought)

    def _feed_call(self, said: Mapping[str, Any], chunk: Mapping[str, Any]) -> Mapping[str, Any]:
        piece = self._pieces.settled(said, chunk)
        place = piece["index"]
        if place == len(self._calls):
            self._calls.append(_Call(piece))
        function = piece.get("function")
        arguments = function.get("arguments") if function else piece["custom"]["input"]
        if arguments:
            self._kept += len(arguments)
            if self._kept <= self._most:
                self._calls[place].arguments.append(arguments)
        return piece

    def _keep(self, piece: str, among: list[str]) -> None:
        self._kept += len(piece)
        if self._kept <= self._most:
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
    def characters(self) -> int:
        """Of content, refusal, reasoning and tool arguments so far, for an estimate of tokens.

        Content beyond ASCII counts by its `text_size`, which is found out here and not piece by
        piece: nearly no stream is ever asked.
        """
        more = sum(text_size(piece) - len(piece) for piece in self._content if not piece.isascii())
        return self._kept + self._thought + more

    @property
    def kept(self) -> bool:
        """Whether everything that was said is here."""
        return self._kept <= self._most and not self._hole

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

    __slots__ = ("_id", "_key", "_name", "arguments")

    def __init__(self, first: Mapping[str, Any]) -> None:
        self._id = first["id"]
        self._key = "custom" if "custom" in first else "function"
        self._name = first[self._key]["name"]
        self.arguments: list[str] = []

    def whole(self) -> dict[str, Any]:
        inner = "input" if self._key == "custom" else "arguments"
        said = {"name": self._name, inner: "".join(self.arguments)}
        return {"id": self._id, "type": self._key, self._key: said}


def parts_text(content: Sequence[object]) -> str:
    """The words in a piece of an answer that came as a list of parts: Mistral's are such.

    >>> parts_text([{"type": "thinking", "thinking": []}, {"type": "text", "text": "Hi"}, "!"])
    'Hi!'
    """
    return "".join([part_text(part) for part in content])


def _with_delta(
    chunk: dict[str, Any], choice: Mapping[str, Any], delta: dict[str, Any]
) -> dict[str, Any]:
    """The chunk with something else in one of its choices."""
    changed = {**choice, "delta": delta}
    choices = [changed if one is choice else one for one in chunk["choices"]]
    return {**chunk, "choices": choices}
