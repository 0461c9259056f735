"""A provider's stream on Anthropic's wire, as chunks."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_messages.errors import stream_error
from tierwatch.wire.anthropic_messages.replies import finish_reason
from tierwatch.wire.anthropic_messages.usage import read_usage
from tierwatch.wire.fault import error_chunk
from tierwatch.wire.json_values import json_text, mapping, string
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.usage import Usage, write_chunk_usage


class StreamIn:
    """Turns the events of a Messages stream into chunks.

    Events of kinds it does not know are read over; an ``error`` event becomes a chunk
    ``{"error": ...}``.

    Attributes:
        finished: whether ``message_stop`` was seen.
    """

    __slots__ = (
        "_arguments_seen",
        "_calls",
        "_ended",
        "_head",
        "_readers",
        "_usage",
        "finished",
    )

    def __init__(self, *, created: int = 0) -> None:
        self.finished = False
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
        counted = read_usage({"usage": self._usage})
        return counted if self._ended else counted._replace(completion_tokens=None)

    def _end(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        self._count(payload.get("usage"))
        self._ended = True
        reason = finish_reason(mapping(payload.get("delta")).get("stop_reason"))
        return [self._chunk({}, reason)] if reason else []

    def _stop(self, _payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.finished = True
        usage = write_chunk_usage(read_usage({"usage": self._usage}))
        return [{**self._head, "choices": [], "usage": usage}] if usage else []

    def _error(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [error_chunk(stream_error(payload))]

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
        whole = _tool_call(block)
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


def _tool_call(block: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": block.get("name") or "", "arguments": json_text(block.get("input") or {})}
    return {"id": block.get("id") or "", "type": "function", "function": function}


def _index(value: Mapping[str, Any]) -> int:
    index = value.get("index")
    return index if isinstance(index, int) else 0


def _unreadable(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="unreadable")
