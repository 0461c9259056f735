"""When OpenTelemetry's variables ask for a signal."""

import pytest

from tierwatch.collector import Signal, names_a_collector

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c/v1/logs"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE "}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "no"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (ENDPOINT | {"OTEL_LOGS_EXPORTER": "none"}, True),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_when_traces_are_asked_for(environ: dict[str, str], *, asked: bool) -> None:
    assert names_a_collector(environ) is asked


@pytest.mark.parametrize(
    ("environ", "signals"),
    [
        (ENDPOINT, {"traces", "logs"}),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c/v1/logs"}, {"logs"}),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/traces"}, {"traces"}),
        (ENDPOINT | {"OTEL_LOGS_EXPORTER": "none"}, {"traces"}),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "console"}, {"logs"}),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, set()),
    ],
)
def test_each_signal_is_asked_for_by_itself(environ: dict[str, str], signals: set[Signal]) -> None:
    both: tuple[Signal, ...] = ("traces", "logs")
    assert {signal for signal in both if names_a_collector(environ, signal)} == signals
