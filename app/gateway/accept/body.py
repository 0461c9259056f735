"""Reading a request's body, up to a limit."""

from tierwatch.gateway.asgi import Receive
from tierwatch.gateway.asked import Headers
from tierwatch.wire.refusal import Refusal


async def read_body(receive: Receive, headers: Headers, most: int) -> bytes | Refusal | None:
    """The whole body; a refusal beyond ``most`` bytes; None when the caller left."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > most:
        return _too_large(most)
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body if len(body) <= most else _too_large(most)
    parts, size = [body], len(body)
    while size <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts) if size <= most else _too_large(most)
    return _too_large(most)


def _too_large(most: int) -> Refusal:
    return Refusal(
        413,
        f"The request body is larger than the {most // 1024 // 1024} MB that this gateway accepts"
        " (gateway.max_body_mb).",
        code="request_too_large",
    )
