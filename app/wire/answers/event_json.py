"""What an event of a stream holds that is no plain JSON."""

from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.fault import ERROR
from tierwatch.wire.json_bytes import read_json
from tierwatch.wire.sse import SSEEvent


def said_error(event: SSEEvent, listed: object = None) -> list[dict[str, Any]]:
    """The chunk of an event that says an error in no object; none for another one.

    Args:
        event: is perhaps named an error, and then holds the sentence.
        listed: what it holds, where that is JSON: Gemini's errors stand in a list.
    """
    first = listed[0] if isinstance(listed, list) and listed else None
    if isinstance(first, dict) and ERROR in first:
        return [first]
    words = event.data.strip()
    return [{ERROR: {"message": words}}] if event.event == ERROR and words else []


def event_json(data: str) -> Any:
    """What orjson does not read of an event; None for words that keep a line alive.

    Raises:
        ProviderError: kind ``unreadable`` when it begins like an object and is none: that was a
            piece of the answer, and going on would leave a hole in it.
    """
    if not data.lstrip().startswith("{"):
        return None
    try:  # perhaps it holds a lone surrogate
        return read_json(data.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise ProviderError(
            "The provider's stream has an event that is not JSON.", kind="unreadable"
        ) from error
