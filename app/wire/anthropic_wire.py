"""Anthropic's Messages wire, translated to and from OpenAI's chat form. Pure.

Inside tierwatch every request and answer has OpenAI's form; this module stands where a caller or a
provider speaks Anthropic's. What the other wire cannot say:

- Thinking blocks and what a provider's own tools wrote are dropped; pass Anthropic to Anthropic
  through untouched instead of translating it twice.
- A content part the other side cannot take (audio, uploaded files) is refused in a sentence:
  leaving it out would ask another question.
- ``response_format`` becomes an instruction at the end of the system prompt, which every model and
  every compatible server takes; ``output_config`` is refused by models older than it.
- ``temperature`` is cut to Anthropic's range [0, 1], and stands alone when ``top_p`` is given too,
  because newer models refuse the two together.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_replies import (
    error_to_anthropic,
    error_to_openai,
    finish_reason,
    reply_to_anthropic,
    reply_to_openai,
    stop_reason,
    usage_to_anthropic,
    usage_to_openai,
)
from tierwatch.wire.anthropic_requests import (
    mapping,
    objects,
    request_to_anthropic,
    request_to_openai,
    string,
    tool_call,
)
from tierwatch.wire.openai_wire import StreamAnswer
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.usage import Usage, read_anthropic_usage

__all__ = [
    "AnthropicToOpenAIStream",
    "OpenAIToAnthropicStream",
    "error_to_anthropic",
    "error_to_openai",
    "reply_to_anthropic",
    "reply_to_openai",
    "request_to_anthropic",
    "request_to_openai",
]


class AnthropicToOpenAIStream:
    """Turns the events of a Messages stream into chat completion chunks.

    The caller writes ``data: [DONE]`` once ``finished``. Events of kinds it does not know are read
    over; an ``error`` event becomes a chunk ``{"error": ...}``, as OpenAI sends it in mid-stream.

    Attributes:
        finished: whether ``message_stop`` was seen.
    """

    __slots__ = (
        "_arguments_seen",
        "_calls",
        "_ended",
        "_head",
        "_include_usage",
        "_readers",
        "_usage",
        "finished",
    )

    def __init__(self, *, include_usage: bool = True, created: int = 0) -> None:
        self.finished = False
        self._include_usage = include_usage
        self._head = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": created,
            "model": "",
        }
        self._usage: dict[str, Any] = {}
        self._calls: dict[int, int] = {}  # index of the block -> index of the tool call
        self._arguments_seen = False
        self._ended = False
        self._readers: dict[str, Callable[[Mapping[str, Any]], list[dict[str, Any]]]] = {
            "message_start": self._start,
            "content_block_start": self._start_block,
            "content_block_delta": self._delta,
            "content_block_stop": self._stop_block,
            "message_delta": self._end,
            "message_stop": self._stop,
            "error": self._error,
        }

    def feed(self, event: SSEEvent) -> list[dict[str, Any]]:
        """Take the next event and return the chunks it becomes.

        Raises:
            ProviderError: kind ``unreadable`` when the event is not a JSON object: going on would
                leave a hole in the answer.
        """
        try:
            payload = orjson.loads(event.data)
        except orjson.JSONDecodeError as error:
            raise _unreadable("The provider's stream has an event that is not JSON.") from error
        if not isinstance(payload, dict):
            raise _unreadable("The provider's stream has an event that is not a JSON object.")
        read = self._readers.get(str(payload.get("type")))
        return read(payload) if read else []

    @property
    def usage(self) -> Usage:
        """What is counted so far.

        The first event counts what was read. What it says of the output is a placeholder, so that
        is unknown until the last events.
        """
        counted = read_anthropic_usage({"usage": self._usage})
        return counted if self._ended else counted._replace(completion_tokens=None)

    def _end(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        self._count(payload.get("usage"))
        self._ended = True
        reason = finish_reason(mapping(payload.get("delta")).get("stop_reason"))
        return [self._chunk({}, reason)] if reason else []

    def _stop(self, _payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.finished = True
        usage = usage_to_openai(self._usage)
        told = [{**self._head, "choices": [], "usage": usage}]
        return told if self._include_usage and usage else []

    def _error(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [error_to_openai(payload, 500)]

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {**self._head, "choices": [choice]}

    def _count(self, usage: object) -> None:
        # Counts are cumulative, and message_delta may leave out what message_start said.
        self._usage |= {key: n for key, n in mapping(usage).items() if n is not None}

    def _start(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        message = mapping(payload.get("message"))
        self._head["id"] = str(message.get("id") or "")
        self._head["model"] = str(message.get("model") or "")
        self._count(message.get("usage"))
        return [self._chunk({"role": "assistant", "content": ""})]

    def _start_block(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        index, block = _index(payload), mapping(payload.get("content_block"))
        if block.get("type") == "text" and string(block.get("text")):
            return [self._chunk({"content": block["text"]})]
        if block.get("type") != "tool_use":
            return []
        self._calls[index] = len(self._calls)
        whole = tool_call(block)
        # The input arrives in pieces after an empty one; compatible servers may send it whole.
        self._arguments_seen = bool(block.get("input"))
        if not self._arguments_seen:
            whole["function"]["arguments"] = ""
        return [self._chunk({"tool_calls": [{"index": self._calls[index], **whole}]})]

    def _delta(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        index, delta = _index(payload), mapping(payload.get("delta"))
        if delta.get("type") == "text_delta" and isinstance(delta.get("text"), str):
            return [self._chunk({"content": delta["text"]})]
        if delta.get("type") == "input_json_delta" and index in self._calls:
            piece = delta.get("partial_json")
            if isinstance(piece, str) and piece:
                self._arguments_seen = True
                return [self._arguments(index, piece)]
        return []

    def _stop_block(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        index = _index(payload)
        # A tool without parameters streams no input; callers parse the arguments as JSON.
        if index in self._calls and not self._arguments_seen:
            return [self._arguments(index, "{}")]
        return []

    def _arguments(self, index: int, piece: str) -> dict[str, Any]:
        call = {"index": self._calls[index], "function": {"arguments": piece}}
        return self._chunk({"tool_calls": [call]})


class OpenAIToAnthropicStream:
    """Turns chat completion chunks into the named events of a Messages stream.

    Anthropic's blocks follow one another, OpenAI's tool calls may interleave: the block that is
    open streams through, and what belongs to another one is held and sent whole by ``finish``.
    Call ``finish`` once after ``[DONE]``; for a stream that was cut, do not call it.
    """

    __slots__ = (
        "_answer",
        "_blocks",
        "_failed",
        "_held",
        "_late",
        "_open",
        "_open_id",
        "_usage",
    )

    def __init__(self) -> None:
        self._answer = StreamAnswer()
        self._blocks = 0
        self._open: int | str | None = None  # "text", the index of a tool call, or nothing
        self._open_id = ""
        self._held: dict[int, dict[str, Any]] = {}
        self._late: list[str] = []
        self._usage: dict[str, Any] = {}
        self._failed = False

    def feed(self, chunk: object) -> list[tuple[str, dict[str, Any]]]:
        """Take one chunk and return ``(event name, payload)`` pairs; nothing after an error."""
        if self._failed or not isinstance(chunk, dict):
            return []
        if chunk.get("error"):
            self._failed = True
            return [("error", error_to_anthropic(chunk, 500))]
        events = [] if self._answer.chunks else [self._message_start(chunk)]
        self._answer.feed(chunk)
        self._usage = mapping(chunk.get("usage")) or self._usage
        for choice in objects(chunk.get("choices")):
            if choice.get("index", 0) != 0:
                continue
            delta = mapping(choice.get("delta"))
            for text in (delta.get("content"), delta.get("refusal")):
                if isinstance(text, str) and text:
                    events += self._text(text)
            for call in objects(delta.get("tool_calls")):
                events += self._call(call)
        return events

    def finish(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what is left: held blocks, the stop reason with the usage, the end."""
        if self._failed:
            return []
        events = [] if self._answer.chunks else [self._message_start({})]
        events += self._close()
        for call in self._held.values():
            events += [*self._open_call(call), *self._close()]
        if self._late:
            text, self._late = "".join(self._late), []
            events += [*self._text(text), *self._close()]
        called = "tool_calls" in self._answer.message
        delta = {
            "stop_reason": stop_reason(self._answer.finish_reason, called=called),
            "stop_sequence": None,
        }
        usage = usage_to_anthropic(self._usage)
        events.append(("message_delta", {"type": "message_delta", "delta": delta, "usage": usage}))
        events.append(("message_stop", {"type": "message_stop"}))
        return events

    def _message_start(self, chunk: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        message: dict[str, Any] = {
            "id": str(chunk.get("id") or ""),
            "type": "message",
            "role": "assistant",
            "model": str(chunk.get("model") or ""),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_to_anthropic({}),
        }
        return "message_start", {"type": "message_start", "message": message}

    def _text(self, text: str) -> list[tuple[str, dict[str, Any]]]:
        if isinstance(self._open, int):
            self._late.append(text)
            return []
        opening = [] if self._open else [self._start_block("text", {"type": "text", "text": ""})]
        return [*opening, self._delta({"type": "text_delta", "text": text})]

    def _call(self, piece: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        index, call_id = _index(piece), string(piece.get("id"))
        function = mapping(piece.get("function"))
        arguments = string(function.get("arguments"))
        # Some compatible servers send parallel calls all under index 0, each with its own id.
        if index == self._open and (not call_id or call_id == self._open_id):
            delta = {"type": "input_json_delta", "partial_json": arguments}
            return [self._delta(delta)] if arguments else []
        if isinstance(self._open, int) and index != self._open:
            held = self._held.setdefault(
                index, {"index": index, "id": "", "name": "", "pieces": []}
            )
            held["id"] = held["id"] or call_id
            held["name"] = held["name"] or string(function.get("name"))
            held["pieces"].append(arguments)
            return []
        call = {"index": index, "id": call_id, "name": string(function.get("name"))}
        return [*self._close(), *self._open_call({**call, "pieces": [arguments]})]

    def _open_call(self, call: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        block = {"type": "tool_use", "id": call["id"], "name": call["name"], "input": {}}
        self._open_id = call["id"]
        events = [self._start_block(call["index"], block)]
        arguments = "".join(call["pieces"])
        if arguments:
            events.append(self._delta({"type": "input_json_delta", "partial_json": arguments}))
        return events

    def _start_block(self, kind: int | str, block: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        self._open = kind
        start = {"type": "content_block_start", "index": self._blocks, "content_block": block}
        return "content_block_start", start

    def _delta(self, delta: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        payload = {"type": "content_block_delta", "index": self._blocks, "delta": delta}
        return "content_block_delta", payload

    def _close(self) -> list[tuple[str, dict[str, Any]]]:
        if self._open is None:
            return []
        self._open = None
        stop = {"type": "content_block_stop", "index": self._blocks}
        self._blocks += 1
        return [("content_block_stop", stop)]


def _index(value: Mapping[str, Any]) -> int:
    index = value.get("index")
    return index if isinstance(index, int) else 0


def _unreadable(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="unreadable")
