"""Which body is read how, and what is said of one that is not."""

import json

import pytest
from factories.otlp import (
    gen_ai,
    logs_json,
    logs_protobuf,
    old_records,
    span,
    traces_json,
    traces_protobuf,
)

from tierwatch.intake.otlp.requests import JSON, LOGS, PROTOBUF, TRACES, telemetry_of


@pytest.mark.parametrize("content_type", [JSON, "Application/JSON; charset=utf-8"])
def test_json_is_read_whatever_stands_behind_its_name(content_type: str) -> None:
    sent = span(gen_ai())
    body = json.dumps(traces_json([sent])).encode()
    assert telemetry_of(TRACES, content_type, body).spans == (sent,)
    records = old_records()
    body = json.dumps(logs_json(records)).encode()
    assert telemetry_of(LOGS, content_type, body).records == tuple(records)


def test_protobuf_is_read() -> None:
    sent = span(gen_ai())
    assert telemetry_of(TRACES, PROTOBUF, traces_protobuf([sent])).spans == (sent,)
    records = old_records()
    assert telemetry_of(LOGS, PROTOBUF, logs_protobuf(records)).records == tuple(records)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/grpc", "json"])
def test_another_encoding_is_refused_with_what_is_read(content_type: str) -> None:
    with pytest.raises(ValueError, match=r"send application/x-protobuf or application/json"):
        telemetry_of(TRACES, content_type, b"{}")


def test_metrics_are_not_read() -> None:
    with pytest.raises(ValueError, match="is not read"):
        telemetry_of("metrics", JSON, b"{}")
