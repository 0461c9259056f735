"""The door for bodies: what came by which path in which encoding, as telemetry."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tierwatch.intake.otlp.json_requests import records_of_json, spans_of_json
from tierwatch.intake.otlp.protobuf_requests import records_of_protobuf, spans_of_protobuf
from tierwatch.intake.otlp.telemetry import Telemetry

Decoder = Callable[[bytes], Telemetry]

TRACES: Final = "traces"
LOGS: Final = "logs"

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_DECODERS: Final[Mapping[tuple[str, str], Decoder]] = MappingProxyType(
    {
        (TRACES, PROTOBUF): spans_of_protobuf,
        (TRACES, JSON): spans_of_json,
        (LOGS, PROTOBUF): records_of_protobuf,
        (LOGS, JSON): records_of_json,
    }
)


def telemetry_of(signal: str, content_type: str, body: bytes) -> Telemetry:
    """What a request carries. ``signal`` is `TRACES` or `LOGS`; the body is uncompressed.

    Raises:
        ValueError: the encoding is neither of the two, or the body is not in it. The sentence
            says what is accepted.
    """
    kind = content_type.partition(";")[0].strip().lower()
    decode = _DECODERS.get((signal, kind))
    if decode is None:
        raise ValueError(f"content-type {kind or '(none)'} is not read: send {PROTOBUF} or {JSON}")
    return decode(body)
