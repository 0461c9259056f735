"""What providers are asked for one request, which may differ from what the caller sent."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple


class Question(NamedTuple):
    """What providers are asked.

    Attributes:
        request: on the caller's wire.
        chat: the same in OpenAI's form.
        streaming: whether the answer is to be streamed.
    """

    request: Mapping[str, Any]
    chat: Mapping[str, Any]
    streaming: bool

    def whole(self) -> "Question":
        """The same, with the whole answer at once."""
        return self._changed({"stream", "stream_options"})._replace(streaming=False)

    def varied(self, temperature: float) -> "Question":
        """The same for another sample of the answer: without the seed, which would repeat it.

        Args:
            temperature: at which to sample; a caller's own above 0 stays.
        """
        own = self.chat.get("temperature")
        if isinstance(own, int | float) and own > 0:
            return self._changed({"seed"})
        # Newer models refuse `top_p` beside a temperature.
        return self._changed({"seed", "top_p"}, temperature=temperature)

    def _changed(self, without: Collection[str], **added: Any) -> "Question":
        request, chat = (
            {name: value for name, value in body.items() if name not in without} | added
            for body in (self.request, self.chat)
        )
        return self._replace(request=request, chat=chat)
