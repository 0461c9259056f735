"""Whether OpenTelemetry's variables name a collector for a signal; else nothing of it is imported.

Source: OpenTelemetry specification, "Environment variables" and "OTLP exporter configuration".
"""

from collections.abc import Mapping
from typing import Literal

Signal = Literal["traces", "logs"]


def names_a_collector(environ: Mapping[str, str], signal: Signal = "traces") -> bool:
    """Whether a signal is asked for.

    >>> names_a_collector({}), names_a_collector({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"})
    (False, True)
    """
    name = signal.upper()
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get(f"OTEL_{name}_EXPORTER", "otlp").strip() in {"none", "console"}:
        return False
    places = (f"OTEL_EXPORTER_OTLP_{name}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return any(environ.get(place) for place in places)
