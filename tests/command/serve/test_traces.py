"""A gateway exports traces where it is asked to, and otherwise has none of it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from factories.config import ARTICLE, load
from fakes.gateway import Recorded

from tierwatch.command.serve.traces import asked_traces

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


def test_without_a_collector_the_recorder_is_the_gateways_own(tmp_path: Path) -> None:
    recorder: Any = Recorded()
    traces = asked_traces({}, load(tmp_path, ARTICLE), recorder)
    assert traces.parts() == {"recorder": recorder, "registry": None}
    assert traces.continued is None
    with traces.running():
        assert traces.exporter is None


def test_with_a_collector_everything_is_there_and_is_stopped(tmp_path: Path) -> None:
    recorder: Any = Recorded()
    traces = asked_traces(ENDPOINT, load(tmp_path, ARTICLE), recorder)
    parts = traces.parts()
    assert parts["recorder"] is not recorder
    assert traces.continued is not None
    assert [one.name for one in parts["registry"].collect()] == ["tierwatch_gateway_spans"]
    with traces.running():
        pass
    assert traces.exporter is not None


def test_a_variable_that_is_not_accepted_costs_the_traces_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder: Any = Recorded()
    wrong = ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert asked_traces(wrong, load(tmp_path, ARTICLE), recorder).exporter is None
    assert "accepted: http/protobuf" in capsys.readouterr().out


def test_without_a_collector_nothing_of_it_is_imported() -> None:
    code = (
        "import sys; from tierwatch.command.serve.traces import asked_traces;"
        "asked_traces({}, None, None);"
        "print([n for n in sys.modules if n.startswith(('tierwatch.telemetry', 'opentelemetry'))])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"
