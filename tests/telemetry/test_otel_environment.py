"""OpenTelemetry's variables mean here what they mean everywhere."""

from typing import Any

import pytest

from tierwatch.errors import SettingsError
from tierwatch.telemetry.otel_environment import OtelSettings, read_otel

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


def read(**more: str) -> OtelSettings:
    return read_otel(ENDPOINT | more, service="tierwatch-gateway")


def test_what_follows_from_an_endpoint_alone() -> None:
    assert read() == OtelSettings(
        url="http://collector:4318/v1/traces",
        headers={},
        timeout_s=10.0,
        compressed=False,
        resource={"service.name": "tierwatch-gateway"},
        sampler="parentbased_always_on",
        ratio=1.0,
        every_s=5.0,
        most_queued=2_048,
        most_sent=512,
    )


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c/base/"}, "https://c/base/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t:1/mine"}, "http://t:1/mine"),
    ],
)
def test_the_endpoint_of_traces_is_taken_as_it_is(environ: dict[str, str], url: str) -> None:
    assert read(**environ).url == url


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b, c=d%20e,", "headers", {"a": "b", "c": "d e"}),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x=y=z", "headers", {"x": "y=z"}),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500", "timeout_s", 2.5),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "compressed", True),
        ("OTEL_TRACES_SAMPLER", "traceidratio", "sampler", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25", "ratio", 0.25),
        ("OTEL_BSP_SCHEDULE_DELAY", "200", "every_s", 0.2),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "7", "most_queued", 7),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "3", "most_sent", 3),
        ("OTEL_SERVICE_NAME", "router", "resource", {"service.name": "router"}),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=named,team=a%2Cb",
            "resource",
            {"service.name": "named", "team": "a,b"},
        ),
    ],
)
def test_each_variable(name: str, value: str, field: str, expected: Any) -> None:
    assert getattr(read(**{name: value}), field) == expected


def test_the_services_own_variable_goes_before_the_resources() -> None:
    found = read(OTEL_SERVICE_NAME="a", OTEL_RESOURCE_ATTRIBUTES="service.name=b")
    assert found.resource == {"service.name": "a"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "found 'grpc'; accepted: http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "accepted: gzip or none"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "accepted: http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[", "accepted: http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "accepted: a number such as 10000"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "inf", "accepted: a number such as 10000"),
        ("OTEL_TRACES_SAMPLER", "mine", "accepted: always_on, always_off"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "accepted: a number such as 1"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan", "accepted: a number such as 1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "accepted: a number such as 2048"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1.5", "accepted: a number such as 5000"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team", "accepted: key=value"),
    ],
)
def test_what_is_not_accepted_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as problem:
        read(**{name: value})
    assert str(problem.value).startswith(f"{name}: ")
    assert said in str(problem.value)


def test_keys_are_never_shown() -> None:
    assert "s3cret" not in repr(read(OTEL_EXPORTER_OTLP_HEADERS="authorization=s3cret"))
    for name in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        with pytest.raises(SettingsError) as problem:
            read(**{name: "s3cret"})
        assert "s3cret" not in str(problem.value)


def test_logs_have_variables_of_their_own() -> None:
    found = read_otel(
        ENDPOINT
        | {
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x=traces",
            "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "x=logs",
            "OTEL_BSP_MAX_QUEUE_SIZE": "7",
            "OTEL_BLRP_MAX_QUEUE_SIZE": "9",
        },
        service="tierwatch-worker",
        signal="logs",
    )
    assert (found.url, found.headers) == ("http://collector:4318/v1/logs", {"x": "logs"})
    assert (found.every_s, found.most_queued, found.most_sent) == (1.0, 9, 512)


def test_the_endpoint_of_logs_is_taken_as_it_is_and_named_where_it_is_none() -> None:
    own = {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://l:1/mine"}
    assert read_otel(own, service="w", signal="logs").url == "http://l:1/mine"
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: found no URL"):
        read_otel({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "l"}, service="w", signal="logs")
