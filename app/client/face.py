"""What a client is to its caller, whichever implementation it is."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from tierwatch.client.address import Address

# Opening a connection takes a few round trips; a provider that needs more than this is down, and
# the caller is better served by the retry.
CONNECT_S = 5.0
# aiohttp's own limits of 8,190 bytes and 128 headers refuse answers of gateways that add a header
# for each of their guards; more than this is no head.
MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 256
# Below the 60 s after which cloud load balancers drop an idle connection: one that we let go first
# is never written to as it closes.
IDLE_S = 50.0


class Reply(Protocol):
    """An answer whose head is here. Close it, whatever happened.

    Attributes:
        status: of HTTP; never below 200.
    """

    status: int

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty where there is none."""

    @property
    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        """Names and values of the head, as they were sent."""

    async def read(self) -> bytes:
        """All that has come and was not read yet, once there is something; nothing at the end.

        Raises:
            ClientFault: the answer breaks off, or is broken.
            TimeoutError: nothing came for too long. The connection is gone.
        """

    def unhurried(self, silence_s: float) -> None:
        """From here on each wait may take ``silence_s``; there is no deadline for the whole."""

    def close(self) -> None:
        """Drop the connection, unless the answer came whole: then it is kept for reuse."""


class Client(Protocol):
    """Posts to addresses over connections that it keeps. Open it in the loop that will use it."""

    async def __aenter__(self) -> Self:
        """Make it ready."""

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""

    async def post(
        self,
        address: Address,
        body: bytes,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request, once, and return its answer when the head is here.

        Args:
            address: where to.
            body: what to send.
            deadline: by the loop's clock; the answer must have come whole by then, unless the
                reply is told to be `Reply.unhurried`.
            headers: sent beside those of the address.

        Raises:
            ClientFault: there is no answer, or no connection within `CONNECT_S`.
            TimeoutError: there was none by the deadline.
            ValueError: a header would not stay one line.
        """
