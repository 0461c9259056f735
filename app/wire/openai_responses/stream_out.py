"""Chunks as a caller's stream on the Responses wire."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.answers.call_pieces import CallPieces
from tierwatch.wire.answers.finish_words import finish_word
from tierwatch.wire.fault import read_error_chunk
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.openai_responses.errors import ERROR_EVENT, write_failure
from tierwatch.wire.openai_responses.events import Event, Events, emptied_call
from tierwatch.wire.openai_responses.replies import (
    item_base,
    response_head,
    text_part,
    thought_item,
    with_id,
)
from tierwatch.wire.openai_responses.tools import Called, called_by
from tierwatch.wire.openai_responses.usage import write_usage
from tierwatch.wire.openai_responses.write_parts import Item, call_item
from tierwatch.wire.stream_answer import StreamAnswer

_CUT = "length"


class StreamOut:
    """Turns chunks into the events of a Responses stream.

    Each thought, message and call is an item that begins with its first piece; calls may
    interleave. Items are closed by what cannot go on with them, and by ``finish``, which is called
    once after ``[DONE]``, and not for a stream that was cut.

    Args:
        include_usage: nothing here: these streams always count.
        to: what the response repeats, and whose tools the calls name.
    """

    __slots__ = ("_answer", "_base", "_calls", "_events", "_failed", "_items", "_message", "_names",
                 "_pieces", "_response", "_thought", "_to")  # fmt: skip

    def __init__(self, *, include_usage: bool = True, to: AnswerTo = NOBODY) -> None:  # noqa: ARG002 - as above
        self._to = to
        self._names = called_by(to.request)
        self._answer = StreamAnswer(most=0)  # what ended and was counted; the words are here
        self._events = Events()
        self._response: dict[str, Any] = {}
        self._base = ""
        self._items: list[Item | None] = []  # by place; None while one is open
        self._thought: _Thought | None = None
        self._message: _Message | None = None
        self._calls: list[_Call] = []
        self._pieces = CallPieces()
        self._failed = False

    def feed(self, chunk: object) -> list[Event]:
        """Take one chunk and return the events it becomes; nothing after an error."""
        if self._failed or not isinstance(chunk, dict):
            return []
        if chunk.get("error"):
            events = [] if self._response else self._begin(chunk)
            self._failed = True
            return [*events, (ERROR_EVENT, write_failure(read_error_chunk(chunk), self.begun))]
        events = [] if self._response else self._begin(chunk)
        self._answer.feed(chunk)
        for choice in objects(chunk.get("choices")):
            if choice.get("index", 0) != 0:
                continue
            delta = mapping(choice.get("delta"))
            if thought := delta.get("reasoning_content") or delta.get("reasoning"):
                events += self._think(string(thought))
            if delta.get("content"):
                events += self._say("output_text", string(delta["content"]))
            if delta.get("refusal"):
                events += self._say("refusal", string(delta["refusal"]))
            for call in objects(delta.get("tool_calls")):
                events += self._call(self._pieces.settled(call, chunk))
        return events

    def finish(self) -> list[Event]:
        """Return what is left: the ends of open items, and of the response with its counts."""
        if self._failed:
            return []
        events = [] if self._response else self._begin({})
        reason = finish_word(self._answer.finish_reason, called=bool(self._calls))
        status = "incomplete" if reason == _CUT else "completed"
        events += self._close_thought()
        events += self._close_message(status)
        for call in self._calls:
            events += self._close_call(call, status)
        self._response = self._ended(reason)
        events.append(self._events.ended(self._response))
        return events

    @property
    def begun(self) -> Mapping[str, Any]:
        """The response as far as it is whole; as it ended, once it has."""
        output = [item for item in self._items if item is not None]
        return {
            "response": {**self._response, "output": output},
            "sequence_number": self._events.made,
        }

    def _begin(self, chunk: Mapping[str, Any]) -> list[Event]:
        made = chunk.get("created")
        self._response = response_head(
            self._to.id or string(chunk.get("id")),
            made if isinstance(made, int) else 0,
            string(chunk.get("model")),
            self._to.request,
            status="in_progress",
        )
        self._base = item_base(self._response["id"])
        return self._events.begun(self._response)

    def _ended(self, reason: str | None) -> dict[str, Any]:
        begun = self._response
        model = self._answer.model or begun["model"]
        head = response_head(begun["id"], begun["created_at"], model, self._to.request, reason)
        output = [item for item in self._items if item is not None]
        return {**head, "output": output, "usage": write_usage(self._answer.usage) or None}

    def _place(self) -> int:
        """The place of the next item."""
        self._items.append(None)
        return len(self._items) - 1

    def _think(self, piece: str) -> list[Event]:
        events: list[Event] = []
        if self._thought is None:
            place = self._place()
            item = with_id({**thought_item(""), "summary": []}, self._base, place, "")
            self._thought = _Thought(place, item)
            events = [
                self._events.added(place, item),
                self._events.summary_added(place, item["id"], 0),
            ]
        thought = self._thought
        thought.pieces.append(piece)
        return [*events, self._events.summary_delta(thought.place, thought.item["id"], 0, piece)]

    def _close_thought(self) -> list[Event]:
        thought, self._thought = self._thought, None
        if thought is None:
            return []
        text = "".join(thought.pieces)
        item = {**thought.item, **thought_item(text)}
        self._items[thought.place] = item
        ended = self._events.summary_done(thought.place, item["id"], 0, text)
        return [*ended, self._events.done(thought.place, item)]

    def _say(self, kind: str, piece: str) -> list[Event]:
        events = self._close_thought()
        if self._message is None:
            place = self._place()
            item: Item = {"type": "message", "role": "assistant", "content": []}
            item = with_id(item, self._base, place, "in_progress")
            self._message = _Message(place, item)
            events.append(self._events.added(place, item))
        message = self._message
        at = message.place, message.item["id"]
        if message.kind != kind:
            events += self._close_part(message)
            message.kind = kind
            events.append(self._events.part_added(*at, len(message.parts), _part(kind, "")))
        message.pieces.append(piece)
        events.append(self._events.part_delta(*at, len(message.parts), kind, piece))
        return events

    def _close_part(self, message: "_Message") -> list[Event]:
        if not message.kind:
            return []
        part = _part(message.kind, "".join(message.pieces))
        at = message.place, message.item["id"], len(message.parts)
        message.parts.append(part)
        message.pieces, message.kind = [], ""
        return self._events.part_done(*at, part)

    def _close_message(self, status: str) -> list[Event]:
        message, self._message = self._message, None
        if message is None:
            return []
        events = self._close_part(message)
        item = {**message.item, "content": message.parts, "status": status}
        self._items[message.place] = item
        return [*events, self._events.done(message.place, item)]

    def _call(self, piece: Mapping[str, Any]) -> list[Event]:
        function = mapping(piece.get("function")) or mapping(piece.get("custom"))
        place, name = piece["index"], string(function.get("name"))
        if place == len(self._calls):
            self._calls.append(_Call(string(piece.get("id")), name))
        call = self._calls[place]
        call.name = call.name or name
        call.pieces.append(string(function.get("arguments", function.get("input"))))
        return self._tell(call)

    def _tell(self, call: "_Call") -> list[Event]:
        """What of a call can be told: nothing before its name is known."""
        if not call.name:
            return []
        events: list[Event] = []
        if call.item is None:
            events = [*self._close_thought(), *self._close_message("completed")]
            call.place = self._place()
            events.append(self._events.added(call.place, emptied_call(self._item(call))))
        # Free text is inside the arguments, and can be taken out of them when they are whole.
        if call.item is not None and call.item["type"] == "function_call":
            piece = "".join(call.pieces[call.told :])
            call.told = len(call.pieces)
            if piece:
                events.append(self._events.arguments_delta(call.place, call.item, piece))
        return events

    def _item(self, call: "_Call") -> Item:
        called = self._names.get(call.name) or Called(call.name)
        call.item = with_id(call_item(call.id, called, ""), self._base, call.place, "in_progress")
        call.called = called
        return call.item

    def _close_call(self, call: "_Call", status: str) -> list[Event]:
        events: list[Event] = []
        if call.item is None:
            call.name = call.name or "unknown"
            events = self._tell(call)
        item = call.item or self._item(call)
        whole = call_item(item["call_id"], call.called, "".join(call.pieces))
        item = {**item, **whole, "status": status}
        if item["type"] == "custom_tool_call":
            events.append(self._events.arguments_delta(call.place, item, item["input"]))
        elif not "".join(call.pieces):  # a tool without parameters; clients parse it as JSON
            events.append(self._events.arguments_delta(call.place, item, item["arguments"]))
        self._items[call.place] = item
        events.append(self._events.arguments_done(call.place, item))
        return [*events, self._events.done(call.place, item)]


def _part(kind: str, text: str) -> Item:
    return text_part(text) if kind == "output_text" else {"type": "refusal", "refusal": text}


class _Thought:
    """A thought that is open."""

    __slots__ = ("item", "pieces", "place")

    def __init__(self, place: int, item: Item) -> None:
        self.place = place
        self.item = item
        self.pieces: list[str] = []


class _Message:
    """A message that is open, and the kind of its open part."""

    __slots__ = ("item", "kind", "parts", "pieces", "place")

    def __init__(self, place: int, item: Item) -> None:
        self.place = place
        self.item = item
        self.parts: list[Item] = []
        self.kind = ""
        self.pieces: list[str] = []


class _Call:
    """A call whose pieces are still arriving; ``told`` is how many of them the caller has."""

    __slots__ = ("called", "id", "item", "name", "pieces", "place", "told")

    def __init__(self, call_id: str, name: str) -> None:
        self.id = call_id
        self.name = name
        self.pieces: list[str] = []
        self.told = 0
        self.place = 0
        self.item: Item | None = None
        self.called = Called(name)
