"""The parts of a gateway's traces are put together from variables and configuration."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load
from factories.served_exchanges import served
from fakes.gateway import Recorded

from tierwatch.errors import SettingsError
from tierwatch.telemetry.build import build_traces

ENVIRON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}


def test_an_exchange_is_recorded_and_waits_to_be_sent(tmp_path: Path) -> None:
    recorded = Recorded()
    traces = build_traces(ENVIRON, load(tmp_path, ARTICLE), recorded)
    traces.recorder.record(served())
    assert len(recorded.exchanges) == 1
    [family] = traces.metrics.collect()
    assert {sample.value for sample in family.samples} == {0.0}
    assert "traceparent" in traces.continued(served().exchange_id, None)


def test_a_sampler_that_keeps_nothing_makes_no_span(tmp_path: Path) -> None:
    environ = ENVIRON | {"OTEL_TRACES_SAMPLER": "always_off", "OTEL_BSP_MAX_QUEUE_SIZE": "1"}
    traces = build_traces(environ, load(tmp_path, ARTICLE), Recorded())
    for _ in range(5):
        traces.recorder.record(served())
    assert traces.exporter.dropped == 0
    assert traces.continued(served().exchange_id, None) == {}


def test_a_queue_of_one_drops_the_second(tmp_path: Path) -> None:
    environ = ENVIRON | {"OTEL_BSP_MAX_QUEUE_SIZE": "1"}
    traces = build_traces(environ, load(tmp_path, ARTICLE), Recorded())
    for _ in range(5):
        traces.recorder.record(served())
    assert traces.exporter.dropped == 4


def test_variables_that_are_not_accepted_are_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="OTEL_TRACES_SAMPLER"):
        build_traces(ENVIRON | {"OTEL_TRACES_SAMPLER": "x"}, load(tmp_path, ARTICLE), Recorded())
