"""Traces of a gateway where OpenTelemetry's variables ask for them; else nothing is imported."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tierwatch.collector import names_a_collector
from tierwatch.errors import SettingsError

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from tierwatch.config import Config
    from tierwatch.loop.capture.exchange import Recorder
    from tierwatch.telemetry.exporter import Exporter

_STOP_S = 5.0


@dataclass(frozen=True)
class Traces:
    """What a gateway is built with.

    Attributes:
        recorder: of exchanges; makes their spans, too, where these are asked for.
        continued: gives calls to providers their trace; None where none are exported.
        registry: of metrics, with those of spans; None for a new one.
        exporter: None where none are exported.
    """

    recorder: "Recorder"
    continued: "Callable[[uuid.UUID, dict[str, str] | None], dict[str, str]] | None" = None
    registry: "CollectorRegistry | None" = None
    exporter: "Exporter | None" = None

    def parts(self) -> dict[str, Any]:
        """The arguments of `build_gateway` that they are."""
        return {
            "recorder": self.recorder,
            "registry": self.registry,
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send spans meanwhile, and what still waits at the end."""
        if self.exporter is None:
            yield
            return
        self.exporter.start()
        try:
            yield
        finally:
            self.exporter.stop(_STOP_S)


def asked_traces(environ: Mapping[str, str], config: "Config", recorder: "Recorder") -> Traces:
    """The traces that the environment asks for.

    A variable that is not accepted is said and costs the traces: callers are served without them.
    """
    if not names_a_collector(environ):
        return Traces(recorder)
    from prometheus_client import CollectorRegistry

    from tierwatch.telemetry.build import build_traces

    try:
        built = build_traces(environ, config, recorder)
    except SettingsError as problem:
        import structlog  # after `lean_imports`, or it brings `rich` along

        log = structlog.get_logger(__name__)
        log.warning("no traces are exported", why=str(problem))
        return Traces(recorder)
    registry = CollectorRegistry()
    registry.register(built.metrics)
    return Traces(built.recorder, built.continued, registry, built.exporter)
