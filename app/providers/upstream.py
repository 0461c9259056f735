"""The gateway's calls to providers: bytes out, bytes back, over aiohttp.

The workers call through `providers.completion`. This path exists beside it because the gateway
carries live traffic: on one 2-core machine the same stub gave 4,268 requests/s over aiohttp and
560 over httpx. A body goes out as the gateway wrote it and comes back as it arrived; what is
decided here is whether the provider answered at all, and if not, which `ProviderError` that is.
"""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from tierwatch.config import ProviderConfig
from tierwatch.errors import ProviderError
from tierwatch.providers.endpoint import chat_headers, chat_url
from tierwatch.providers.failures import kept_text, refusal
from tierwatch.wire.json_bytes import read_json

# Opening a connection takes a few round trips; a provider that needs more than this is down, and
# the caller is better served by the retry.
_CONNECT_S = 5.0
# What the vendors' own clients wait for a whole answer.
LONGEST_ANSWER_S = 600.0
# A whole answer of 200,000 characters is below 2 MB in any encoding; images in base64 reach some
# tens. Beyond this it is no chat completion, and must not fill the gateway's memory.
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_MAX_ERROR_BYTES = 64 * 1024
# aiohttp warns when it is given more bytes than this at once: they would hold up the event loop.
_MAX_BYTES_AT_ONCE = 1024 * 1024
_EVENT_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":", b"\xef\xbb\xbf")


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where a provider takes chats, and with what."""

    kind: str
    url: URL
    headers: Mapping[str, str]
    stream: aiohttp.ClientTimeout
    silence_s: float


class Upstream:
    """Calls the configured providers. Open it inside the event loop that will use it.

    There is no limit on concurrency here: ``max_concurrency`` bounds what the workers add, and a
    live request must not wait behind it.

    Raises:
        SettingsError: a provider's key names an environment variable that is not set.
    """

    def __init__(self, providers: Mapping[str, ProviderConfig], environ: Mapping[str, str]) -> None:
        self._endpoints = {name: _endpoint(config, environ) for name, config in providers.items()}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # limit 0: the number of callers decides how many connections there are.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
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

    def kind(self, provider: str) -> str:
        """The wire the provider speaks: ``openai | anthropic``."""
        return self._endpoints[provider].kind

    def timeout_s(self, provider: str) -> float:
        """How long the provider may stay silent."""
        return self._endpoints[provider].silence_s

    async def complete(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        within_s: float = LONGEST_ANSWER_S,
    ) -> tuple[bytes, dict[str, Any]]:
        """Send a chat and return the whole answer, as it came and as parsed.

        Args:
            provider: name in the ``providers`` section.
            body: the request on that provider's wire.
            headers: added to the provider's own.
            within_s: more than 0. Nothing is heard of a whole answer until it is there, so the
                provider's ``timeout_s``, which is for silence, does not bound it.

        Raises:
            ProviderError: anything but a JSON object with a 2xx status within ``within_s``.
        """
        timeout = aiohttp.ClientTimeout(total=within_s, sock_connect=_CONNECT_S)
        try:
            response = await self._post(provider, body, headers, timeout)
            try:
                raw = await _read(response, _MAX_ANSWER_BYTES)
            finally:
                # After a whole read the connection is back in the pool and this does nothing.
                response.close()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _failure(provider, error) from error
        return raw, _parsed(provider, raw)

    async def stream(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        within_s: float = LONGEST_ANSWER_S,
    ) -> "UpstreamStream":
        """Send a chat and return the open stream of events once its first bytes are here.

        ``timeout_s`` bounds the wait for the first bytes and every pause between two chunks;
        ``within_s`` the former alone.

        Raises:
            ProviderError: the provider refused, failed, fell silent, closed without a byte, or
                sent something that is not a stream of events.
        """
        endpoint = self._endpoints[provider]
        try:
            async with asyncio.timeout(min(endpoint.silence_s, within_s)):
                response = await self._post(provider, body, headers, endpoint.stream)
                try:
                    first = await response.content.readany()
                except BaseException:
                    response.close()
                    raise
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _failure(provider, error) from error
        problem = _stream_problem(first)
        if problem is not None:
            response.close()
            raise ProviderError(
                f"{provider} {problem}",
                kind="unreadable",
                status=response.status,
                body=kept_text(first),
            )
        return UpstreamStream(provider, response, first, endpoint.silence_s)

    async def _post(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own, two limits in one value
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("Upstream is used outside its `async with` block.")
        endpoint = self._endpoints[provider]
        response = await self._session.post(
            endpoint.url,
            data=body if len(body) < _MAX_BYTES_AT_ONCE else io.BytesIO(body),
            headers={**endpoint.headers, **headers} if headers else endpoint.headers,
            timeout=timeout,
            allow_redirects=False,
        )
        if 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's success
            return response
        try:
            raw = await _read(response, _MAX_ERROR_BYTES)
        except (ProviderError, TimeoutError, aiohttp.ClientError, OSError):
            raw = b""  # the status says enough
        finally:
            response.close()
        raise refusal(provider, response.status, response.headers, raw)


class UpstreamStream:
    """A stream of events that has begun. Close it, whatever happened.

    Attributes:
        first: the first bytes; `read` gives those after them, as they arrive.
    """

    __slots__ = ("_provider", "_response", "_silence_s", "first")

    def __init__(
        self, provider: str, response: aiohttp.ClientResponse, first: bytes, silence_s: float
    ) -> None:
        self._provider = provider
        self._response = response
        self._silence_s = silence_s
        self.first = first

    async def read(self) -> bytes:
        """Give the next bytes; none at the end.

        Raises:
            ProviderError: kind ``cut`` or ``timeout``, when the stream breaks.
        """
        try:
            # Not aiohttp's sock_read: in 3.14.5 it does not end the wait for a body whose chunked
            # framing broke in the middle, and the caller would wait for ever.
            async with asyncio.timeout(self._silence_s):
                return await self._response.content.readany()
        except TimeoutError as error:
            raise _failure(self._provider, error) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ProviderError(f"{self._provider} broke off its stream.", kind="cut") from error

    def close(self) -> None:
        """Drop the connection, unless the stream was read to its end: then it is kept for reuse."""
        self._response.close()


def _endpoint(config: ProviderConfig, environ: Mapping[str, str]) -> _Endpoint:
    # A compressed stream would be held back until the compressor has enough.
    uncompressed = {"accept-encoding": "identity", "accept": "*/*"}
    return _Endpoint(
        kind=config.kind,
        url=URL(chat_url(config)),
        headers=chat_headers(config, environ) | uncompressed,
        stream=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
        silence_s=config.timeout_s,
    )


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    first = await response.content.readany()
    if response.content.at_eof():
        return first
    parts, size = [first], len(first)
    while part := await response.content.readany():
        parts.append(part)
        size += len(part)
        if size > most:
            raise ProviderError(
                f"{response.host} sent more than {most:,} bytes.",
                kind="unreadable",
                status=response.status,
            )
    return b"".join(parts)


def _parsed(provider: str, raw: bytes) -> dict[str, Any]:
    try:
        value = read_json(raw)
    except ValueError:
        found = "an empty body" if not raw.strip() else "a body that is not JSON"
        raise ProviderError(
            f"{provider} answered with {found}.", kind="unreadable", status=200, body=kept_text(raw)
        ) from None
    if not isinstance(value, dict):
        raise ProviderError(
            f"{provider} answered with a JSON {type(value).__name__}.",
            kind="unreadable",
            status=200,
            body=kept_text(raw),
        )
    return value


def _stream_problem(first: bytes) -> str | None:
    start = first.lstrip()
    if not start:
        return "closed its stream before the first byte."
    # The first bytes may be fewer than a field's name.
    if not any(start.startswith(name) or name.startswith(start) for name in _EVENT_STARTS):
        return "answered a request for a stream with something else."
    return None


def _failure(provider: str, error: Exception) -> ProviderError:
    """What went wrong below HTTP, as one of our kinds."""
    # Nothing was sent yet: this is no slow answer, and the next may be asked.
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return ProviderError(f"{provider} did not answer in time.", kind="timeout")
    if isinstance(error, aiohttp.ClientPayloadError):
        return ProviderError(f"{provider} broke off its answer.", kind="cut", status=200)
    if isinstance(error, aiohttp.ClientResponseError):
        return ProviderError(f"{provider} answered with broken HTTP.", kind="unreadable")
    return ProviderError(
        f"{provider} cannot be reached: {type(error).__name__}.", kind="connection"
    )
