"""One HTTP POST to somebody else's receiver, with one deadline for all of it.

The receiver's status is all that is read. A receiver that sends a byte every few seconds would hold
a worker for as long as it likes if only its silence were bounded, so the whole POST is.
"""

import asyncio
import datetime as dt
import logging
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Final

import httpx

from tierwatch.notify.answer import Answer, http_answer
from tierwatch.retry_after import read_retry_after

# Ten seconds: an incident tool that needs longer is down, and a worker thread waits for it.
DEADLINE_S: Final = 10.0

# httpx logs each request's URL at INFO. This marks the ones whose URL may be a secret.
_posting: ContextVar[bool] = ContextVar("posting", default=False)


def post(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    deadline_s: float = DEADLINE_S,
) -> Answer:
    """Post once; what the receiver or the network said never holds the URL.

    Redirects are refused. A time-out is an answer like any other: whether the event has arrived is
    not known, so it is sent again under the same id.

    Args:
        url: of the receiver.
        content: the body.
        headers: of the request; ours are added.
        transport: carries the request; None for the network.
        deadline_s: from the first packet to the receiver's status.
    """
    logging.getLogger("httpx").addFilter(_url_filter)  # adding it a second time does nothing
    posting = _posting.set(True)
    try:
        return asyncio.run(_status(url, content, headers, transport, deadline_s))
    except (TimeoutError, httpx.TimeoutException):
        return Answer("away", f"no answer within {deadline_s:g} s")
    except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError) as error:
        return Answer("away", f"no connection ({type(error).__name__})")
    # ValueError: a URL that cannot be encoded; RuntimeError, OSError: a process that shuts down.
    # Their texts may quote the URL, so only the kind of error is kept.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RuntimeError, OSError) as error:
        return Answer("away", f"not sent ({type(error).__name__}); check the webhook's URL")
    finally:
        _posting.reset(posting)


async def _status(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    transport: httpx.AsyncBaseTransport | None,
    deadline_s: float,
) -> Answer:
    async with (
        asyncio.timeout(deadline_s),
        httpx.AsyncClient(
            verify=_trusted(), transport=transport, timeout=deadline_s, follow_redirects=False
        ) as client,
        client.stream(
            "POST", url, content=content, headers={"user-agent": "tierwatch", **headers}
        ) as response,
    ):
        wait_s = read_retry_after(response.headers, now=dt.datetime.now(dt.UTC))
        return http_answer(response.status_code, wait_s)


@cache
def _trusted() -> ssl.SSLContext:
    """Read once: the list of authorities is 200 KB, and each client would read it again."""
    return httpx.create_ssl_context()


def _url_filter(_record: logging.LogRecord) -> bool:
    return not _posting.get()
