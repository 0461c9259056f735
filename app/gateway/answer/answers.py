"""An answer on its way to the caller, and what providers are asked for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tierwatch.gateway.answer.balancer import Call
from tierwatch.providers.upstream import UpstreamStream
from tierwatch.routing.tiers import Tier
from tierwatch.wire.openai_wire import Reply
from tierwatch.wire.translation import StreamRelay


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole answer, ready for the caller, and the tier as it was served."""

    body: bytes
    reply: Reply
    tier: Tier


@dataclass(frozen=True, slots=True)
class Begun:
    """A stream that has begun: its relay has been fed the first bytes, which became ``body``."""

    body: bytes
    relay: StreamRelay
    stream: UpstreamStream
    call: Call


@dataclass(frozen=True, slots=True)
class Asked:
    """What providers are asked for one request, which may differ from what the caller sent.

    Attributes:
        request: on the caller's wire.
        chat: the same in OpenAI's form.
        streaming: whether the answer is to be streamed.
    """

    request: Mapping[str, Any]
    chat: Mapping[str, Any]
    streaming: bool

    def whole(self) -> "Asked":
        """The same, with the whole answer at once."""
        return replace(self._changed({"stream", "stream_options"}), streaming=False)

    def varied(self, temperature: float | None) -> "Asked":
        """The same for another sample of the answer: without the seed, which would repeat it.

        Args:
            temperature: at which to sample. None leaves it to the model, as models that reason
                insist; a caller's own above 0 stays.
        """
        own = self.chat.get("temperature")
        if temperature is None or (isinstance(own, int | float) and own > 0):
            return self._changed({"seed"})
        # Newer models refuse `top_p` beside a temperature.
        return self._changed({"seed", "top_p"}, temperature=temperature)

    def _changed(self, without: Collection[str], **added: Any) -> "Asked":
        request, chat = (
            {name: value for name, value in body.items() if name not in without} | added
            for body in (self.request, self.chat)
        )
        return replace(self, request=request, chat=chat)
