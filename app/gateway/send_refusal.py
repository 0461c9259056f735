"""Saying no: a refusal as a whole response."""

from starlette.types import Send

from tierwatch.wire.refusal import Refusal


async def send_refusal(
    refusal: Refusal, wire: str, send: Send, headers: list[tuple[bytes, bytes]]
) -> None:
    """Send the whole response.

    Args:
        refusal: what to say.
        wire: the caller's.
        send: the ASGI channel.
        headers: added to the refusal's own.
    """
    body = refusal.body(wire)
    head = [
        *headers,
        *refusal.headers(),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": head})
    await send({"type": "http.response.body", "body": body})
