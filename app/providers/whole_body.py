"""A provider's whole answer: read to its end, and parsed."""

from typing import Any

from tierwatch.client.face import Reply
from tierwatch.errors import ProviderError
from tierwatch.providers.failures import kept_text
from tierwatch.wire.json_bytes import read_outside_json


async def read_whole(provider: str, reply: Reply, most: int) -> bytes:
    """All of a body, up to ``most`` bytes.

    Raises:
        ProviderError: kind ``unreadable`` when there are more.
    """
    parts, size = [], 0
    while part := await reply.read():
        parts.append(part)
        size += len(part)
        if size > most:
            raise ProviderError(
                f"{provider} sent more than {most:,} bytes.",
                kind="unreadable",
                status=reply.status,
            )
    return parts[0] if len(parts) == 1 else b"".join(parts)


def parsed(provider: str, raw: bytes) -> dict[str, Any]:
    """The JSON object that a body is.

    Raises:
        ProviderError: kind ``unreadable`` when it is none.
    """
    try:
        value = read_outside_json(raw)
    except ValueError:
        found = "an empty body" if not raw.strip() else "a body that is not JSON"
        raise ProviderError(
            f"{provider} answered with {found}.", kind="unreadable", status=200, body=kept_text(raw)
        ) from None
    if not isinstance(value, dict):
        raise ProviderError(
            f"{provider} answered with a JSON {type(value).__name__}.",
            kind="unreadable",
            status=200,
            body=kept_text(raw),
        )
    return value
