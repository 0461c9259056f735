"""Webhooks of other programs as destinations: `event.event_body`, posted and signed.

With a secret the header ``x-tierwatch-signature: t=<seconds>,v1=<hex>`` carries
``HMAC-SHA256(secret, "<t>." + body)``: compare in constant time, and refuse an old ``t``. The
header ``x-tierwatch-event-id`` is the event's id, the same whenever it is sent again.
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx

from tierwatch.notify.answer import Answer
from tierwatch.notify.event import event_body, event_id, missing_keys
from tierwatch.notify.posting import post

SIGNATURE_HEADER = "x-tierwatch-signature"
EVENT_HEADER = "x-tierwatch-event-id"


@dataclass(frozen=True, slots=True)
class WebhookDestination:
    """A URL that takes our JSON.

    Attributes:
        url: where to post; often a secret itself, so it is never printed or logged.
        secret: key of the signature; None sends none.
        name: what deliveries and pages call it.
        transport: carries the requests; None for the network.
    """

    kind: ClassVar[str] = "webhook"

    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    name: str = "webhook"
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Post an event, signed."""
        missing = missing_keys(event)
        if missing:
            return Answer("never", f"not sent: the event has no {missing}")
        try:
            content = event_body(event)
        except (TypeError, ValueError, RecursionError) as error:
            return Answer("never", f"not sent: the event cannot be written as JSON: {error}")
        headers = {"content-type": "application/json", EVENT_HEADER: event_id(event)}
        if self.secret:
            headers[SIGNATURE_HEADER] = signature(self.secret, int(time.time()), content)
        return post(self.url, content, headers, transport=self.transport)


def signature(secret: str, timestamp_s: int, body: bytes) -> str:
    """The signature header's value for a body sent at ``timestamp_s`` (epoch seconds).

    >>> signature("made-up", 1_700_000_000, b"{}")[:36]
    't=1700000000,v1=e27628e5c853219a3a24'
    """
    signed = f"{timestamp_s}.".encode() + body
    # As the environment gave it: bytes that are no UTF-8 arrive as surrogate escapes.
    key = secret.encode("utf-8", "surrogateescape")
    return f"t={timestamp_s},v1={hmac.new(key, signed, 'sha256').hexdigest()}"
