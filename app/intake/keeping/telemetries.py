"""Telemetry by source: what waits for its other half, between one request and the next.

What waits is an immutable value a source. A group of batches that finds no place on disk is as if
it had never come: the values from before it are put back.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tierwatch.intake.calls import Readings
from tierwatch.intake.otlp.joining import NOTHING, Waiting, flushed, take
from tierwatch.intake.otlp.requests import telemetry_of
from tierwatch.intake.otlp.telemetry import Telemetry
from tierwatch.intake.unreadable import UnreadableError

State = Mapping[str, Waiting]
_NONE: Final[State] = MappingProxyType({})


class Telemetries:
    """Reads telemetry and joins it. Used by one thread.

    Attributes:
        state: what waits, by source; may be put back.
    """

    def __init__(self) -> None:
        self.state: State = _NONE

    def read(
        self, source: str, signal: str, body: bytes, *, media_type: str, now: float
    ) -> Readings:
        """What can be said after a request.

        Args:
            source: who sent it; only what one source sent is joined.
            signal: ``traces`` or ``logs``.
            body: not compressed any more.
            media_type: of the body.
            now: seconds since 1970.

        Raises:
            UnreadableError: it is no request of OTLP.
        """
        try:
            telemetry = telemetry_of(signal, media_type, body)
        except ValueError as problem:
            raise UnreadableError(
                f"found no {signal} of OTLP ({problem}); accepted: an export request as"
                " application/x-protobuf or application/json"
            ) from problem
        return self._taken(source, telemetry, now)

    def due(self, now: float) -> dict[str, Readings]:
        """By source, what has waited long enough."""
        found = {source: self._taken(source, Telemetry(), now) for source in self.state}
        return {source: one for source, one in found.items() if one.calls or one.counted}

    def flushed(self, now: float) -> dict[str, Readings]:
        """By source, everything that waits, said without what it waits for: at the end."""
        found = {source: flushed(waiting, now) for source, waiting in self.state.items()}
        self.state = _NONE
        return {source: one for source, one in found.items() if one.calls or one.counted}

    def _taken(self, source: str, telemetry: Telemetry, now: float) -> Readings:
        waiting, readings = take(self.state.get(source, NOTHING), telemetry, now)
        self.state = {**self.state, source: waiting}
        return readings
