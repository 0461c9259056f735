"""A provider's stream on the Responses wire, as chunks."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tierwatch.wire.answers.event_json import event_json, said_error
from tierwatch.wire.fault import ERROR, error_chunk
from tierwatch.wire.json_values import json_text, mapping, objects, string
from tierwatch.wire.openai_responses.errors import stream_error
from tierwatch.wire.openai_responses.read_parts import CALLS
from tierwatch.wire.openai_responses.replies import finish_reason
from tierwatch.wire.openai_responses.tools import flat_name, write_input
from tierwatch.wire.openai_responses.usage import read_usage
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.usage import Usage, write_chunk_usage

Chunk = dict[str, Any]


class StreamIn:
    """Turns the events of a Responses stream into chunks.

    Pieces are told as they come. What came in no piece is told from the item that is done, or from
    the response that ends the stream: compatible servers leave out one or the other. Events of
    kinds it does not know are read over.

    Attributes:
        finished: whether the response has ended.
    """

    __slots__ = ("_calls", "_head", "_readers", "_response", "_said", "_seen", "finished")

    def __init__(self, *, created: int = 0) -> None:
        self.finished = False
        self._response: Mapping[str, Any] = {}
        self._seen = 0
        self._head = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": created,
            "model": "",
        }
        self._calls: dict[str, _Call] = {}  # by the item's place
        self._said: set[tuple[str, str]] = set()  # what has come in pieces: kind and place
        self._readers: dict[str, Callable[[Mapping[str, Any]], list[Chunk]]] = {
            "response.created": self._start,
            "response.output_text.delta": self._text,
            "response.refusal.delta": self._refusal,
            "response.reasoning_summary_text.delta": self._thought,
            "response.reasoning_text.delta": self._thought,
            "response.output_item.added": self._begin_item,
            "response.function_call_arguments.delta": self._arguments,
            "response.output_item.done": self._end_item,
            "response.completed": self._end,
            "response.incomplete": self._end,
            "response.failed": self._error,
            "error": self._error,
        }

    def feed(self, event: SSEEvent) -> list[Chunk]:
        """Take the next event and return the chunks it becomes.

        Raises:
            ProviderError: kind ``unreadable`` when the event begins like JSON and is none: going
                on would leave a hole in the answer.
        """
        if self.finished:
            return []  # some servers go on after the end
        try:
            payload = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            payload = event_json(event.data)
        if not isinstance(payload, dict):
            return said_error(event)
        self._seen += 1
        read = self._readers.get(string(payload.get("type")) or event.event)
        if read is None:  # some servers call no event by a name
            return self._error(payload) if payload.get(ERROR) and "type" not in payload else []
        return read(payload)

    @property
    def begun(self) -> dict[str, Any]:
        """The response as it began; as it ended, once it has."""
        return {"response": self._response, "sequence_number": self._seen}

    @property
    def usage(self) -> Usage | None:
        """Nothing that the chunks do not say: a response is counted when it ends."""
        return None

    def _start(self, payload: Mapping[str, Any]) -> list[Chunk]:
        response = mapping(payload.get("response"))
        self._response = response
        self._head["id"] = string(response.get("id"))
        self._head["model"] = string(response.get("model"))
        made = response.get("created_at")
        if isinstance(made, int) and not isinstance(made, bool):
            self._head["created"] = made
        return [self._chunk({"role": "assistant", "content": ""})]

    def _text(self, payload: Mapping[str, Any]) -> list[Chunk]:
        return self._piece("content", payload)

    def _refusal(self, payload: Mapping[str, Any]) -> list[Chunk]:
        return self._piece("refusal", payload)

    def _thought(self, payload: Mapping[str, Any]) -> list[Chunk]:
        return self._piece("reasoning_content", payload)

    def _piece(self, kind: str, payload: Mapping[str, Any]) -> list[Chunk]:
        piece = payload.get("delta")
        if not isinstance(piece, str) or not piece:
            return []
        self._said.add((kind, _place(payload)))
        return [self._chunk({kind: piece})]

    def _begin_item(self, payload: Mapping[str, Any]) -> list[Chunk]:
        item = mapping(payload.get("item"))
        if string(item.get("type")) not in CALLS:
            return []
        place = _place(payload)
        call = self._calls[place] = _Call(len(self._calls), item)
        # Free text becomes JSON, which is told whole; arguments come in pieces.
        given = "" if call.custom else string(item.get("arguments"))
        call.told = bool(given)
        return [self._called(call, item, given)]

    def _arguments(self, payload: Mapping[str, Any]) -> list[Chunk]:
        call, piece = self._calls.get(_place(payload)), payload.get("delta")
        if call is None or call.custom or not isinstance(piece, str) or not piece:
            return []
        call.told = True
        return [self._more(call, piece)]

    def _end_item(self, payload: Mapping[str, Any]) -> list[Chunk]:
        return self._rest_of(_place(payload), mapping(payload.get("item")))

    def _rest_of(self, place: str, item: Mapping[str, Any]) -> list[Chunk]:
        """What a whole item says that has not come in pieces."""
        kind = string(item.get("type"))
        if kind in CALLS:
            return self._rest_of_call(place, item)
        chunks: list[Chunk] = []
        if kind == "reasoning" and self._is_new("reasoning_content", place):
            parts = objects(item.get("content")) or objects(item.get("summary"))
            thought = "".join(string(part.get("text")) for part in parts)
            chunks += [self._chunk({"reasoning_content": thought})] if thought else []
        if kind == "message":
            parts = objects(item.get("content"))
            text = "".join(string(part.get("text")) for part in parts)
            refusal = "".join(string(part.get("refusal")) for part in parts)
            if text and self._is_new("content", place):
                chunks.append(self._chunk({"content": text}))
            if refusal and self._is_new("refusal", place):
                chunks.append(self._chunk({"refusal": refusal}))
        return chunks

    def _is_new(self, kind: str, place: str) -> bool:
        """Whether this has not been told; from now on it has."""
        new = (kind, place) not in self._said
        self._said.add((kind, place))
        return new

    def _rest_of_call(self, place: str, item: Mapping[str, Any]) -> list[Chunk]:
        call = self._calls.get(place)
        chunks: list[Chunk] = []
        if call is None:
            call = self._calls[place] = _Call(len(self._calls), item)
            chunks.append(self._called(call, item, ""))
        if call.told:
            return chunks
        call.told = True
        if call.custom:
            given = write_input(string(item.get("input")))
        else:
            arguments = item.get("arguments")
            given = arguments if isinstance(arguments, str) else json_text(arguments or {})
        # A tool without parameters may have none; callers parse the arguments as JSON.
        return [*chunks, self._more(call, given or "{}")]

    def _end(self, payload: Mapping[str, Any]) -> list[Chunk]:
        response = mapping(payload.get("response"))
        chunks: list[Chunk] = []
        if not self._head["id"]:
            chunks += self._start(payload)
        for index, item in enumerate(objects(response.get("output"))):
            chunks += self._rest_of(str(index), item)
        self.finished = True
        self._response = response
        status = string(payload.get("type")).removeprefix("response.")
        reason = finish_reason({"status": status, **response}, called=bool(self._calls))
        chunks.append(self._chunk({}, reason))
        usage = write_chunk_usage(read_usage(response))
        return [*chunks, {**self._head, "choices": [], "usage": usage}] if usage else chunks

    def _error(self, payload: Mapping[str, Any]) -> list[Chunk]:
        return [error_chunk(stream_error(payload))]

    def _chunk(self, delta: Chunk, finish_reason: str | None = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {**self._head, "choices": [choice]}

    def _called(self, call: "_Call", item: Mapping[str, Any], given: str) -> Chunk:
        name = flat_name(string(item.get("name")), string(item.get("namespace")))
        call_id = string(item.get("call_id")) or string(item.get("id"))
        function = {"name": name, "arguments": given}
        whole = {"index": call.index, "id": call_id, "type": "function", "function": function}
        return self._chunk({"tool_calls": [whole]})

    def _more(self, call: "_Call", piece: str) -> Chunk:
        return self._chunk(
            {"tool_calls": [{"index": call.index, "function": {"arguments": piece}}]}
        )


class _Call:
    """A call whose pieces are still arriving."""

    __slots__ = ("custom", "index", "told")

    def __init__(self, index: int, item: Mapping[str, Any]) -> None:
        self.index = index
        self.custom = item.get("type") == "custom_tool_call"
        self.told = False


def _place(payload: Mapping[str, Any]) -> str:
    """What tells the items of a response apart: where they stand, or else their id."""
    place = payload.get("output_index")
    return str(place) if isinstance(place, int) else string(payload.get("item_id"))
