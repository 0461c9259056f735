"""What a wire brings: the functions that stand under the same names in each wire's package."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from tierwatch.wire.chat import ChatAnswer, ChatRequest
from tierwatch.wire.crossing.rewritten import Rewritten
from tierwatch.wire.fault import Fault
from tierwatch.wire.history.reader import Fitted, Reader
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.usage import Usage

Chunk = dict[str, Any]
_NOTHING: Mapping[str, Any] = MappingProxyType({})
# The name of a stream's event, empty on wires that name none, and what it holds: JSON, or a word.
Said = tuple[str, Mapping[str, Any] | str]


class AnswerTo(NamedTuple):
    """Whom an answer is for, on a wire whose answers say so; the other wires do not ask.

    Attributes:
        request: the caller's body: some answers repeat much of it, and name its tools.
        id: that the answer is to have; empty for the one that its provider gave it.
    """

    request: Mapping[str, Any] = _NOTHING
    id: str = ""


NOBODY = AnswerTo()


class StreamIn(Protocol):
    """Reads a provider's stream as chunks (see `stream_answer`)."""

    @property
    def finished(self) -> bool:
        """Whether the provider has said all it had to say."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What is counted so far, where the chunks do not say it yet; None where they do."""
        ...

    @property
    def begun(self) -> Mapping[str, Any]:
        """What the end of a stream that breaks off must name; see `Wire.write_failure`.

        On a wire whose answers are asked for again by their id, ``response`` is the answer so far.
        """
        ...

    def feed(self, event: SSEEvent) -> list[Chunk]:
        """The chunks that the next event becomes.

        Raises:
            ProviderError: kind ``unreadable`` when the event is none of this wire's: going on would
                leave a hole in the answer.
        """
        ...


class StreamOut(Protocol):
    """Writes chunks as the events of a caller's stream."""

    def feed(self, chunk: Chunk) -> Iterable[Said]:
        """The events that the next chunk becomes."""
        ...

    def finish(self) -> Iterable[Said]:
        """The events that end the stream. Not called for one that was cut."""
        ...

    @property
    def begun(self) -> Mapping[str, Any]:
        """What the end of a stream that breaks off must name; see `Wire.write_failure`."""
        ...


class BeginStreamIn(Protocol):
    """Begins to read a stream."""

    def __call__(self, *, created: int = 0) -> StreamIn:
        """The reader; ``created`` is epoch seconds, for a stream that has none."""
        ...


class BeginStreamOut(Protocol):
    """Begins to write a stream."""

    def __call__(self, *, include_usage: bool = True, to: AnswerTo = NOBODY) -> StreamOut:
        """The writer; ``include_usage`` counts where a wire leaves that to the caller."""
        ...


class FittedHistory(Protocol):
    """Fits the history in a request of this wire to its reader."""

    def __call__(self, request: Mapping[str, Any], /, *, to: str, reader: Reader) -> Fitted:
        """The request as its reader, on the wire ``to``, can take it, still on this wire."""
        ...


class ReadReply(Protocol):
    """Reads a whole answer."""

    def __call__(self, reply: object, /, *, created: int = 0) -> ChatAnswer:
        """What it says; ``created`` is epoch seconds, for a reply that has none."""
        ...


class WriteReply(Protocol):
    """Writes a whole answer."""

    def __call__(self, answer: ChatAnswer, /, *, to: AnswerTo = NOBODY) -> dict[str, Any]:
        """The body for a caller."""
        ...


class WholeStream(Protocol):
    """Writes a whole answer of this wire as the stream that a caller asked for."""

    def __call__(self, reply: Mapping[str, Any], /, *, include_usage: bool) -> bytes:
        """All its events; ``include_usage`` counts where a wire leaves that to the caller."""
        ...


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire. `tests/wire/test_contract.py` says what is asked of each function.

    Attributes:
        name: as configuration says it.
        route: where the gateway takes a caller's chats.
        chat_url: where a provider with this base URL takes chats.
        auth_headers: the headers that show a provider its key, where there is one.
        read_request: a caller's body as a typed request; never raises.
        write_request: the body for a provider, and what was fitted for it.
        read_reply: a provider's whole answer as a typed answer.
        write_reply: the body for a caller.
        stream_in: a provider's stream as chunks.
        stream_out: chunks as a caller's stream.
        whole_stream: a whole answer as a stream.
        read_error: an error body and its HTTP status as a typed error; None for another wire's.
        write_error: the error body.
        error_event: the name of the event that carries an error in a stream.
        write_failure: what that event holds where a stream breaks off, by what had begun.
        read_usage: the counts in a whole answer, whether or not that can be used.
        write_usage: the counts as a whole answer has them.
        fitted_history: a request whose history its reader can take.
        messages_of: the conversation in a request as messages of roles, of which each wire's are
            read alike (`history.marks`); a `Reader` counts them.
    """

    name: str
    route: str
    chat_url: Callable[[str], str]
    auth_headers: Callable[[str], dict[str, str]]
    read_request: Callable[[Mapping[str, Any]], ChatRequest]
    write_request: Callable[[ChatRequest], Rewritten]
    read_reply: ReadReply
    write_reply: WriteReply
    stream_in: BeginStreamIn
    stream_out: BeginStreamOut
    whole_stream: WholeStream
    read_error: Callable[[object, int], Fault | None]
    write_error: Callable[[Fault], dict[str, Any]]
    error_event: str
    write_failure: Callable[[Fault, Mapping[str, Any]], dict[str, Any]]
    read_usage: Callable[[object], Usage]
    write_usage: Callable[[Usage], dict[str, Any]]
    fitted_history: FittedHistory
    messages_of: Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
