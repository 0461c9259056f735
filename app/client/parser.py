"""Reads the answers of one connection from its bytes, in whatever pieces they come. No I/O."""

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from tierwatch.client.answer import Answer
from tierwatch.client.face import MOST_HEAD_BYTES, MOST_HEADERS
from tierwatch.client.faults import BrokenAnswerError, CutError, UnreachableError

_INTERIM = 100
_SWITCHING = 101
_FINAL = 200


class AnswerParser:
    """Fills one `Answer` after the other.

    Interim answers (100, 103) are passed over. httptools calls the methods ``on_...`` while it is
    fed; whether a connection may be kept can only be asked inside them.
    """

    __slots__ = ("_answer", "_head", "_http", "_idle", "_interim")

    def __init__(self) -> None:
        self._http = HttpResponseParser(self)
        self._answer = Answer()
        self._head = 0
        self._idle = 0
        self._interim = False

    def expect(self, answer: Answer) -> None:
        """What comes next belongs to this answer."""
        self._answer = answer
        self._head = 0
        self._idle = 0

    def feed(self, data: bytes) -> None:
        """Read what has come.

        Raises:
            BrokenAnswerError: it is not HTTP, and the answer was not whole before it.
        """
        # Framing that brings no byte of the body is bounded as the head is: trailers and the
        # extensions of a chunk would otherwise gather inside the parser for ever.
        self._idle += len(data)
        try:
            self._http.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if self._answer.whole:  # the answer is good; what follows it belongs to nobody
                self._answer.reusable = False
                return
            ours = error.__context__
            if isinstance(ours, BrokenAnswerError):
                raise ours from None
            raise BrokenAnswerError(str(error)) from error
        if self._idle > MOST_HEAD_BYTES and not self._answer.whole:
            raise BrokenAnswerError(f"more than {MOST_HEAD_BYTES:,} bytes without a body")

    def end(self) -> None:
        """The connection ended in good order.

        Raises:
            UnreachableError: before the head was here.
            CutError: before the body was whole.
        """
        answer = self._answer
        if answer.whole:
            return
        if not answer.status:
            raise UnreachableError("the connection was closed without an answer")
        if answer.says_its_end:
            raise CutError("the connection was closed in the middle of the answer")
        answer.whole = True

    def on_message_begin(self) -> None:
        """An answer begins; one that nobody asked for makes the connection useless."""
        if self._answer.whole:
            self._answer.reusable = False
            raise BrokenAnswerError("a second answer to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody reads."""
        self._head += len(name) + len(value) + 4
        fields = self._answer.fields
        if self._head > MOST_HEAD_BYTES or len(fields) >= MOST_HEADERS:
            raise BrokenAnswerError(
                f"a head of more than {MOST_HEAD_BYTES:,} bytes or {MOST_HEADERS} headers"
            )
        if not self._answer.status:
            fields.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        status = self._http.get_status_code()
        if status == _SWITCHING or status < _INTERIM:
            raise BrokenAnswerError("a switch to another protocol, or no status")
        if status < _FINAL:
            self._interim = True
            self._answer.fields.clear()
            return
        self._answer.status = status
        self._answer.reusable = self._http.should_keep_alive()

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        self._idle = 0
        self._answer.add(part)

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was an interim one."""
        if self._interim:
            self._interim = False
        else:
            self._answer.whole = True
