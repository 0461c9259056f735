"""`tierwatch intake`: built from settings, served, and everything closed behind it."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories.sources import CONFIG, ENVIRON
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tierwatch.command.serve.intake import run_intake
from tierwatch.errors import UsageError
from tierwatch.gateway import server as front
from tierwatch.settings import Settings, read_settings


@pytest.fixture
def settings(engine: Engine, redis_url: str, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return replace(
        read_settings({}),
        config=tmp_path / "tierwatch.yaml",
        data_dir=tmp_path / "data",
        database_url=engine.url.render_as_string(hide_password=False),
        redis_url=redis_url,
        intake_port=9002,
    )


def test_the_intake_serves_and_leaves_nothing_running(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []

    def serve(app: Any, host: str, port: int, **_: Any) -> None:
        with TestClient(app) as client:
            served.append((host, port, client.get("/healthz").json()))
            refused = client.post("/v1/outcomes", content=b"[]")
            served.append(refused.status_code)

    monkeypatch.setattr(front, "run_server", serve)
    before = threading.active_count()
    run_intake(settings, ENVIRON)
    assert served == [("127.0.0.1", 9002, {"status": "ok"}), 401]
    assert threading.active_count() <= before


def test_without_a_key_it_does_not_start(settings: Settings) -> None:
    settings.config.write_text(CONFIG.partition("intake:")[0])
    with pytest.raises(UsageError, match=r"intake\.keys and intake\.pulls are empty"):
        run_intake(settings, ENVIRON)


def test_a_process_of_its_own_has_all_that_it_imports(tmp_path: Path) -> None:
    """In this process others have imported what the intake's own start would have to find."""
    (tmp_path / "tierwatch.yaml").write_text(CONFIG.partition("intake:")[0])
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "tierwatch", "intake"],
        env={"TIERWATCH_CONFIG": str(tmp_path / "tierwatch.yaml"), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )
    assert "intake.keys and intake.pulls are empty" in ended.stderr
    assert ended.returncode == 2
