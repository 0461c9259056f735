"""What an event of a stream holds that is no plain JSON."""

from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.json_bytes import read_json


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
