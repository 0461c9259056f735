"""A worker's runtime: built once, before the first task."""

from types import SimpleNamespace
from typing import Any

import pytest

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
