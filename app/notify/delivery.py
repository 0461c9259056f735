"""Sends one event of an alert to each destination."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from tierwatch.notify.event import ENVELOPE
from tierwatch.notify.log import LogDestination, write_line
from tierwatch.notify.webhook import PAUSE_S, WebhookDestination, post

Destination: TypeAlias = LogDestination | WebhookDestination


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one alert at one destination.

    Attributes:
        destination: its name.
        ok: whether it was taken.
        detail: what the receiver or the network said; never holds the URL.
    """

    destination: str
    ok: bool
    detail: str


def deliver(
    alert: Mapping[str, Any],
    destinations: Iterable[Destination],
    *,
    client: httpx.Client,
    pause_s: float = PAUSE_S,
) -> list[Delivery]:
    """Send one event of an alert everywhere; a failure is a value and stops nothing.

    Args:
        alert: ``id`` of the alert, ``type`` of the event (``alert.opened`` ...), its ``timestamp``,
            and the payload's own keys beside them. Dates, UUIDs and dataclasses are written out.
        destinations: where to, in this order.
        client: sends the requests; redirects are refused, for they would carry the alert elsewhere.
        pause_s: wait before a webhook is tried a second time, in seconds.

    Returns:
        One delivery for each destination, in order.
    """
    missing = [key for key in ENVELOPE if not alert.get(key)]
    if missing:
        detail = f"not sent: the alert has no {', '.join(missing)}"
        return [Delivery(destination.name, ok=False, detail=detail) for destination in destinations]
    deliveries = []
    for destination in destinations:
        if isinstance(destination, LogDestination):
            write_line(alert)
            ok, detail = True, "written"
        else:
            ok, detail = post(alert, destination, client=client, pause_s=pause_s)
        deliveries.append(Delivery(destination.name, ok=ok, detail=detail))
    return deliveries
