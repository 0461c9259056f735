"""One HTTP POST to somebody else's receiver, with one deadline for all of it.

The receiver's status is what counts; a channel may read the first of its words besides. A receiver
that sends a byte every few seconds would hold a worker for as long as it likes if only its silence
were bounded, so the whole POST is.
"""

import asyncio
import datetime as dt
import logging
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpx

from tierwatch.notify.answer import Answer, http_answer
from tierwatch.retry_after import read_retry_after

# Ten seconds: an incident tool that needs longer is down, and a worker thread waits for it.
DEADLINE_S: Final = 10.0

# What is read of an answer's words: no vendor's needs more.
_MOST_READ: Final = 4_096

# httpx logs each request's URL at INFO. This marks the ones whose URL may be a secret.
_posting: ContextVar[bool] = ContextVar("posting", default=False)


def post(
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    deadline_s: float = DEADLINE_S,
    read: Callable[[Answer, bytes], Answer] | None = None,
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
        read: makes an answer of what the status says, and of the first words that came with it;
            None leaves it at the status.
    """
    logging.getLogger("httpx").addFilter(_url_filter)  # adding it a second time does nothing
    posting = _posting.set(True)
    try:
        return asyncio.run(_answer(_Post(url, content, headers, transport, deadline_s, read)))
    except (TimeoutError, httpx.TimeoutException):
        return Answer("away", f"no answer within {deadline_s:g} s")
    except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError) as error:
        return Answer("away", f"no connection ({type(error).__name__})")
    # ValueError: a URL that cannot be encoded; RuntimeError, OSError: a process that shuts down.
    # Their texts may quote the URL, so only the kind of error is kept.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RuntimeError, OSError) as error:
        return Answer("away", f"not sent ({type(error).__name__}); check its URL")
    finally:
        _posting.reset(posting)


@dataclass(frozen=True, slots=True)
class _Post:
    url: str
    content: bytes
    headers: Mapping[str, str]
    transport: httpx.AsyncBaseTransport | None
    deadline_s: float
    read: Callable[[Answer, bytes], Answer] | None


async def _answer(asked: _Post) -> Answer:
    # Unpacked words would be larger than what was sent: none are asked for.
    headers = {"user-agent": "tierwatch", "accept-encoding": "identity", **asked.headers}
    async with (
        asyncio.timeout(asked.deadline_s),
        httpx.AsyncClient(
            verify=_trusted(),
            transport=asked.transport,
            timeout=asked.deadline_s,
            follow_redirects=False,
        ) as client,
        client.stream("POST", asked.url, content=asked.content, headers=headers) as response,
    ):
        wait_s = read_retry_after(response.headers, now=dt.datetime.now(dt.UTC))
        answer = http_answer(response.status_code, wait_s)
        return answer if asked.read is None else asked.read(answer, await _first_words(response))


async def _first_words(response: httpx.Response) -> bytes:
    """The beginning of an answer's body; nothing is unpacked for a stranger."""
    words = b""
    if "content-encoding" in response.headers:
        return words
    async for chunk in response.aiter_bytes():
        words += chunk
        if len(words) >= _MOST_READ:
            break
    return words[:_MOST_READ]


@cache
def _trusted() -> ssl.SSLContext:
    """Read once: the list of authorities is 200 KB, and each client would read it again."""
    return httpx.create_ssl_context()


def _url_filter(_record: logging.LogRecord) -> bool:
    return not _posting.get()
