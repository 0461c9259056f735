"""A provider's stream as the caller's, on the same wire or another one."""

from tierwatch.errors import ProviderError
from tierwatch.wire.history.marks import mentions_reasoning
from tierwatch.wire.sse import SSEDecoder, SSEEvent, encode_events
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES


class StreamRelay:
    """Turns a provider's stream into the caller's, and puts the answer together on the way.

    Attributes:
        answer: the answer so far.
        whole: whether the provider has said all it had to say.
        reasoned: whether the answer seems to hold reasoning.
    """

    __slots__ = ("_decoder", "_in", "_out", "_problem", "answer", "reasoned", "whole")

    def __init__(self, caller: str, provider: str, *, include_usage: bool, created: int) -> None:
        self.answer = StreamAnswer()
        self.whole = False
        self.reasoned = False
        self._decoder = SSEDecoder()
        self._problem: ProviderError | None = None
        self._in = WIRES[provider].stream_in(created=created)
        # On one wire bytes pass untouched.
        self._out = (
            None if caller == provider else WIRES[caller].stream_out(include_usage=include_usage)
        )

    def feed(self, chunk: bytes) -> bytes:
        """Take the provider's next bytes and return the caller's, which may be none yet.

        Never raises: what was readable before something unreadable still reaches the caller.
        """
        self.reasoned = self.reasoned or mentions_reasoning(chunk)
        said: list[bytes] = []
        try:
            for event in self._decoder.feed(chunk) if self._problem is None else ():
                if self._out is None:
                    self._read(event)
                else:
                    said.append(self._translated(event))
        except ProviderError as error:
            self._problem = error
        return chunk if self._out is None else b"".join(said)

    @property
    def usage(self) -> Usage:
        """What the provider has counted so far; of a cut stream perhaps only what it read."""
        counted, early = self.answer.usage, self._in.usage
        return early if counted.prompt_tokens is None and early is not None else counted

    @property
    def stuck(self) -> ProviderError | None:
        """Why nothing more can be translated. A stream that passes untouched is never stuck."""
        return None if self._out is None else self._problem

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and was read."""
        return (
            self._problem is None
            and self.answer.error is None
            and (self.whole or self.answer.finish_reason is not None)
        )

    def _read(self, event: SSEEvent) -> list[dict[str, object]]:
        """The event as chunks, added to the answer."""
        chunks = self._in.feed(event)
        self.whole = self._in.finished
        for chunk in chunks:
            self.answer.feed(chunk)
        return chunks

    def _translated(self, event: SSEEvent) -> bytes:
        if self._out is None or self.whole:
            return b""  # some compatible servers go on after the end
        chunks = self._read(event)
        said = b"".join([encode_events(self._out.feed(chunk)) for chunk in chunks])
        return said + self._closing() if self.whole else said

    def _closing(self) -> bytes:
        if self._out is None or self.answer.error is not None:
            return b""
        return encode_events(self._out.finish())

    def end(self) -> bytes:
        """The bytes that close the caller's stream when the provider closed its own.

        Some compatible servers say why the model stopped and then close without an end.
        """
        if self._out is None or self.whole or not self.finished:
            return b""
        self.whole = True
        return self._closing()
