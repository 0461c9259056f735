"""`tierwatch gateway`: built from settings, served, and everything closed behind it."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tierwatch.command.serve.gateway import run_gateway
from tierwatch.command.serve.serving_config import serving_config
from tierwatch.errors import ConfigError, UsageError
from tierwatch.gateway import server as front
from tierwatch.settings import Settings, read_settings

CONFIG = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers: {own: {kind: openai, base_url: "http://127.0.0.1:1/v1"}}
"""


@pytest.fixture
def settings(engine: Engine, redis_url: str, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return replace(
        read_settings({}),
        config=tmp_path / "tierwatch.yaml",
        data_dir=tmp_path / "data",
        database_url=engine.url.render_as_string(hide_password=False),
        redis_url=redis_url,
        gateway_port=9000,
    )


def test_the_gateway_serves_its_tiers_and_leaves_nothing_running(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []

    def serve(app: Any, host: str, port: int, **_: Any) -> None:
        with TestClient(app) as client:
            models = client.get("/v1/models").json()["data"]
            served.append((host, port, {model["id"] for model in models}))

    monkeypatch.setattr(front, "run_server", serve)
    before = threading.active_count()
    run_gateway(settings, {})
    ((host, port, models),) = served
    assert (host, port) == ("127.0.0.1", 9000)
    assert {"auto", "simple", "complex"} <= models
    assert threading.active_count() <= before


def test_what_was_begun_is_ended_also_when_serving_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(*_: Any, **__: Any) -> None:
        raise OSError("address in use")

    monkeypatch.setattr(front, "run_server", serve)
    before = threading.active_count()
    with pytest.raises(OSError, match="address in use"):
        run_gateway(settings, {})
    assert threading.active_count() <= before


def test_a_tier_that_nobody_serves_starts_nothing(settings: Settings) -> None:
    settings.config.write_text(CONFIG.partition("providers")[0])
    with pytest.raises(UsageError, match="no provider for"):
        run_gateway(settings, {})


BARE = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
"""


def test_every_tier_needs_somebody_to_serve_it(tmp_path: Path) -> None:
    file = tmp_path / "tierwatch.yaml"
    file.write_text(BARE)
    with pytest.raises(
        UsageError, match=r"no provider for .*; add one under `providers`, as openai"
    ):
        serving_config(file)
    file.write_text(BARE + "providers: {own: {kind: openai}}\n")
    assert serving_config(file).missing_providers == ()


def test_a_mistake_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "tierwatch.yaml"
    file.write_text(BARE.replace("15", "cheap"))
    with pytest.raises(ConfigError, match=r"tierwatch\.yaml:4: routing\.tiers\.complex\.cost"):
        serving_config(file)
