"""A provider's stream on OpenAI's wire, as chunks: it is made of them."""

from typing import Any

import orjson

from tierwatch.errors import ProviderError
from tierwatch.wire.json_bytes import read_json
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
        """Take the next event and return the chunk it holds.

        Raises:
            ProviderError: kind ``unreadable`` when the event is not JSON.
        """
        if event.data == DONE:
            self.finished = True
            return []
        try:
            return [orjson.loads(event.data)]
        except orjson.JSONDecodeError:
            pass  # perhaps a lone surrogate, which takes longer
        try:
            return [read_json(event.data.encode("utf-8", "surrogatepass"))]
        except ValueError as error:
            raise ProviderError(
                "The provider's stream has an event that is not JSON.", kind="unreadable"
            ) from error

    @property
    def usage(self) -> Usage | None:
        """Nothing that the chunks do not say."""
        return None
