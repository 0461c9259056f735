"""A worker's runtime: built once, before the first task."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tierwatch.loop.compare.listening import NOBODY
from tierwatch_workers import process as module


def test_the_runtime_is_built_once_and_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[Any] = []
    told: list[Any] = []
    monkeypatch.setattr(
        module, "build_runtime", lambda settings: built.append(settings) or SimpleNamespace()
    )
    monkeypatch.setattr(module, "configure_logging", told.append)
    module._built.cache_clear()
    try:
        module._build_at_start()
        assert module.runtime() is module.runtime()
    finally:
        module._built.cache_clear()
    assert len(built) == len(told) == 1


@pytest.fixture
def forgetful() -> Iterator[None]:
    """What the process built once is built anew, and forgotten again."""
    module._telemetry.cache_clear()
    yield
    module._telemetry.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_without_a_collector_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert module.listener() is NOBODY


@pytest.mark.usefixtures("forgetful")
def test_with_a_collector_evaluation_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    at = SimpleNamespace(config=SimpleNamespace(providers={"lab": SimpleNamespace(kind="openai")}))
    monkeypatch.setattr(module, "runtime", lambda: at)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    listener: Any = module.listener()
    assert listener.vendors == {"lab": "openai"}
    assert module.listener() is listener


@pytest.mark.usefixtures("forgetful")
def test_a_variable_that_is_not_accepted_costs_the_telemetry_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = SimpleNamespace(config=SimpleNamespace(providers={}))
    monkeypatch.setattr(module, "runtime", lambda: at)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert module.listener() is NOBODY
    assert "accepted: http/protobuf" in capsys.readouterr().out
