"""What a caller has got of its reply."""

import time
from collections.abc import Mapping
from typing import Any

from tierwatch.gateway.answer.answer import Said

# Nginx's status for a caller who left before the answer; never sent, only recorded.
CALLER_LEFT = 499


class Sent:
    """One request's reply so far. Written by the replying step and by nobody else.

    Apart from the reply, so that it stands when the caller leaves in the middle.

    Attributes:
        status: HTTP status.
        first_byte_ms: from the request's arrival to the reply's headers; None before them.
        overhead_ms: the part of it that the gateway itself took; 0 before them.
        said: the answer that was sent, as far as it came; None for an error.
        response: the same as the caller's wire has it, where answers are asked for again by their
            id; None on other wires.
    """

    __slots__ = ("_started", "first_byte_ms", "overhead_ms", "response", "said", "status")

    def __init__(self, started: float) -> None:
        self._started = started
        self.status = CALLER_LEFT
        self.first_byte_ms: float | None = None
        self.overhead_ms = 0.0
        self.said: Said | None = None
        self.response: Mapping[str, Any] | None = None

    def begins(self, status: int, waited_s: float) -> None:
        """The headers are about to be sent; providers took ``waited_s`` of the time so far."""
        elapsed_s = time.perf_counter() - self._started
        self.status = status
        self.overhead_ms = (elapsed_s - waited_s) * 1000
        self.first_byte_ms = elapsed_s * 1000

    def shows(self, response: Mapping[str, Any] | None) -> None:
        """This is the answer as its caller may ask for it again."""
        self.response = response

    def says(self, said: Said) -> None:
        """This is the answer."""
        self.said = said
