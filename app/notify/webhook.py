"""Webhooks of other programs as destinations: `event.event_body`, posted and signed.

With a secret the header ``x-tierwatch-signature: t=<seconds>,v1=<hex>`` carries
``HMAC-SHA256(secret, "<t>." + body)``: compare in constant time, and refuse an old ``t``.
"""

import hmac
import logging
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx

from tierwatch.notify.event import event_body

SIGNATURE_HEADER = "x-tierwatch-signature"

# Ten seconds: an incident tool that needs longer is down, and a worker thread waits for it.
_TIMEOUT_S = 10.0
# A restart behind a load balancer takes about a second; longer outages are left to the log.
PAUSE_S = 1.0
_SERVER_ERROR = 500

# httpx logs each request's URL at INFO. This marks the ones whose URL may be a secret.
_posting: ContextVar[bool] = ContextVar("posting", default=False)


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


def signature(secret: str, timestamp_s: int, body: bytes) -> str:
    """The signature header's value for a body sent at ``timestamp_s`` (epoch seconds).

    >>> signature("made-up", 1_700_000_000, b"{}")[:36]
    't=1700000000,v1=e27628e5c853219a3a24'
    """
    signed = f"{timestamp_s}.".encode() + body
    # As the environment gave it: bytes that are no UTF-8 arrive as surrogate escapes.
    key = secret.encode("utf-8", "surrogateescape")
    return f"t={timestamp_s},v1={hmac.new(key, signed, 'sha256').hexdigest()}"


def post(
    alert: Mapping[str, Any],
    destination: WebhookDestination,
    *,
    client: httpx.Client,
    pause_s: float = PAUSE_S,
) -> tuple[bool, str]:
    """Post an event; return whether it was taken, and what the receiver or the network said.

    The receiver has 10 s. A 5xx answer or a broken connection is tried once more after ``pause_s``;
    a time-out is not, for the event may have arrived. What is returned never holds the URL.
    """
    try:
        content = event_body(alert)
    except (TypeError, ValueError, RecursionError) as error:
        return False, f"not sent: the alert cannot be written as JSON: {error}"
    headers = {"content-type": "application/json", "user-agent": "tierwatch"}
    if destination.secret:
        headers[SIGNATURE_HEADER] = signature(destination.secret, int(time.time()), content)
    detail, again = _attempt(client, destination.url, content, headers)
    if again:
        time.sleep(pause_s)
        first = detail
        detail, _ = _attempt(client, destination.url, content, headers)
        detail = f"{detail} on the second try, after {first}"
    return detail.startswith("HTTP 2"), detail


def _attempt(
    client: httpx.Client, url: str, content: bytes, headers: Mapping[str, str]
) -> tuple[str, bool]:
    """Post once; return what happened, and whether to try again."""
    logging.getLogger("httpx").addFilter(_url_filter)  # adding it a second time does nothing
    posting = _posting.set(True)
    try:
        response = client.post(
            url, content=content, headers=headers, timeout=_TIMEOUT_S, follow_redirects=False
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


def _url_filter(_record: logging.LogRecord) -> bool:
    return not _posting.get()
