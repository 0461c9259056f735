"""OpenTelemetry's own variables, as far as they concern us; read from a mapping.

Source: OpenTelemetry specification, "Environment variables" and "OTLP exporter configuration".
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from tierwatch.collector import Signal
from tierwatch.errors import SettingsError

T = TypeVar("T", int, float)

_OTLP: Final = "OTEL_EXPORTER_OTLP_"
_SAMPLERS: Final = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)


# Prefix of the variables of a signal's queue, and its longest wait in milliseconds.
_BATCHES: Final[Mapping[Signal, tuple[str, int]]] = {
    "traces": ("OTEL_BSP_", 5_000),
    "logs": ("OTEL_BLRP_", 1_000),
}


@dataclass(frozen=True, slots=True)
class OtelSettings:
    """Where a signal goes, and how.

    Attributes:
        url: of the collector's signal, as ``http://collector:4318/v1/traces``.
        headers: sent along; they hold keys.
        timeout_s: for one request.
        compressed: whether bodies are packed by gzip.
        resource: attributes of this process.
        sampler: one of OpenTelemetry's names.
        ratio: of traces that are kept, where the sampler has one.
        every_s: longest time until a span or record is sent.
        most_queued: that wait at most; more are dropped.
        most_sent: in one request.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_s: float
    compressed: bool
    resource: Mapping[str, str]
    sampler: str
    ratio: float
    every_s: float
    most_queued: int
    most_sent: int


def read_otel(
    environ: Mapping[str, str], *, service: str, signal: Signal = "traces"
) -> OtelSettings:
    """Read the variables.

    Args:
        environ: the environment.
        service: what this process is called where no variable does.
        signal: what is sent.

    Raises:
        SettingsError: a value is not accepted; all of them are named.
    """
    read = _Reader(environ, signal)
    prefix, every_ms = _BATCHES[signal]
    sampler = read.one_of("OTEL_TRACES_SAMPLER", _SAMPLERS, "parentbased_always_on")
    protocol = read.otlp("PROTOCOL") or "http/protobuf"
    if protocol != "http/protobuf":
        read.problem(f"{_OTLP}PROTOCOL", protocol, "http/protobuf (a collector's port 4318)")
    compression = read.otlp("COMPRESSION") or "none"
    if compression not in {"gzip", "none"}:
        read.problem(f"{_OTLP}COMPRESSION", compression, "gzip or none")
    resource = read.pairs("OTEL_RESOURCE_ATTRIBUTES", environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    named = environ.get("OTEL_SERVICE_NAME", "").strip() or resource.get("service.name")
    found = OtelSettings(
        url=read.url(),
        headers=read.pairs(f"{_OTLP}HEADERS", read.otlp("HEADERS"), secret=True),
        timeout_s=read.number(f"{_OTLP}TIMEOUT", read.otlp("TIMEOUT"), 10_000.0) / 1_000,
        compressed=compression == "gzip",
        resource={**resource, "service.name": named or service},
        sampler=sampler,
        ratio=read.number(
            "OTEL_TRACES_SAMPLER_ARG", environ.get("OTEL_TRACES_SAMPLER_ARG", ""), 1.0, most=1.0
        ),
        every_s=read.counted(f"{prefix}SCHEDULE_DELAY", every_ms) / 1_000,
        most_queued=read.counted(f"{prefix}MAX_QUEUE_SIZE", 2_048),
        most_sent=read.counted(f"{prefix}MAX_EXPORT_BATCH_SIZE", 512),
    )
    if read.problems:
        raise SettingsError("\n".join(read.problems))
    return found


class _Reader:
    def __init__(self, environ: Mapping[str, str], signal: Signal) -> None:
        self._environ = environ
        self._signal = signal
        self._own = f"{_OTLP}{signal.upper()}_"
        self.problems: list[str] = []

    def problem(self, name: str, found: str, accepted: str) -> None:
        self.problems.append(f"{name}: found {found!r}; accepted: {accepted}")

    def otlp(self, name: str) -> str:
        """A variable of the exporter; that of the signal goes before that of all."""
        own = self._environ.get(f"{self._own}{name}", "").strip()
        return own or self._environ.get(f"{_OTLP}{name}", "").strip()

    def url(self) -> str:
        """That of the signal is taken as it is; that of all signals is completed."""
        own = self._environ.get(f"{self._own}ENDPOINT", "").strip()
        base = self._environ.get(f"{_OTLP}ENDPOINT", "").strip()
        url = own or f"{base.rstrip('/')}/v1/{self._signal}"
        try:
            parts = urlsplit(url)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            name = f"{self._own}ENDPOINT" if own else f"{_OTLP}ENDPOINT"
            # Not shown: people put keys into addresses.
            self.problems.append(f"{name}: found no URL; accepted: http://collector:4318")
        return url

    def pairs(self, name: str, text: str, *, secret: bool = False) -> dict[str, str]:
        """``key=value,key=value``, percent-encoded."""
        found = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            key, sign, value = part.partition("=")
            if not sign or not key.strip():
                self.problem(name, "(hidden)" if secret else part, "key=value, separated by commas")
                continue
            found[unquote(key.strip())] = unquote(value.strip())
        return found

    def one_of(self, name: str, accepted: tuple[str, ...], usual: str) -> str:
        found = self._environ.get(name, "").strip() or usual
        if found not in accepted:
            self.problem(name, found, ", ".join(accepted))
        return found

    def number(self, name: str, text: str, usual: float, *, most: float = math.inf) -> float:
        return self._read(name, text, usual, float, lambda n: 0 <= n <= most and n < math.inf)

    def counted(self, name: str, usual: int) -> int:
        return self._read(name, self._environ.get(name, ""), usual, int, lambda n: n > 0)

    def _read(
        self, name: str, text: str, usual: T, read: Callable[[str], T], fits: Callable[[T], bool]
    ) -> T:
        if not text.strip():
            return usual
        try:
            found = read(text)
            if fits(found):
                return found
        except ValueError:
            pass
        self.problem(name, text, f"a number such as {usual:g}")
        return usual
