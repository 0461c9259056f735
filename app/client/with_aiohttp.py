"""The same face over aiohttp. Imported only where it is configured: 13 MB and .13 s of CPU."""

import asyncio
import io
import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from tierwatch.client.address import Address, header_lines
from tierwatch.client.face import CONNECT_S, IDLE_S, MOST_HEAD_BYTES, MOST_HEADERS
from tierwatch.client.faults import BrokenAnswerError, ClientFault, CutError, UnreachableError

# aiohttp warns when it is given more bytes than this at once: they would hold up the event loop.
_MOST_BYTES_AT_ONCE = 1024 * 1024


class AiohttpClient:
    """Posts over aiohttp's connections, as `face.Client` describes it."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # limit 0: the number of callers decides how many connections there are.
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=IDLE_S,
                ttl_dns_cache=60,
                # aiohttp reads the authorities as it is imported, before SSL_CERT_FILE may be set.
                ssl=ssl.create_default_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=MOST_HEAD_BYTES,
            max_field_size=MOST_HEAD_BYTES,
            max_headers=MOST_HEADERS,
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(
        self,
        address: Address,
        body: bytes,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
    ) -> "AiohttpReply":
        """Send a request, once, and return its answer when the head is here.

        Raises:
            ClientFault: there is no answer.
            TimeoutError: there was none by the deadline.
            ValueError: a header would not stay one line.
        """
        if self._session is None:
            raise RuntimeError("The client is used outside its `async with` block.")
        if headers:
            header_lines(headers)
        proxy = address.origin.through
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._session.request(
                    address.method,
                    URL(address.url),
                    data=body if len(body) < _MOST_BYTES_AT_ONCE else io.BytesIO(body),
                    headers={**address.headers, **headers} if headers else address.headers,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                    allow_redirects=False,
                    proxy=None if proxy is None else proxy.url,
                )
        except (aiohttp.ClientError, OSError) as error:
            raise _fault(error) from error
        return AiohttpReply(response, deadline)


class AiohttpReply:
    """A response of aiohttp, as `face.Reply` describes it."""

    __slots__ = ("_deadline", "_response", "_silence_s", "status")

    def __init__(self, response: aiohttp.ClientResponse, deadline: float) -> None:
        self.status = response.status
        self._response = response
        self._deadline = deadline
        self._silence_s: float | None = None

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty where there is none."""
        return ", ".join(self._response.headers.getall(name, ()))

    @property
    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        """Names and values of the head, as they were sent."""
        return self._response.raw_headers

    async def read(self) -> bytes:
        """All that has come and was not read yet, once there is something; nothing at the end.

        Raises:
            ClientFault: the answer breaks off, or is broken.
            TimeoutError: nothing came for too long. The connection is gone.
        """
        due = self._deadline
        if self._silence_s is not None:
            due = asyncio.get_running_loop().time() + self._silence_s
        try:
            # Not aiohttp's sock_read: in 3.14.5 it does not end the wait for a body whose chunked
            # framing broke in the middle, and the caller would wait for ever.
            async with asyncio.timeout_at(due):
                return await self._response.content.readany()
        except TimeoutError:
            self._response.close()
            raise
        except asyncio.CancelledError:
            self._response.close()
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise _fault(error, begun=True) from error

    def unhurried(self, silence_s: float) -> None:
        """From here on each wait may take ``silence_s``; there is no deadline for the whole."""
        self._silence_s = silence_s

    def close(self) -> None:
        """Drop the connection, unless the answer came whole: then it is kept for reuse."""
        self._response.close()


def _fault(error: Exception, *, begun: bool = False) -> Exception:
    # Where there is no connection nothing was sent: this is no slow answer.
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return TimeoutError("no answer in time")
    fault: type[ClientFault] = CutError if begun else UnreachableError
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return UnreachableError(f"its proxy answered {error.status}")
    if isinstance(error, aiohttp.ClientResponseError):
        fault = BrokenAnswerError
    return fault(type(error).__name__)
