"""A worker's telemetry, put together from OpenTelemetry's variables."""

import gzip
from typing import Any

import pytest
from factories.evaluated import BY_CALLER, SECRET, answered, call, evaluated, verdict
from fakes.posts import Post, posts
from fakes.waiting import until
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tierwatch.errors import SettingsError
from tierwatch.telemetry.build_evaluation import EvaluationTelemetry, build_evaluation_telemetry

AWAY = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


def built(environ: dict[str, str]) -> EvaluationTelemetry:
    found = build_evaluation_telemetry(environ, {"lab": "openai"})
    assert found is not None
    return found


def test_without_a_collector_there_is_none() -> None:
    assert build_evaluation_telemetry({}, {}) is None
    assert build_evaluation_telemetry(AWAY | {"OTEL_SDK_DISABLED": "true"}, {}) is None


@pytest.mark.parametrize(
    ("environ", "signals"),
    [
        (AWAY, {"traces", "logs"}),
        (AWAY | {"OTEL_LOGS_EXPORTER": "none"}, {"traces"}),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c/v1/logs"}, {"logs"}),
    ],
)
def test_each_signal_has_an_exporter_where_it_is_asked_for(
    environ: dict[str, str], signals: set[str]
) -> None:
    assert set(built(environ).exporters) == signals


def test_spans_and_events_reach_a_collector() -> None:
    def take(_: Post) -> tuple[int, bytes]:
        return 200, b""

    with posts(take) as collector:
        telemetry = built(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
                "OTEL_BSP_SCHEDULE_DELAY": "20",
                "OTEL_BLRP_SCHEDULE_DELAY": "20",
            }
        )
        telemetry.start()
        try:
            telemetry.listener.shadowed(evaluated(BY_CALLER), call(), answered())
            telemetry.listener.judged(evaluated(BY_CALLER), call(), verdict())
            until(lambda: telemetry.exporters["logs"].exported == 1)
            until(lambda: telemetry.exporters["traces"].exported == 2)
        finally:
            telemetry.stop(30)
        bodies = {
            path: b"".join(gzip.decompress(post.body) for post in collector.taken(path))
            for path in ("/v1/traces", "/v1/logs")
        }
    spans = ExportTraceServiceRequest.FromString(bodies["/v1/traces"]).resource_spans
    names = [span.name for one in spans for scope in one.scope_spans for span in scope.spans]
    assert sorted(names) == ["chat medium-1", "judge"]
    [logs] = ExportLogsServiceRequest.FromString(bodies["/v1/logs"]).resource_logs
    assert [one.event_name for one in logs.scope_logs[0].log_records] == [
        "gen_ai.evaluation.result"
    ]
    [service] = [one for one in logs.resource.attributes if one.key == "service.name"]
    assert service.value.string_value == "tierwatch-worker"


def test_a_collector_that_is_away_slows_nobody_and_is_counted() -> None:
    telemetry = built(AWAY | {"OTEL_BLRP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_QUEUE_SIZE": "10"})
    for _ in range(25):
        telemetry.listener.judged(evaluated(), call(), verdict())
    assert [one.dropped for one in telemetry.exporters.values()] == [15, 15]
    telemetry.stop(1)


@pytest.mark.parametrize(
    ("value", "goes"),
    [
        ("", False), ("false", False), ("no_content", False), ("span_only", False),
        ("true", True), ("EVENT_ONLY", True), ("span_and_event", True),
    ],
)  # fmt: skip
def test_the_judges_words_go_where_content_is_allowed(value: str, *, goes: bool) -> None:
    listener: Any = built(AWAY | {CONTENT: value}).listener
    listener.judged(evaluated(), call(), verdict())
    [event] = listener.events._queue
    assert (SECRET.encode() in event) is goes


def test_a_variable_that_is_not_accepted_is_said() -> None:
    with pytest.raises(SettingsError, match="OTEL_BLRP_MAX_QUEUE_SIZE"):
        build_evaluation_telemetry(AWAY | {"OTEL_BLRP_MAX_QUEUE_SIZE": "many"}, {})
