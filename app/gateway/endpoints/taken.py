"""What every endpoint asks of a request before it reads it: a key, and no more than a limit."""

from collections.abc import Mapping
from typing import NamedTuple

from tierwatch.gateway.accept.body import read_body
from tierwatch.gateway.accept.keys import Keys, shown_key
from tierwatch.gateway.asgi import Receive
from tierwatch.wire.refusal import Refusal


class Taken(NamedTuple):
    """A request whose key is accepted, read to its end.

    Attributes:
        body: of it.
        caller: name of the key; empty for none.
    """

    body: bytes
    caller: str


async def taken(
    keys: Keys, headers: Mapping[bytes, bytes], receive: Receive, most: int
) -> Taken | Refusal | None:
    """The request; why it is refused; None when the caller left before its last byte."""
    key = shown_key(headers)
    refusal = keys.refuse(key)
    if refusal is not None:
        return refusal
    body = await read_body(receive, headers, most)
    return Taken(body, keys.name_of(key)) if isinstance(body, bytes) else body
