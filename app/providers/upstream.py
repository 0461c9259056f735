"""The gateway's calls to providers: bytes out, bytes back.

The workers call through `providers.completion`. This path exists beside it because the gateway
carries live traffic: on one 2-core machine the same stub gave 4,268 requests/s over aiohttp and
560 over httpx. A body goes out as the gateway wrote it and comes back as it arrived; what is
decided here is whether the provider answered at all, and if not, which `ProviderError` that is.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self
from uuid import UUID

from tierwatch.client.address import Address, read_address
from tierwatch.client.decoding import decoded
from tierwatch.client.face import Client, Reply
from tierwatch.client.faults import BrokenAnswerError, ClientFault, CutError
from tierwatch.client.pool import Pool
from tierwatch.config import ProviderConfig
from tierwatch.errors import ProviderError, SettingsError
from tierwatch.providers.collected import COLLECTED, collected
from tierwatch.providers.endpoint import chat_headers, chat_proxy, chat_url, passed_urls
from tierwatch.providers.failures import kept_text, refusal
from tierwatch.providers.told import Told, told
from tierwatch.providers.whole_body import parsed, read_whole
from tierwatch.wire.json_bytes import write_json

ClientName = Literal["pool", "aiohttp"]
# The headers of a call for an exchange, of those that it would be sent with.
Continue = Callable[[UUID, dict[str, str] | None], dict[str, str]]

# What the vendors' own clients wait for a whole answer.
LONGEST_ANSWER_S = 600.0
# A whole answer of 200,000 characters is below 2 MB in any encoding; images in base64 reach some
# tens. Beyond this it is no chat completion, and must not fill the gateway's memory.
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_MAX_ERROR_BYTES = 64 * 1024
_FIELDS = (b"data:", b"event:", b":")
_EVENT_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":", b"\xef\xbb\xbf")


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where a provider takes chats, and with what."""

    kind: str
    addresses: Mapping[str, Address]  # by wire
    passed: Mapping[str, Address]
    silence_s: float


class Completed(NamedTuple):
    """A whole answer.

    Attributes:
        raw: as it came, or as it was put together.
        answer: the same, parsed.
        wire: that it is on.
        told: the headers of it that concern the caller.
    """

    raw: bytes
    answer: dict[str, Any]
    wire: str
    told: Told = ()


class Upstream:
    """Calls the configured providers. Open it inside the event loop that will use it.

    There is no limit on concurrency here: ``max_concurrency`` bounds what the workers add, and a
    live request must not wait behind it.

    Args:
        providers: configuration by name.
        environ: where ``env:NAME`` secrets are read.
        client: what carries the calls, as ``gateway.client`` says.
        continued: gives a call the trace that its exchange is in; None where none are exported.

    Raises:
        SettingsError: a provider's key names an environment variable that is not set, or holds
            what no header can carry.
    """

    def __init__(
        self,
        providers: Mapping[str, ProviderConfig],
        environ: Mapping[str, str],
        client: ClientName = "pool",
        continued: Continue | None = None,
    ) -> None:
        self._endpoints = {name: _endpoint(config, environ) for name, config in providers.items()}
        self._name: ClientName = client
        self.continued = continued
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        self._client = await _client(self._name).__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.__aexit__(exc_type, exc, traceback)
            self._client = None

    def kind(self, provider: str) -> str:
        """The wire that its kind is named after: ``openai | anthropic``."""
        return self._endpoints[provider].kind

    def spoken(self, provider: str, caller: str) -> str:
        """The wire of a call for a caller on this wire; see `endpoint.spoken_wire`."""
        endpoint = self._endpoints[provider]
        return caller if caller in endpoint.addresses else endpoint.kind

    def timeout_s(self, provider: str) -> float:
        """How long the provider may stay silent."""
        return self._endpoints[provider].silence_s

    async def complete(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        wire: str = "",
        within_s: float = LONGEST_ANSWER_S,
    ) -> Completed:
        """Send a chat and return the whole answer, also where it comes as a stream of events.

        Args:
            provider: name in the ``providers`` section.
            body: the request.
            headers: added to the provider's own.
            wire: of the request; empty for that of the provider's kind.
            within_s: more than 0. Nothing is heard of a whole answer until it is there, so the
                provider's ``timeout_s``, which is for silence, does not bound it.

        Raises:
            ProviderError: anything but a JSON object with a 2xx status within ``within_s``.
        """
        deadline = asyncio.get_running_loop().time() + within_s
        reply = await self._post(provider, body, headers, wire, deadline)
        try:
            raw = await read_whole(provider, reply, _MAX_ANSWER_BYTES)
        except (TimeoutError, ClientFault) as error:
            raise _failure(provider, error) from error
        finally:
            # After a whole read the connection is back in the pool and this does nothing.
            reply.close()
        wire = wire or self.kind(provider)
        if _begins_events(raw):
            try:
                chat = collected(wire, raw)
            except ProviderError as error:
                raise _unusable(provider, str(error), error.kind, raw) from error
            return Completed(write_json(chat), chat, COLLECTED, told(reply.fields))
        return Completed(raw, parsed(provider, raw), wire, told(reply.fields))

    async def stream(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        wire: str = "",
        within_s: float = LONGEST_ANSWER_S,
    ) -> "UpstreamStream | Completed":
        """Send a chat and return the open stream of events once its first bytes are here.

        A provider that answers with a whole answer all the same is taken at that.

        ``timeout_s`` bounds the wait for the first bytes and every pause between two chunks;
        ``within_s`` the former alone.

        Raises:
            ProviderError: the provider refused, failed, fell silent, closed without a byte, or
                sent something that is not a stream of events.
        """
        silence_s = self._endpoints[provider].silence_s
        deadline = asyncio.get_running_loop().time() + min(silence_s, within_s)
        reply = await self._post(provider, body, headers, wire, deadline)
        try:
            first = await reply.read()
        except BaseException as error:
            reply.close()
            if isinstance(error, TimeoutError | ClientFault):
                raise _failure(provider, error) from error
            raise
        if first.lstrip()[:1] == b"{":
            return await self._whole_after_all(provider, wire, reply, first, within_s)
        problem = _stream_problem(first)
        if problem is not None:
            reply.close()
            raise ProviderError(
                f"{provider} {problem}",
                kind="unreadable",
                status=reply.status,
                body=kept_text(first),
            )
        reply.unhurried(silence_s)
        return UpstreamStream(provider, reply, first)

    async def pass_on(
        self,
        provider: str,
        what: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        within_s: float = LONGEST_ANSWER_S,
    ) -> "UpstreamReply":
        """Send a body to another of the provider's endpoints; the answer, whatever its status.

        Args:
            provider: name in the ``providers`` section.
            what: as `passes_on` knows it.
            body: the request, untouched.
            headers: added to the provider's own.
            within_s: until the answer has begun.

        Raises:
            ProviderError: there was no answer.
        """
        endpoint = self._endpoints[provider]
        deadline = asyncio.get_running_loop().time() + within_s
        try:
            reply = await self._send(endpoint.passed[what], body, headers, deadline)
        except (TimeoutError, ClientFault) as error:
            raise _failure(provider, error) from error
        reply.unhurried(endpoint.silence_s)
        return UpstreamReply(provider, reply)

    def passes_on(self, provider: str, what: str) -> bool:
        """Whether the provider has this endpoint: ``embeddings``, ``count_tokens`` and others."""
        return what in self._endpoints[provider].passed

    async def fetch(
        self, provider: str, method: str, path: str, *, wire: str, within_s: float
    ) -> "UpstreamReply":
        """Ask for what a provider keeps; the answer, whatever its status.

        Args:
            provider: name in the ``providers`` section.
            method: of HTTP.
            path: below where chats are posted to on the wire, with its query.
            wire: that the provider speaks.
            within_s: more than 0.

        Raises:
            ProviderError: there was no answer.
        """
        chats = self._endpoints[provider].addresses[wire]
        address = read_address(f"{chats.url}/{path}", chats.headers, chats.origin.through, method)
        deadline = asyncio.get_running_loop().time() + within_s
        try:
            return UpstreamReply(provider, await self._send(address, b"", None, deadline))
        except (TimeoutError, ClientFault) as error:
            raise _failure(provider, error) from error

    async def _whole_after_all(
        self, provider: str, wire: str, reply: Reply, first: bytes, within_s: float
    ) -> Completed:
        reply.unhurried(within_s)  # of a whole answer nothing more may be heard for long
        try:
            raw = first + await read_whole(provider, reply, _MAX_ANSWER_BYTES)
        except (TimeoutError, ClientFault) as error:
            raise _failure(provider, error) from error
        finally:
            reply.close()
        return Completed(
            raw, parsed(provider, raw), wire or self.kind(provider), told(reply.fields)
        )

    async def _send(
        self, address: Address, body: bytes, headers: Mapping[str, str] | None, deadline: float
    ) -> Reply:
        if self._client is None:
            raise _unopened()
        return _decoded(await self._client.post(address, body, deadline=deadline, headers=headers))

    async def _post(
        self,
        provider: str,
        body: bytes,
        headers: Mapping[str, str] | None,
        wire: str,
        deadline: float,
    ) -> Reply:
        endpoint = self._endpoints[provider]
        address = endpoint.addresses[wire or endpoint.kind]
        if self._client is None:
            raise _unopened()
        try:
            posted = self._client.post(address, body, deadline=deadline, headers=headers)
            reply = _decoded(await posted)
        except (TimeoutError, ClientFault) as error:
            raise _failure(provider, error) from error
        except ValueError as error:  # from the caller: the next provider would get it as well
            raise ProviderError(f"{provider} was not asked: {error}.", kind="refused") from error
        if 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's success
            return reply
        try:
            raw = await read_whole(provider, reply, _MAX_ERROR_BYTES)
        except (ProviderError, TimeoutError, ClientFault):
            raw = b""  # the status says enough
        finally:
            reply.close()
        pauses = {name: reply.header(name) for name in ("retry-after-ms", "retry-after")}
        refused = refusal(provider, reply.status, pauses, raw)
        refused.told = told(reply.fields)
        raise refused


class UpstreamReply:
    """An answer of any status that has begun. Close it, whatever happened.

    Attributes:
        status: of HTTP.
        told: the headers of the answer that concern the caller.
    """

    __slots__ = ("_provider", "_reply", "status", "told")

    def __init__(self, provider: str, reply: Reply) -> None:
        self._provider = provider
        self._reply = reply
        self.status = reply.status
        self.told = told(reply.fields)

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty where there is none."""
        return self._reply.header(name)

    async def read_whole(self) -> bytes:
        """All of it.

        Raises:
            ProviderError: it breaks off, falls silent, or has more than 64 MiB.
        """
        try:
            return await read_whole(self._provider, self._reply, _MAX_ANSWER_BYTES)
        except (TimeoutError, ClientFault) as error:
            raise _failure(self._provider, error) from error

    async def read(self) -> bytes:
        """Give the next bytes, all that have come; none at the end.

        Raises:
            ProviderError: kind ``cut`` or ``timeout``, when the stream breaks.
        """
        try:
            return await self._reply.read()
        except TimeoutError as error:
            raise _failure(self._provider, error) from error
        except ClientFault as error:
            raise ProviderError(f"{self._provider} broke off its stream.", kind="cut") from error

    def close(self) -> None:
        """Drop the connection, unless the stream was read to its end: then it is kept for reuse."""
        self._reply.close()


class UpstreamStream(UpstreamReply):
    """A stream of events that has begun. Close it, whatever happened.

    Attributes:
        first: the first bytes; `read` gives those after them, as they arrive.
    """

    __slots__ = ("first",)

    def __init__(self, provider: str, reply: Reply, first: bytes) -> None:
        super().__init__(provider, reply)
        self.first = first


def _client(name: ClientName) -> Client:
    if name == "pool":
        return Pool()
    from tierwatch.client.with_aiohttp import AiohttpClient  # noqa: PLC0415 - 13 MB, see there

    return AiohttpClient()


def _endpoint(config: ProviderConfig, environ: Mapping[str, str]) -> _Endpoint:
    # A compressed stream would be held back until the compressor has enough.
    uncompressed = {"accept-encoding": "identity", "accept": "*/*"}
    headers = chat_headers(config, environ) | uncompressed
    proxy = chat_proxy(config, environ)
    try:
        addresses = {
            wire: read_address(chat_url(config, wire), headers, proxy) for wire in config.wires
        }
        passed = {
            what: read_address(url, headers, proxy) for what, url in passed_urls(config).items()
        }
    except ValueError as error:
        asked = "" if config.api_key is None else f"{config.api_key.place} or "
        raise SettingsError(f"{asked}{config.base_url}: {error}") from None
    return _Endpoint(config.kind, addresses, passed, config.timeout_s)


def _unopened() -> RuntimeError:
    return RuntimeError("Upstream is used outside its `async with` block.")


def _decoded(reply: Reply) -> Reply:
    try:
        return decoded(reply)
    except ClientFault:
        reply.close()
        raise


def _begins_events(raw: bytes) -> bool:
    return raw.lstrip().startswith(_FIELDS)


def _unusable(provider: str, why: str, kind: str, raw: bytes) -> ProviderError:
    return ProviderError(f"{provider}: {why}", kind=kind, status=200, body=kept_text(raw))


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
    if isinstance(error, TimeoutError):
        return ProviderError(f"{provider} did not answer in time.", kind="timeout")
    if isinstance(error, CutError):
        return ProviderError(f"{provider} broke off its answer.", kind="cut", status=200)
    if isinstance(error, BrokenAnswerError):
        return ProviderError(f"{provider} answered with broken HTTP.", kind="unreadable")
    return ProviderError(f"{provider} cannot be reached: {error}.", kind="connection")
