"""Chunks as a caller's stream on OpenAI's wire: it is made of them."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.openai_chat.stream_in import DONE

_END = [("", DONE)]


class StreamOut:
    """Writes the events of a stream of chat completion chunks."""

    __slots__ = ("_include_usage",)

    def __init__(self, *, include_usage: bool = True, to: AnswerTo = NOBODY) -> None:  # noqa: ARG002 - chunks say nothing of it
        self._include_usage = include_usage

    @property
    def begun(self) -> dict[str, Any]:
        """Nothing: an error stands for itself here."""
        return {}

    def feed(self, chunk: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """Take one chunk and return the event it becomes; none for counts nobody asked for."""
        if not self._include_usage and _only_usage(chunk):
            return []
        return [("", chunk)]

    def finish(self) -> list[tuple[str, str]]:
        """Return the end."""
        return _END


def _only_usage(chunk: Mapping[str, Any]) -> bool:
    return not chunk.get("choices") and "usage" in chunk and "error" not in chunk
