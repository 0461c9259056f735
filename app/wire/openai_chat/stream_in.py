"""A provider's stream on OpenAI's wire, as chunks: it is made of them."""

from typing import Any

import orjson

from tierwatch.wire.answers.event_json import event_json, said_error
from tierwatch.wire.fault import ERROR, is_bare_error
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.usage import Usage

DONE = "[DONE]"


class StreamIn:
    """Reads the events of a stream of chat completion chunks.

    Attributes:
        finished: whether ``[DONE]`` was seen.
    """

    __slots__ = ("finished",)

    def __init__(self, *, created: int = 0) -> None:  # noqa: ARG002 - chunks say when they were made
        self.finished = False

    def feed(self, event: SSEEvent) -> list[dict[str, Any]]:
        """Take the next event and return the chunk it holds; none for words that keep a line alive.

        Raises:
            ProviderError: kind ``unreadable`` when the event begins like JSON and is none.
        """
        name, data = event
        if self.finished:
            return []
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            if data.strip() == DONE:
                self.finished = True
                return []
            chunk = event_json(data)
        if type(chunk) is not dict:
            return said_error(event, chunk)
        if "choices" not in chunk and is_bare_error(chunk):
            return [{"error": chunk}]
        if name == ERROR and not chunk.get("error"):
            return [{"error": chunk}]
        return [chunk]

    @property
    def begun(self) -> dict[str, Any]:
        """Nothing: an error stands for itself here."""
        return {}

    @property
    def usage(self) -> Usage | None:
        """Nothing that the chunks do not say."""
        return None
