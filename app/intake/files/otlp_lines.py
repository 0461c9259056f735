"""OTLP in files: one export request a line, as the collector's file exporter writes them."""

from typing import Final

from tierwatch.intake.calls import Readings
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.otlp.joining import BOUNDS, NOTHING, flushed, take
from tierwatch.intake.otlp.json_requests import records_of_json, spans_of_json
from tierwatch.store.documents import Json
from tierwatch.wire.json_bytes import write_json

ACCEPTED: Final = 'a line is an export request with "resourceSpans" or "resourceLogs"'
# A file has no clock: halves wait for its end, and are bounded by their number alone.
_BOUNDS: Final = BOUNDS._replace(age_s=float("inf"), remembered_s=float("inf"))


class OtlpLines:
    """Reads a file's requests; content in log records may stand before or after its span."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._waiting = NOTHING

    def read(self, value: Json, /) -> Readings:
        """What a request completes."""
        body = write_json(value)
        if "resourceSpans" in value:
            telemetry = spans_of_json(body)
        elif "resourceLogs" in value:
            telemetry = records_of_json(body)
        else:
            raise NotThisKindError("no resourceSpans or resourceLogs")
        self._waiting, said = take(self._waiting, telemetry, self._now, _BOUNDS)
        return said

    def end(self) -> Readings:
        """What waited for nothing."""
        waiting, self._waiting = self._waiting, NOTHING
        return flushed(waiting, self._now)
