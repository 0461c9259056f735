"""What the gateway hands its exchanges to, as settings and configuration say."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factories.config import ARTICLE, load

from tierwatch.errors import SettingsError
from tierwatch.fit.memory import Memory
from tierwatch.runtime import recorder as module
from tierwatch.runtime.recorder import build_recorder
from tierwatch.runtime.sampling import sampling_plan
from tierwatch.settings import Settings

Given = dict[str, Any]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """What the recorder was built from; nothing is started."""
    held: Given = {}
    monkeypatch.setattr(module, "CaptureRecorder", lambda **more: held.update(more))
    monkeypatch.setattr(module, "CeleryDispatch", lambda url: f"dispatch to {url}")
    return iter([held])


def test_the_recorder_samples_and_spools_as_it_is_told(
    tmp_path: Path, given: Iterator[Given]
) -> None:
    settings = Settings(
        data_dir=tmp_path, spool_max_mb=3, gateway_port=9_000, redis_url="redis://h/1"
    )
    text = "evaluation: {sample_rate: 0.2, budget_usd_per_day: 4}\ngateway: {capture_buffer: 7}\n"
    config = load(tmp_path, ARTICLE + text)
    engine: Any = object()
    memory = Memory(config.tiers)
    build_recorder(settings, config, engine=engine, memory=memory)
    built = next(given)
    assert built["read"]._memory is memory
    assert built["engine"] is engine
    assert built["dispatch"] == "dispatch to redis://h/1"
    assert (built["plan"], built["tiers"]) == (sampling_plan(config), config.tiers)
    assert (built["budget_usd_per_day"], built["buffer"]) == (4.0, 7)
    spools = built["spools"]
    assert spools.own.path.parent == tmp_path / "spool"
    assert f"-9000-{os.getpid()}-" in spools.own.path.name
    assert not spools.own.append(b"x" * 3_000_000)  # with its line break one too many
    assert "jo@example.org" not in built["redact"]("write to jo@example.org")


@pytest.mark.usefixtures("given")
def test_a_redactor_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    settings = Settings(redactor="no.such.module:hide")
    engine: Any = object()
    with pytest.raises(SettingsError, match="TIERWATCH_REDACTOR"):
        build_recorder(settings, load(tmp_path, ARTICLE), engine=engine, memory=Memory())
