"""The synchronous client of model providers, for workers: one request, one whole answer.

It never tries again: the task that called it does, with its own delays and limits, and it needs
to know why (`ProviderError.kind`).
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import httpx
import orjson

from tierwatch.config import ProviderConfig
from tierwatch.errors import ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.fit.mending import Mending
from tierwatch.providers.endpoint import chat_headers, chat_proxy, chat_url, spoken_wire
from tierwatch.providers.failures import kept_text, refusal
from tierwatch.wire.answers.finish_words import failed
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.first_choice import Reply, first_choice
from tierwatch.wire.form import Wire
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.translation import library_request, provider_request
from tierwatch.wire.usage import estimated_tokens, request_characters
from tierwatch.wire.wires import WIRES

# Connecting is one round trip; a provider that has not accepted after 5 s is down, while the answer
# itself may take the whole time-out.
_CONNECT_TIMEOUT_S = 5.0
# What is left of a caller's limit after waiting for a slot may be nothing; httpx takes no less.
_SHORTEST_S = 0.001
# W3C Trace Context. Redaction may have taken its digits for somebody's number.
_TRACE = "traceparent"
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
# An answer of 128,000 tokens is about 0.6 MB; log-probabilities multiply it by 20.
_MOST_REPLY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer, in OpenAI's form whatever the provider speaks.

    Attributes:
        message: the assistant message.
        finish_reason: why the model stopped, or None.
        model: the model the provider says it served; the requested one when it does not say.
        prompt_tokens: tokens read.
        completion_tokens: tokens written.
        latency_ms: from sending the request to the last byte, waiting for a free slot excluded.
        raw: the whole chat completion.
        tokens_estimated: whether a count is our estimate because the provider gave none.
        cached_tokens: part of the prompt that came from the provider's prompt cache.
        cache_write_tokens: part of the prompt that was put into it.
        fitted: what was done to the request for the model to take it.
    """

    message: dict[str, Any]
    finish_reason: str | None
    model: str
    prompt_tokens: int
    completion_tokens: int
    latency_ms: float
    raw: dict[str, Any]
    tokens_estimated: bool = False
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    fitted: tuple[str, ...] = ()


class ChatClient:
    """Calls providers from many threads, at most ``max_concurrency`` at a time for each.

    Connections are pooled and kept. API keys are revealed when the client is built, so that a
    missing variable is said at the start and not at the first call.

    A request goes out as its model is known to take it. One that is refused for a field is asked
    once more without it, and the refusal is remembered (`fit`).

    Args:
        providers: configuration by name.
        environ: where ``env:NAME`` secrets are read.
        memory: what models take; without one they are known by their names.
        transport: replaces the network, for tests.

    Raises:
        SettingsError: an API key's variable is not set.
    """

    def __init__(
        self,
        providers: Mapping[str, ProviderConfig],
        environ: Mapping[str, str],
        *,
        memory: Memory | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._memory = Memory() if memory is None else memory
        self._providers = {name: _Provider(c, environ) for name, c in providers.items()}
        most = sum(config.max_concurrency for config in providers.values())
        self._ways = {
            way: httpx.Client(
                transport=transport,
                limits=httpx.Limits(max_connections=most or None, max_keepalive_connections=most),
                follow_redirects=False,
                proxy=None if way is None else way.url,
                trust_env=False,  # a proxy set for the machine must not see prompts unasked
            )
            for way in {provider.proxy for provider in self._providers.values()}
        }

    def complete(
        self,
        provider: str,
        request: Mapping[str, Any],
        *,
        wire: str = OPENAI,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        """Send a chat request (``model`` set) and return the whole answer.

        Args:
            provider: its name in the configuration.
            request: what to send.
            wire: that the request is said on.
            headers: that say how it is to be read, for a provider that speaks the same wire; and a
                ``traceparent``, for any.
            timeout_s: what the call may take, waiting for a free slot included, where that is less
                than the provider's own time-out.

        Raises:
            ProviderError: no usable answer; ``kind`` says why, ``refused_for`` what a refusal is
                about, and ``retry_after_s`` how long the provider wants to be left alone.
        """
        target = self._target(provider)
        wanted = {k: v for k, v in request.items() if k not in {"stream", "stream_options"}}
        model = str(request.get("model", ""))
        spoken = target.wire(wire)
        asked = provider_request(wire, spoken.name, wanted, model)
        mending = Mending(self._memory, (provider, model), spoken.name, asked)
        most_s = target.timeout_s if timeout_s is None else min(timeout_s, target.timeout_s)
        began = time.monotonic()
        with target.slot(provider, most_s):
            if timeout_s is not None:
                most_s = min(target.timeout_s, timeout_s - (time.monotonic() - began))
            where = _Where(target.url(spoken), _sent(headers or {}, same=spoken.name == wire))
            content, latency_ms = self._answered(provider, target, mending, where, most_s)
        chat = library_request(wire, wanted)
        done = _completion(provider, spoken, chat, content, latency_ms)
        return replace(done, fitted=mending.sent.fitted)

    def wire(self, provider: str, caller: str) -> str:
        """The wire that a provider is called on for what was asked on a caller's.

        Raises:
            ProviderError: there is no such provider.
        """
        return self._target(provider).wire(caller).name

    def _target(self, provider: str) -> "_Provider":
        target = self._providers.get(provider)
        if target is None:
            raise ProviderError(f"There is no provider {provider!r}.", kind="refused")
        return target

    def _answered(
        self,
        name: str,
        target: "_Provider",
        mending: Mending,
        where: "_Where",
        within_s: float,
    ) -> tuple[bytes, float]:
        """The body of an answer, and how long the call took that got it."""
        deadline, left_s = time.monotonic() + within_s, within_s
        while True:
            body = _json(mending.fitted().request)
            left_s = max(left_s, _SHORTEST_S)
            started = time.perf_counter()
            status, headers, content = self._post(name, target, body, where, left_s)
            if status == httpx.codes.OK:
                return content, (time.perf_counter() - started) * 1000
            problem = refusal(name, status, headers, content)
            if not mending.learns(problem):
                raise problem
            left_s = deadline - time.monotonic()

    def _post(
        self,
        name: str,
        target: "_Provider",
        body: bytes,
        where: "_Where",
        timeout_s: float,
    ) -> tuple[int, httpx.Headers, bytes]:
        deadline = time.monotonic() + timeout_s
        headers = {**target.headers, **where.headers}
        limits = httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s))
        try:
            with self._ways[target.proxy].stream(
                "POST", where.url, content=body, headers=headers, timeout=limits
            ) as response:
                parts, size = [], 0
                for part in response.iter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > _MOST_REPLY_BYTES:
                        raise ProviderError(
                            f"{name} answered with more than {_MOST_REPLY_BYTES:,} bytes.",
                            kind="unreadable",
                            status=response.status_code,
                        )
                    # httpx limits each read; a provider that drips would hold a thread for ever.
                    if time.monotonic() > deadline:
                        raise _timed_out(name, timeout_s)
                return response.status_code, response.headers, b"".join(parts)
        except httpx.TimeoutException as error:
            raise _timed_out(name, timeout_s) from error
        except httpx.DecodingError as error:
            raise ProviderError(
                f"{name}'s answer is not compressed as it says.", kind="unreadable"
            ) from error
        except httpx.HTTPError as error:
            raise ProviderError(
                f"{name} could not be reached: {type(error).__name__}: {error}", kind="connection"
            ) from error

    def close(self) -> None:
        """Close the pooled connections."""
        for way in self._ways.values():
            way.close()


class _Where(NamedTuple):
    """The address of one call, and the headers of its own."""

    url: str
    headers: Mapping[str, str]


class _Provider:
    """What one provider's calls share: way, headers, the wires it speaks and free slots."""

    def __init__(self, config: ProviderConfig, environ: Mapping[str, str]) -> None:
        self._config = config
        self.headers = chat_headers(config, environ)
        self.proxy = chat_proxy(config, environ)
        self.timeout_s = config.timeout_s
        self._slots = threading.BoundedSemaphore(config.max_concurrency)

    def wire(self, caller: str) -> Wire:
        return WIRES[spoken_wire(self._config, caller)]

    def url(self, wire: Wire) -> str:
        return chat_url(self._config, wire.name)

    @contextmanager
    def slot(self, name: str, wait_s: float) -> Iterator[None]:
        if not self._slots.acquire(timeout=wait_s):
            raise ProviderError(
                f"{name} had no free slot for {round(wait_s, 3):g} s (max_concurrency).",
                kind="timeout",
            )
        try:
            yield
        finally:
            self._slots.release()


def _sent(headers: Mapping[str, str], *, same: bool) -> dict[str, str]:
    """The headers to send: on another wire the trace alone, and one that was redacted nowhere."""
    sent = {name: value for name, value in headers.items() if same or name == _TRACE}
    if _TRACE in sent and not _TRACEPARENT.fullmatch(sent[_TRACE]):
        del sent[_TRACE]
    return sent


def _json(request: Mapping[str, Any]) -> bytes:
    try:
        return write_json(request)
    except TypeError as error:  # a value that JSON does not have
        raise ProviderError(
            f"The request cannot be written as JSON: {error}", kind="refused"
        ) from error


def _timed_out(name: str, timeout_s: float) -> ProviderError:
    return ProviderError(f"{name} did not answer within {round(timeout_s, 3):g} s.", kind="timeout")


def _completion(
    name: str,
    wire: Wire,
    request: Mapping[str, Any],
    content: bytes,
    latency_ms: float,
) -> Completion:
    said: Any = None
    try:
        said = raw = orjson.loads(content)
        if wire.name != OPENAI:
            typed = wire.read_reply(said, created=int(time.time()))
            raw = WIRES[OPENAI].write_reply(typed)
        reply = _whole(first_choice(raw))
    except orjson.JSONDecodeError as error:
        raise _unreadable(name, "is not JSON", content) from error
    except ProviderError as error:
        problem = _unreadable(name, f"cannot be used: {error}", content)
        problem.billed = wire.read_usage(said).billed
        raise problem from error
    prompt_tokens, completion_tokens = reply.prompt_tokens, reply.completion_tokens
    estimated = prompt_tokens is None or completion_tokens is None
    if prompt_tokens is None:
        prompt_tokens = estimated_tokens(request_characters(request))
    if completion_tokens is None:
        whole = StreamAnswer()
        whole.feed({"choices": [{"delta": reply.message}]})
        completion_tokens = estimated_tokens(whole.characters)
    return Completion(
        message=reply.message,
        finish_reason=reply.finish_reason,
        model=reply.model or str(request.get("model", "")),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        latency_ms=latency_ms,
        raw=raw,
        tokens_estimated=estimated,
        cached_tokens=reply.cached_tokens or 0,
        cache_write_tokens=reply.cache_write_tokens or 0,
    )


def _whole(reply: Reply) -> Reply:
    if failed(reply.finish_reason):
        raise ProviderError("its provider gave it up", kind="unreadable")
    return reply


def _unreadable(name: str, what: str, content: bytes) -> ProviderError:
    shown = "empty" if not content.strip() else f"{len(content):,} bytes"
    return ProviderError(
        f"{name}'s answer ({shown}) {what}",
        kind="unreadable",
        status=200,
        body=kept_text(content),
    )
