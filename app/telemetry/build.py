"""The parts of the gateway's traces, put together."""

from collections.abc import Mapping
from dataclasses import dataclass

from tierwatch.config import Config
from tierwatch.loop.capture.exchange import Recorder
from tierwatch.telemetry.continued import Continued
from tierwatch.telemetry.exporter import Exporter
from tierwatch.telemetry.otel_environment import read_otel
from tierwatch.telemetry.traced_recorder import SpanMetrics, TracedRecorder, sampler


@dataclass(frozen=True, slots=True)
class GatewayTraces:
    """What a gateway that exports traces has more than one that does not.

    Attributes:
        recorder: makes a span of each exchange, and records it.
        continued: gives calls to providers their trace.
        exporter: to be started, and stopped.
        metrics: how many spans were sent.
    """

    recorder: Recorder
    continued: Continued
    exporter: Exporter
    metrics: SpanMetrics


def build_traces(environ: Mapping[str, str], config: Config, recorder: Recorder) -> GatewayTraces:
    """Build them.

    Raises:
        SettingsError: a variable of OpenTelemetry's is not accepted.
    """
    settings = read_otel(environ, service="tierwatch-gateway")
    exporter = Exporter(settings)
    keeps = sampler(settings.sampler, settings.ratio)
    vendors = {name: provider.kind for name, provider in config.providers.items()}
    return GatewayTraces(
        TracedRecorder(recorder, exporter, keeps, vendors),
        Continued(keeps),
        exporter,
        SpanMetrics(exporter),
    )
