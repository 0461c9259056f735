"""Saying no: a refusal as a whole response."""

from tierwatch.gateway.asgi import Send
from tierwatch.gateway.reply.headers import Header, json_body
from tierwatch.wire.refusal import Refusal
from tierwatch.wire.sse import encode_events
from tierwatch.wire.wires import WIRES


async def send_refusal(
    refusal: Refusal, wire: str, send: Send, headers: list[Header] | None = None
) -> None:
    """Send the whole response.

    Args:
        refusal: what to say.
        wire: the caller's.
        send: the ASGI channel.
        headers: put before the refusal's own.
    """
    body = refusal.body(wire)
    head = [*(headers or ()), *refusal.headers(), *json_body(body)]
    await send({"type": "http.response.start", "status": refusal.status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def refusal_event(refusal: Refusal, wire: str) -> bytes:
    """The same as the only event of a stream whose head had to be sent before."""
    of = WIRES[wire]
    return encode_events([(of.error_event, of.write_failure(refusal.shortened, {}))])
