"""A provider's stream as the caller's, on the same wire or another one."""

from collections.abc import Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.answers.fenced_json import BareStream, asks_for_json
from tierwatch.wire.fault import Fault
from tierwatch.wire.form import NOBODY, AnswerTo
from tierwatch.wire.history.marks import LONGEST_REASONING_MARK, mentions_reasoning
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.sse import SSEDecoder, SSEEvent, encode_events
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.usage import Usage
from tierwatch.wire.wires import WIRES

# A stream that passes untouched is read this many bytes at a time, some hundred events: read one by
# one they cost three times as much. 500 streams then hold 16 MB unread at most.
_READ_AT_ONCE = 32 * 1024


class StreamRelay:
    """Turns a provider's stream into the caller's, and puts the answer together on the way.

    On one wire bytes pass untouched and are read behind the caller's back: in batches, and what is
    left of them when somebody asks what was said. However the bytes are cut, that is the same. What
    cannot be read there is no fault of the provider's: it is counted, and the answer is not whole
    in what we keep. Nothing is read after the end.

    Args:
        caller: its wire.
        provider: its wire.
        include_usage: whether the caller asked for counts of tokens, where a wire leaves it that.
        created: epoch seconds, for a stream that has none.
        to: whom the answer is for. Where it asked for JSON on another wire than the provider's,
            one fence around it is taken off.
        most: characters of the answer that are kept; None keeps all.

    Attributes:
        stuck: why nothing more can be translated. A stream that passes untouched is never stuck.
    """

    __slots__ = (
        "_answer",
        "_bare",
        "_caller",
        "_decoder",
        "_in",
        "_out",
        "_reasoned",
        "_seen",
        "_unread",
        "_unread_bytes",
        "_unreadable",
        "_whole",
        "stuck",
    )

    def __init__(
        self,
        caller: str,
        provider: str,
        *,
        include_usage: bool,
        created: int,
        to: AnswerTo = NOBODY,
        most: int | None = None,
    ) -> None:
        self._answer = StreamAnswer(most=most)
        self._whole = False
        self._reasoned = False
        self._seen = b""
        self._unread: list[bytes] = []
        self._unread_bytes = 0
        self._decoder = SSEDecoder(skips=caller == provider)
        self.stuck: ProviderError | None = None
        self._unreadable = 0
        self._in = WIRES[provider].stream_in(created=created)
        self._caller = WIRES[caller]
        json_asked = caller != provider and asks_for_json(to.request)
        self._bare = BareStream() if json_asked else None
        self._out = (
            None
            if caller == provider
            else self._caller.stream_out(include_usage=include_usage, to=to)
        )

    def feed(self, chunk: bytes) -> bytes:
        """Take the provider's next bytes and return the caller's, which may be none yet.

        Never raises: what was readable before something unreadable still reaches the caller.
        """
        if self._out is not None:
            return b"".join(self._events(chunk))
        self._unread.append(chunk)
        self._unread_bytes += len(chunk)
        if self._unread_bytes >= _READ_AT_ONCE:
            self._catch_up()
        return chunk

    @property
    def answer(self) -> StreamAnswer:
        """The answer so far."""
        self._catch_up()
        return self._answer

    @property
    def whole(self) -> bool:
        """Whether the provider has said all it had to say."""
        self._catch_up()
        return self._whole

    @property
    def reasoned(self) -> bool:
        """Whether the answer seems to hold reasoning."""
        self._catch_up()
        return self._reasoned

    @property
    def misread(self) -> int:
        """Events that passed and could not be read."""
        self._catch_up()
        return self._unreadable + self._decoder.skipped

    @property
    def usage(self) -> Usage:
        """What the provider has counted so far; of a cut stream perhaps only what it read."""
        counted, early = self.answer.usage, self._in.usage
        return early if counted.prompt_tokens is None and early is not None else counted

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and was read."""
        answer = self.answer
        return (
            self.stuck is None
            and answer.error is None
            and (self._whole or answer.finish_reason is not None)
        )

    def end(self) -> bytes:
        """The bytes that close the caller's stream when the provider closed its own.

        Some compatible servers say why the model stopped and then close without an end.
        """
        if self._out is None or self._whole or not self.finished:
            return b""
        self._whole = True
        return self._closing()

    @property
    def begun(self) -> Mapping[str, Any]:
        """What the caller's wire says of the answer as a whole; see `form.StreamIn.begun`."""
        self._catch_up()
        return self._in.begun if self._out is None else self._out.begun

    def broken(self, error: Fault) -> bytes:
        """The bytes that end the caller's stream when it breaks off: an event that says why."""
        said = self._caller.write_failure(error, self.begun)
        # What was sent before may have ended in the middle of a line.
        return b"\n\n" + encode_events([(self._caller.error_event, said)])

    def _catch_up(self) -> None:
        """Read what has passed unread."""
        if self._unread:
            chunk = b"".join(self._unread)
            self._unread.clear()
            self._unread_bytes = 0
            self._events(chunk)

    def _events(self, chunk: bytes) -> list[bytes]:
        """Read the events that bytes complete; what they are on the caller's wire."""
        if not self._reasoned:
            seen = self._seen + chunk
            self._reasoned = mentions_reasoning(seen)
            self._seen = seen[-LONGEST_REASONING_MARK:]
        said: list[bytes] = []
        if self.stuck is not None or self._whole:
            return said
        if self._out is None:
            self._read_along(chunk)
            return said
        try:
            said += map(self._translated, self._decoder.feed(chunk))
        except ProviderError as error:
            self.stuck = error
        else:
            self.stuck = self._decoder.problem
        return said

    def _read_along(self, chunk: bytes) -> None:
        source, answer = self._in, self._answer
        for event in self._decoder.feed(chunk):
            try:
                chunks = source.feed(event)
            except ProviderError:
                self._unreadable += 1
                answer.misread()
                continue
            for one in chunks:
                answer.feed(one)
            if source.finished:
                self._whole = True
                break
        if self._decoder.skipped:
            self._answer.misread()

    def _read(self, event: SSEEvent) -> list[dict[str, Any]]:
        """The event as chunks, added to the answer and with their calls settled."""
        chunks = self._in.feed(event)
        self._whole = self._in.finished
        if self._bare is not None:
            chunks = [_bare_chunk(self._bare, chunk) for chunk in chunks]
        return [self._answer.feed(chunk) for chunk in chunks]

    def _translated(self, event: SSEEvent) -> bytes:
        if self._out is None or self._whole:
            return b""  # some servers go on after the end
        chunks = self._read(event)
        said = b"".join([encode_events(self._out.feed(chunk)) for chunk in chunks])
        return said + self._closing() if self._whole else said

    def _closing(self) -> bytes:
        if self._out is None or self._answer.error is not None:
            return b""
        return encode_events(self._out.finish())


def _bare_chunk(bare: BareStream, chunk: dict[str, Any]) -> dict[str, Any]:
    """The chunk with the text that stands bare; what was held back goes before the end."""
    choices = objects(chunk.get("choices"))
    if not choices or choices[0].get("index", 0) != 0:
        return chunk
    choice = choices[0]
    delta = mapping(choice.get("delta"))
    given = string(delta.get("content"))
    text = bare.feed(given) if given else ""
    if choice.get("finish_reason"):
        text += bare.end()
    if text == given:
        return chunk
    changed = {**choice, "delta": {**delta, "content": text}}
    return {**chunk, "choices": [changed, *choices[1:]]}
