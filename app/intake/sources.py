"""The table of what may be sent: a path, who reads what comes there, and how it is answered.

Another source is one line here, one file that reads it (`bytes` -> `calls.Readings`, pure), its
bodies in tests/factories/sources.py for the contract test, and its page in docs/sources.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tierwatch.config.watch import SourceKind
from tierwatch.intake.calls import Readings
from tierwatch.intake.json_sources.litellm import read_litellm
from tierwatch.intake.json_sources.outcomes import read_outcomes
from tierwatch.intake.otlp.requests import LOGS, TRACES

# A body, not compressed any more, and its media type -> what it is read as. Raises
# `UnreadableError` alone.
Read = Callable[[bytes, str], Readings]


class Source(NamedTuple):
    """What may be posted at a path.

    Attributes:
        kind: what a key has to accept.
        read: reads a body; None of telemetry, which is joined between requests.
        signal: of OTLP, ``traces`` or ``logs``; "" of everything else.
        basic: whether a key may also come as the password of basic authorisation.
    """

    kind: SourceKind
    read: Read | None
    signal: str = ""
    basic: bool = False


def _of_json(read: Callable[[bytes], Readings]) -> Read:
    def reads(body: bytes, media_type: str) -> Readings:
        del media_type
        return read(body)

    return reads


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "/litellm": Source("litellm", _of_json(read_litellm)),
        "/v1/outcomes": Source("outcomes", _of_json(read_outcomes)),
        "/v1/traces": Source("otlp", None, TRACES),
        "/v1/logs": Source("otlp", None, LOGS),
        # Langfuse's SDK shows its keys as user and password.
        "/api/public/otel/v1/traces": Source("otlp", None, TRACES, basic=True),
    }
)
