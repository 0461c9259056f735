"""Where alerts go: the log, and webhooks of other programs.

The body a webhook receives::

    {"id": "<alert>:opened", "dedupKey": "<alert>", "timestamp": "<ISO 8601>",
     "type": "alert.opened" | "alert.acknowledged" | "alert.resolved", "apiVersion": "1",
     "payload": {"kind", "segment", "tier", "severity", "summary", "estimate", "window", ...}}

``id`` names the event and is the same when it is sent twice; ``dedupKey`` names the alert and is
the same in all its events. With a secret the header ``x-tierwatch-signature: t=<seconds>,v1=<hex>``
carries ``HMAC-SHA256(secret, "<t>." + body)``: compare in constant time, and refuse an old ``t``.
"""

import dataclasses
import hmac
import json
import logging
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import structlog

API_VERSION = "1"
SIGNATURE_HEADER = "x-tierwatch-signature"

# Ten seconds: an incident tool that needs longer is down, and a worker thread waits for it.
_TIMEOUT_S = 10.0
# A restart behind a load balancer takes about a second; longer outages are left to the log.
_PAUSE_S = 1.0
_ENVELOPE = ("id", "type", "timestamp")
_LOGGED = ("kind", "segment", "tier", "severity", "summary", "estimate", "window", "permalink")
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class LogDestination:
    """One line in our own log for each event."""

    name: str = "log"


@dataclass(frozen=True, slots=True)
class WebhookDestination:
    """A URL that takes our JSON.

    Attributes:
        url: where to post; often a secret itself, so it is never printed or logged.
        secret: key of the signature; None sends none.
        name: what deliveries and pages call it.
    """

    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    name: str = "webhook"


Destination = LogDestination | WebhookDestination


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
    pause_s: float = _PAUSE_S,
) -> list[Delivery]:
    """Send one event of an alert everywhere; a failure is a value and stops nothing.

    A webhook has 10 s to answer. A 5xx answer or a broken connection is tried once more after
    ``pause_s``; a time-out is not, for the event may have arrived.

    Args:
        alert: ``id`` of the alert, ``type`` of the event (``alert.opened`` ...), its ``timestamp``,
            and the payload's own keys beside them. Dates, UUIDs and dataclasses are written out.
        destinations: where to, in this order.
        client: sends the requests; redirects are refused, for they would carry the alert elsewhere.
        pause_s: wait before the second try, in seconds.

    Returns:
        One delivery for each destination, in order.
    """
    missing = [key for key in _ENVELOPE if not alert.get(key)]
    if missing:
        detail = f"not sent: the alert has no {', '.join(missing)}"
        return [Delivery(destination.name, ok=False, detail=detail) for destination in destinations]
    return [
        _write_line(alert, destination)
        if isinstance(destination, LogDestination)
        else _post(alert, destination, client=client, pause_s=pause_s)
        for destination in destinations
    ]


def signature(secret: str, timestamp_s: int, body: bytes) -> str:
    """The signature header's value for a body sent at ``timestamp_s`` (epoch seconds).

    >>> signature("made-up", 1_700_000_000, b"{}")[:36]
    't=1700000000,v1=e27628e5c853219a3a24'
    """
    signed = f"{timestamp_s}.".encode() + body
    # As the environment gave it: bytes that are no UTF-8 arrive as surrogate escapes.
    key = secret.encode("utf-8", "surrogateescape")
    return f"t={timestamp_s},v1={hmac.new(key, signed, 'sha256').hexdigest()}"


def _write_line(alert: Mapping[str, Any], destination: LogDestination) -> Delivery:
    fields = {key: _one_line(alert[key]) for key in _LOGGED if key in alert}
    log = structlog.get_logger("tierwatch.alerts")
    write = log.warning if alert["type"] == "alert.opened" else log.info
    write(_one_line(str(alert["type"])), alert_id=_one_line(str(alert["id"])), **fields)
    return Delivery(destination.name, ok=True, detail="written")


def _post(
    alert: Mapping[str, Any],
    destination: WebhookDestination,
    *,
    client: httpx.Client,
    pause_s: float,
) -> Delivery:
    try:
        body = _body(alert)
    except (TypeError, ValueError, RecursionError) as error:
        detail = f"not sent: the alert cannot be written as JSON: {error}"
        return Delivery(destination.name, ok=False, detail=detail)
    headers = {"content-type": "application/json", "user-agent": "tierwatch"}
    if destination.secret:
        headers[SIGNATURE_HEADER] = signature(destination.secret, int(time.time()), body)
    detail, again = _attempt(client, destination.url, body, headers)
    if again:
        time.sleep(pause_s)
        first = detail
        detail, _ = _attempt(client, destination.url, body, headers)
        detail = f"{detail} on the second try, after {first}"
    return Delivery(destination.name, ok=detail.startswith("HTTP 2"), detail=detail)


def _attempt(
    client: httpx.Client, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[str, bool]:
    """Post once; return what happened, and whether to try again."""
    logging.getLogger("httpx").addFilter(_url_filter)  # adding it a second time does nothing
    posting = _posting.set(True)
    try:
        response = client.post(
            url, content=body, headers=headers, timeout=_TIMEOUT_S, follow_redirects=False
        )
    except (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError) as error:
        return f"no connection ({type(error).__name__})", True
    except httpx.TimeoutException:
        return f"no answer within {_TIMEOUT_S:.0f} s", False
    # ValueError: a URL that cannot be encoded; RuntimeError: a client closed by a shutdown. Their
    # texts may quote the URL, so only the kind of error is kept.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RuntimeError) as error:
        return f"not sent ({type(error).__name__}); check the webhook's URL", False
    finally:
        _posting.reset(posting)
    return f"HTTP {response.status_code}", response.status_code >= _SERVER_ERROR


def _body(alert: Mapping[str, Any]) -> bytes:
    kind = str(alert["type"])
    event = {
        "id": f"{alert['id']}:{kind.removeprefix('alert.')}",
        "dedupKey": str(alert["id"]),
        "timestamp": alert["timestamp"],
        "type": kind,
        "apiVersion": API_VERSION,
        "payload": {key: value for key, value in alert.items() if key not in _ENVELOPE},
    }
    # ASCII with escapes: half a surrogate pair in an answer's text is then still valid JSON.
    return json.dumps(event, allow_nan=False, default=_plain).encode("ascii")


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _one_line(value: Any) -> Any:
    """Text without line breaks and terminal control characters: one event stays one line."""
    if not isinstance(value, str):
        return value
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


# httpx logs each request's URL at INFO. This marks the ones whose URL may be a secret.
_posting: ContextVar[bool] = ContextVar("posting", default=False)


def _url_filter(_record: logging.LogRecord) -> bool:
    return not _posting.get()
