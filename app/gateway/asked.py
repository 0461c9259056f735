"""A request as it was accepted: who asks, on which wire, and what. Every step reads it."""

import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from tierwatch.routing.decision import Decision

# Names are lower-case, as ASGI gives them.
Headers = Mapping[bytes, bytes]


class Continued(NamedTuple):
    """What a request goes on from, where its provider keeps that.

    Attributes:
        provider: that keeps the conversation.
        response_id: under which.
        items: what the caller has added to it.
    """

    provider: str
    response_id: str
    items: list[Any]


class Asked(NamedTuple):
    """One request. Times run from the last byte of it.

    A tuple like all values of the way: it is built in less than half of a frozen dataclass's time.

    Attributes:
        exchange_id: sent to the caller as ``x-tierwatch-request-id``.
        arrived_at: epoch seconds.
        started: the same moment by ``time.perf_counter``.
        due: by the same clock, when the answer must have begun.
        wire: what the caller speaks, ``openai | anthropic | responses``.
        headers: as the caller sent them.
        key: the API key that the caller showed; empty without one.
        session: the conversation: the caller's name for it, else one made of how it began.
        in_session: whether the caller named it; only a name holds a conversation from its start.
        request: the body as the caller sent it, its types checked.
        chat: the same in OpenAI's form.
        pinned: the decision of a caller who named a tier or a model; None where the router decides.
        caller: name of the key, by which the request is counted; empty for none.
        side_call: what a program asks beside its conversation, such as ``title | quota |
            compaction | subagent``; empty for a turn of one.
        called: the tier or model that the caller's name for one stands for; empty for routing.
        continued: what the request goes on from by its id, where a provider keeps that too.
    """

    exchange_id: uuid.UUID
    arrived_at: float
    started: float
    due: float
    wire: str
    headers: Headers
    key: bytes
    session: str
    in_session: bool
    request: dict[str, Any]
    chat: dict[str, Any]
    pinned: Decision | None
    caller: str = ""
    side_call: str = ""
    called: str = ""
    continued: Continued | None = None

    def __repr__(self) -> str:
        """Without what nobody may read in a log: the key, headers and text."""
        return f"Asked({self.exchange_id}, {self.wire})"

    @property
    def answer_id(self) -> str:
        """The id of an answer that is ours to name, on a wire whose answers are asked for again."""
        return f"resp_{self.exchange_id.hex}"

    @property
    def left_s(self) -> float:
        """Seconds until the answer must have begun; none or fewer when it is too late."""
        return self.due - time.perf_counter()

    @property
    def streaming(self) -> bool:
        """Whether the caller asked for a stream."""
        return self.request.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether the caller's stream is to end with counts of tokens."""
        return (self.request.get("stream_options") or {}).get("include_usage") is True
