"""Between the wire a caller speaks and the wire a provider speaks.

Where the two are the same, bytes pass untouched and are only read along. Inside, everything has
OpenAI's form.
"""

from collections.abc import Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.anthropic_wire import (
    AnthropicToOpenAIStream,
    OpenAIToAnthropicStream,
    reply_to_anthropic,
    reply_to_openai,
    request_to_anthropic,
)
from tierwatch.wire.history import mentions_reasoning
from tierwatch.wire.json_bytes import read_json, write_json
from tierwatch.wire.openai_wire import Reply, StreamAnswer, read_reply
from tierwatch.wire.refusal import ANTHROPIC, OPENAI
from tierwatch.wire.sse import SSEDecoder, SSEEvent, encode_event
from tierwatch.wire.usage import Usage, read_anthropic_usage, read_usage

_DONE = "[DONE]"


def provider_body(
    caller: str, provider: str, request: Mapping[str, Any], chat: Mapping[str, Any], model: str
) -> bytes:
    """The body for a provider: the caller's with only ``model`` replaced, or its translation.

    Args:
        caller: the caller's wire.
        provider: the provider's wire.
        request: what the caller sent.
        chat: the same in OpenAI's form.
        model: the model that is to serve it.

    Raises:
        ProviderError: kind ``refused`` when the request cannot be said on the provider's wire.
    """
    if caller == provider:
        return write_json({**request, "model": model})
    if provider == ANTHROPIC:
        return write_json(request_to_anthropic({**chat, "model": model}))
    return write_json({**chat, "model": model})


def caller_reply(
    caller: str, provider: str, raw: bytes, answer: dict[str, Any], created: int
) -> tuple[bytes, Reply]:
    """The body for the caller, and what it says.

    Raises:
        ProviderError: kind ``unreadable`` when the provider's answer is no answer.
    """
    if provider == OPENAI:
        reply = read_reply(answer)
        return (raw if caller == OPENAI else write_json(reply_to_anthropic(answer))), reply
    chat = reply_to_openai(answer, created=created)
    reply = read_reply(chat)
    return (raw if caller == ANTHROPIC else write_json(chat)), reply


def reported_usage(provider: str, answer: Mapping[str, Any]) -> Usage:
    """What a provider's whole answer says it took, whether or not the answer can be used."""
    return read_anthropic_usage(answer) if provider == ANTHROPIC else read_usage(answer)


class StreamRelay:
    """Turns a provider's stream into the caller's, and puts the answer together on the way.

    Attributes:
        answer: the answer so far.
        whole: whether the provider has said all it had to say.
        reasoned: whether the answer seems to hold reasoning.
    """

    __slots__ = (
        "_decoder",
        "_from",
        "_problem",
        "_same",
        "_to",
        "_usage",
        "answer",
        "reasoned",
        "whole",
    )

    def __init__(self, caller: str, provider: str, *, include_usage: bool, created: int) -> None:
        self.answer = StreamAnswer()
        self.whole = False
        self.reasoned = False
        self._same = caller == provider
        self._usage = include_usage
        self._decoder = SSEDecoder()
        self._problem: ProviderError | None = None
        self._from = AnthropicToOpenAIStream(created=created) if provider == ANTHROPIC else None
        self._to = OpenAIToAnthropicStream() if caller == ANTHROPIC and provider == OPENAI else None

    def feed(self, chunk: bytes) -> bytes:
        """Take the provider's next bytes and return the caller's, which may be none yet.

        Never raises: what was readable before something unreadable still reaches the caller.
        """
        self.reasoned = self.reasoned or mentions_reasoning(chunk)
        said: list[bytes] = []
        try:
            for event in self._decoder.feed(chunk) if self._problem is None else ():
                if self._same:
                    self._read(event)
                else:
                    said.append(self._translated(event))
        except ProviderError as error:
            self._problem = error
        return chunk if self._same else b"".join(said)

    @property
    def usage(self) -> Usage:
        """What the provider has counted so far; of a cut Anthropic stream at least what it read."""
        told = self.answer.usage
        if told.prompt_tokens is None and self._from is not None:
            return self._from.usage
        return told

    @property
    def stuck(self) -> ProviderError | None:
        """Why nothing more can be translated. A stream that passes untouched is never stuck."""
        return None if self._same else self._problem

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and was read."""
        return (
            self._problem is None
            and self.answer.error is None
            and (self.whole or self.answer.finish_reason is not None)
        )

    def _read(self, event: SSEEvent) -> list[dict[str, Any]]:
        """The event as OpenAI chunks, added to the answer."""
        if self._from is not None:
            chunks = self._from.feed(event)
            self.whole = self._from.finished
        elif event.data == _DONE:
            self.whole = True
            return []
        else:
            try:
                chunks = [read_json(event.data.encode("utf-8", "surrogatepass"))]
            except ValueError as error:
                raise ProviderError(
                    "The provider's stream has an event that is not JSON.", kind="unreadable"
                ) from error
        for chunk in chunks:
            self.answer.feed(chunk)
        return chunks

    def _translated(self, event: SSEEvent) -> bytes:
        was_whole = self.whole
        if was_whole:
            return b""  # some compatible servers go on after the end
        chunks = self._read(event)
        if self._to is not None:
            said = _named([pair for chunk in chunks for pair in self._to.feed(chunk)])
        else:
            said = b"".join(
                [
                    encode_event(write_json(chunk))
                    for chunk in chunks
                    if self._usage or not _only_usage(chunk)
                ]
            )
        return said + self._closing() if self.whole else said

    def _closing(self) -> bytes:
        if self.answer.error is not None:
            return b""
        return encode_event(_DONE) if self._to is None else _named(self._to.finish())

    def end(self) -> bytes:
        """The bytes that close the caller's stream when the provider closed its own.

        Some compatible servers say why the model stopped and then close without ``[DONE]``.
        """
        if self._same or self.whole or not self.finished:
            return b""
        self.whole = True
        return self._closing()


def _named(events: list[tuple[str, dict[str, Any]]]) -> bytes:
    return b"".join([encode_event(write_json(payload), event=name) for name, payload in events])


def _only_usage(chunk: Mapping[str, Any]) -> bool:
    return not chunk.get("choices") and "usage" in chunk and "error" not in chunk
