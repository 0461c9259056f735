"""The events of a Responses stream, numbered: what opens, fills and closes an item.

What must stand in each was found by taking fields away one by one under six clients
(docs/decisions/0052): an id for the response and one for each item, the same from first event to
last, places of items and parts, and a status on what is done.
"""

from collections.abc import Iterable
from typing import Any

from tierwatch.wire.json_values import objects, string
from tierwatch.wire.openai_responses.replies import text_part
from tierwatch.wire.openai_responses.write_parts import Item

Event = tuple[str, dict[str, Any]]

_ARGUMENTS = {
    "function_call": ("arguments", "response.function_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
}


class Events:
    """Makes events, numbered from 0 in the order in which they are made."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next = 0

    @property
    def made(self) -> int:
        """How many there are so far."""
        return self._next

    def event(self, kind: str, **fields: Any) -> Event:
        """The next event."""
        number, self._next = self._next, self._next + 1
        return kind, {"type": kind, "sequence_number": number, **fields}

    def begun(self, response: dict[str, Any]) -> list[Event]:
        """The events that begin a stream."""
        return [
            self.event("response.created", response=response),
            self.event("response.in_progress", response=response),
        ]

    def ended(self, response: dict[str, Any]) -> Event:
        """The event that ends it: named after the response's status."""
        status = response["status"]
        ended = status if status in {"completed", "incomplete", "failed"} else "completed"
        return self.event(f"response.{ended}", response=response)

    def added(self, place: int, item: Item) -> Event:
        """An item begins."""
        return self.event("response.output_item.added", output_index=place, item=item)

    def done(self, place: int, item: Item) -> Event:
        """An item is whole."""
        return self.event("response.output_item.done", output_index=place, item=item)

    def part_added(self, place: int, item_id: str, index: int, part: Item) -> Event:
        """A part of a message begins."""
        return self.event(
            "response.content_part.added",
            item_id=item_id,
            output_index=place,
            content_index=index,
            part=part,
        )

    def part_delta(self, place: int, item_id: str, index: int, part: str, piece: str) -> Event:
        """More of a part of a message: of its ``output_text`` or its ``refusal``."""
        more: dict[str, Any] = {"logprobs": []} if part == "output_text" else {}
        return self.event(
            f"response.{part}.delta",
            item_id=item_id,
            output_index=place,
            content_index=index,
            delta=piece,
            **more,
        )

    def part_done(self, place: int, item_id: str, index: int, part: Item) -> list[Event]:
        """A part of a message is whole."""
        at = {"item_id": item_id, "output_index": place, "content_index": index}
        ended: list[Event] = []
        if part.get("type") == "output_text":
            text = string(part.get("text"))
            logprobs = part.get("logprobs") or []
            done = "response.output_text.done"
            ended = [self.event(done, **at, text=text, logprobs=logprobs)]
        elif part.get("type") == "refusal":
            refusal = string(part.get("refusal"))
            ended = [self.event("response.refusal.done", **at, refusal=refusal)]
        return [*ended, self.event("response.content_part.done", **at, part=part)]

    def arguments_delta(self, place: int, item: Item, piece: str) -> Event:
        """More of a call's arguments, or of its free text."""
        name = f"{_ARGUMENTS[item['type']][1]}.delta"
        return self.event(name, item_id=item["id"], output_index=place, delta=piece)

    def arguments_done(self, place: int, item: Item) -> Event:
        """A call's arguments are whole."""
        field, name = _ARGUMENTS[item["type"]]
        given = {field: item[field], "name": item["name"]}
        return self.event(f"{name}.done", item_id=item["id"], output_index=place, **given)

    def summary_added(self, place: int, item_id: str, index: int) -> Event:
        """A part of a thought's summary begins."""
        return self._summary("part.added", place, item_id, index, part=_summary_part(""))

    def summary_delta(self, place: int, item_id: str, index: int, piece: str) -> Event:
        """More of it."""
        return self._summary("text.delta", place, item_id, index, delta=piece)

    def summary_done(self, place: int, item_id: str, index: int, text: str) -> list[Event]:
        """It is whole."""
        return [
            self._summary("text.done", place, item_id, index, text=text),
            self._summary("part.done", place, item_id, index, part=_summary_part(text)),
        ]

    def _summary(self, what: str, place: int, item_id: str, index: int, **more: Any) -> Event:
        at = {"item_id": item_id, "output_index": place, "summary_index": index}
        return self.event(f"response.reasoning_summary_{what}", **at, **more)

    def whole(self, place: int, item: Item) -> Iterable[Event]:
        """All events of an item that is there already."""
        match item.get("type"):
            case "message":
                yield from self._whole_message(place, item)
            case "function_call" | "custom_tool_call":
                yield self.added(place, emptied_call(item))
                field = _ARGUMENTS[item["type"]][0]
                called = {"id": "", "name": "", field: "", **item}
                yield self.arguments_delta(place, called, string(called[field]))
                yield self.arguments_done(place, called)
            case "reasoning":
                yield self.added(place, {**item, "summary": []})
                for index, part in enumerate(objects(item.get("summary"))):
                    item_id, text = string(item.get("id")), string(part.get("text"))
                    yield self.summary_added(place, item_id, index)
                    yield self.summary_delta(place, item_id, index, text)
                    yield from self.summary_done(place, item_id, index, text)
            case _:
                yield self.added(place, item)
        yield self.done(place, item)

    def _whole_message(self, place: int, item: Item) -> Iterable[Event]:
        item_id = string(item.get("id"))
        yield self.added(place, {**item, "content": [], "status": "in_progress"})
        for index, part in enumerate(objects(item.get("content"))):
            kind = string(part.get("type"))
            yield self.part_added(place, item_id, index, emptied_part(part))
            said = string(part.get("text" if kind == "output_text" else kind))
            if kind in {"output_text", "refusal"} and said:
                yield self.part_delta(place, item_id, index, kind, said)
            yield from self.part_done(place, item_id, index, part)


def emptied_call(item: Item) -> Item:
    """A call as it begins."""
    return {**item, _ARGUMENTS[item["type"]][0]: "", "status": "in_progress"}


def emptied_part(part: Item) -> Item:
    """A part of a message as it begins."""
    if part.get("type") == "output_text":
        return text_part("")
    return {**part, "refusal": ""} if part.get("type") == "refusal" else part


def _summary_part(text: str) -> Item:
    return {"type": "summary_text", "text": text}
