"""`tierwatch recorded`: who answers for which model comes from the configuration."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from tierwatch.command import main
from tierwatch.command.replaying.effective_config import DEMO_CONFIG
from tierwatch.command.serve.recorded import run_recorded
from tierwatch.errors import TrafficError
from tierwatch.evalsets import FOLDER
from tierwatch.providers.recorded import provider
from tierwatch.providers.recorded.traffic_file import RecordedExchange, read_traffic
from tierwatch.settings import read_settings

TRAFFIC = FOLDER / "demo" / "items.jsonl"
SETTINGS = replace(read_settings({}), config=DEMO_CONFIG)


def test_each_tier_s_model_answers_as_it_was_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    first = next(item for item in read_traffic(TRAFFIC) if isinstance(item, RecordedExchange))
    said: dict[str, Any] = {}

    def serve(app: Any, *, port: int) -> None:
        said["port"] = port
        with TestClient(app) as client:
            for model in ("claude-haiku-4-5", "claude-opus-4-6", "nobody"):
                body = {"model": model, "messages": list(first.messages)}
                said[model] = client.post("/v1/chat/completions", json=body)

    monkeypatch.setattr(provider, "serve", serve)
    run_recorded(SETTINGS, TRAFFIC, port=9009, options={})
    assert said["port"] == 9009
    for model, tier in (("claude-haiku-4-5", "simple"), ("claude-opus-4-6", "complex")):
        (choice,) = said[model].json()["choices"]
        assert choice["message"]["content"] == first.answers[tier].text
    assert said["nobody"].status_code >= 400


def test_a_recording_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrafficError, match="none"):
        run_recorded(SETTINGS, tmp_path / "none.jsonl", port=1, options={})


@pytest.mark.parametrize("options", ["{", "[]", "1", ""])
def test_options_that_are_no_object_are_wrong_use(options: str) -> None:
    arguments = ["recorded", "--traffic", "t.jsonl", "--port", "1", "--options", options]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "not a JSON object" in done.output
