"""A provider's stream on Anthropic's wire, as chunks."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tierwatch.wire.answers.call_pieces import arguments_text, made_id
from tierwatch.wire.answers.event_json import event_json, said_error
from tierwatch.wire.answers.finish_words import finish_word
from tierwatch.wire.anthropic_messages.errors import stream_error
from tierwatch.wire.anthropic_messages.replies import finish_reason
from tierwatch.wire.anthropic_messages.usage import read_usage
from tierwatch.wire.fault import ERROR, error_chunk
from tierwatch.wire.json_values import mapping, string
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
        "_block",
        "_calls",
        "_empty",
        "_ended",
        "_head",
        "_ids",
        "_readers",
        "_reasoned",
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
        self._empty: set[int] = set()  # blocks of calls whose input has not begun
        self._block = -1  # the index of the block that began last
        self._ids: set[str] = set()
        self._ended = False
        self._reasoned = False  # whether it was said why the model stopped
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
            ProviderError: kind ``unreadable`` when the event begins like JSON and is none.
        """
        if self.finished:
            return []
        try:
            payload = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            payload = event_json(event.data)
        if type(payload) is not dict:
            return said_error(event)
        read = self._readers.get(str(payload.get("type")))
        if read is None:
            return self._error(payload) if event.event == ERROR or ERROR in payload else []
        return read(payload)

    @property
    def begun(self) -> dict[str, Any]:
        """Nothing: an error stands for itself here."""
        return {}

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
        return self._because(finish_reason(mapping(payload.get("delta")).get("stop_reason")))

    def _because(self, reason: str | None) -> list[dict[str, Any]]:
        if reason is None:
            return []
        self._reasoned = True
        return [self._chunk({}, finish_word(reason, called=bool(self._calls)))]

    def _stop(self, _payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.finished = True
        # Whoever says that it ended has ended, also where it does not say why.
        last = [] if self._reasoned else self._because("stop")
        usage = write_chunk_usage(read_usage({"usage": self._usage}))
        return [*last, {**self._head, "choices": [], "usage": usage}] if usage else last

    def _error(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [error_chunk(stream_error(payload))]

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {**self._head, "choices": [choice]}

    def _count(self, usage: object) -> None:
        # Counts are cumulative, and message_delta may leave out what message_start said, or say 0.
        counts = self._usage
        counts |= {key: n for key, n in mapping(usage).items() if n or counts.get(key) is None}

    def _start(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        message = mapping(payload.get("message"))
        self._head["id"] = str(message.get("id") or "")
        self._head["model"] = str(message.get("model") or "")
        self._count(message.get("usage"))
        return [self._chunk({"role": "assistant", "content": ""})]

    def _start_block(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        index, block = payload.get("index"), mapping(payload.get("content_block"))
        self._block = index = index if type(index) is int else self._block + 1
        if block.get("type") == "text" and string(block.get("text")):
            return [self._chunk({"content": block["text"]})]
        if block.get("type") != "tool_use":
            return []
        # The input arrives in pieces after an empty one; compatible servers may send it whole.
        given = arguments_text(block.get("input") or None)
        if not given:
            self._empty.add(index)
        place, name, call_id = len(self._calls), string(block.get("name")), string(block.get("id"))
        if not call_id or call_id in self._ids:
            call_id = made_id(self._head, place, name)
        self._ids.add(call_id)
        self._calls[index] = place
        function = {"name": name, "arguments": given}
        call = {"index": place, "id": call_id, "type": "function", "function": function}
        return [self._chunk({"tool_calls": [call]})]

    def _delta(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        index, delta = self._index(payload), mapping(payload.get("delta"))
        if delta.get("type") == "text_delta" and isinstance(delta.get("text"), str):
            return [self._chunk({"content": delta["text"]})]
        if delta.get("type") == "input_json_delta" and index in self._calls:
            piece = arguments_text(delta.get("partial_json"))
            if piece:
                self._empty.discard(index)
                return [self._arguments(index, piece)]
        return []

    def _stop_block(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        index = self._index(payload)
        # A tool without parameters streams no input; callers parse the arguments as JSON.
        if index in self._empty:
            self._empty.discard(index)
            return [self._arguments(index, "{}")]
        return []

    def _index(self, payload: Mapping[str, Any]) -> int:
        index = payload.get("index")
        return index if type(index) is int else self._block

    def _arguments(self, index: int, piece: str) -> dict[str, Any]:
        call = {"index": self._calls[index], "function": {"arguments": piece}}
        return self._chunk({"tool_calls": [call]})
