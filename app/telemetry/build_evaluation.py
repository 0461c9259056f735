"""The parts of a worker's telemetry, put together from OpenTelemetry's variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tierwatch.collector import Signal, names_a_collector
from tierwatch.loop.compare.listening import Listener
from tierwatch.telemetry.evaluated_pairs import EvaluatedPairs, EvaluationMetrics
from tierwatch.telemetry.exporter import Exporter
from tierwatch.telemetry.otel_environment import read_otel
from tierwatch.telemetry.traced_recorder import sampler

_SERVICE: Final = "tierwatch-worker"
# Whether instrumentations of GenAI may send content, by OpenTelemetry's own variable, and those of
# its values that allow it in events.
_CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_ALLOWED: Final = frozenset({"true", "event_only", "span_and_event"})


@dataclass(frozen=True, slots=True)
class EvaluationTelemetry:
    """What a worker that exports has more than one that does not.

    Attributes:
        listener: is told what evaluation does.
        exporters: by signal; to be started, and stopped.
        metrics: how much was sent.
    """

    listener: Listener
    exporters: Mapping[Signal, Exporter]
    metrics: EvaluationMetrics

    def start(self) -> None:
        """Begin to send."""
        for exporter in self.exporters.values():
            exporter.start()

    def stop(self, within_s: float) -> None:
        """Send what waits, once, and end."""
        for exporter in self.exporters.values():
            exporter.stop(within_s)


def build_evaluation_telemetry(
    environ: Mapping[str, str], vendors: Mapping[str, str]
) -> EvaluationTelemetry | None:
    """Build what the environment asks for; None where it asks for nothing.

    Args:
        environ: the environment.
        vendors: what the conventions call a provider, by its name in the configuration.

    Raises:
        SettingsError: a variable of OpenTelemetry's is not accepted.
    """
    signals: tuple[Signal, ...] = ("traces", "logs")
    settings = {
        signal: read_otel(environ, service=_SERVICE, signal=signal)
        for signal in signals
        if names_a_collector(environ, signal)
    }
    if not settings:
        return None
    exporters = {signal: Exporter(one) for signal, one in settings.items()}
    any_of_them = next(iter(settings.values()))
    listener = EvaluatedPairs(
        spans=exporters.get("traces"),
        events=exporters.get("logs"),
        keeps=sampler(any_of_them.sampler, any_of_them.ratio),
        vendors=vendors,
        explained=environ.get(_CONTENT, "").strip().lower() in _ALLOWED,
    )
    return EvaluationTelemetry(listener, exporters, EvaluationMetrics(exporters))
