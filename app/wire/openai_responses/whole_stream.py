"""A response told as the stream that a caller asked for.

For a caller who streams while the gateway had to see the whole answer first. Nothing is left out
or made up: items of kinds that are not known here begin whole.
"""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.json_values import objects
from tierwatch.wire.openai_responses.events import Event, Events
from tierwatch.wire.sse import encode_events


def whole_stream(
    reply: Mapping[str, Any],
    *,
    include_usage: bool = True,  # noqa: ARG001 - this wire's streams always count
) -> bytes:
    """A response as the events of its stream.

    Args:
        reply: the whole, as a provider answers without ``stream``.
        include_usage: nothing here.
    """
    events = Events()
    nothing: dict[str, Any] = {"incomplete_details": None, "output": [], "usage": None}
    told: list[Event] = events.begun({**reply, **nothing, "status": "in_progress"})
    for place, item in enumerate(objects(reply.get("output"))):
        told += events.whole(place, item)
    told.append(events.ended({"status": "completed", **reply}))
    return encode_events(told)
