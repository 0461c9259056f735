"""`tierwatch up`: what it refuses to start."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tierwatch.command import main

BARE = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
"""
PROVIDERS = "providers: {own: {kind: openai}}\n"


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (BARE, "no provider for"),
        (BARE + PROVIDERS, "evaluation.judge is missing; `tierwatch up` needs one"),
        (BARE.replace("15", "-1"), "tierwatch.yaml:4: routing.tiers.complex.cost"),
    ],
)
def test_a_configuration_that_cannot_work_starts_nothing(
    config: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tierwatch.yaml").write_text(config)
    monkeypatch.setenv("TIERWATCH_CONFIG", str(tmp_path / "tierwatch.yaml"))
    monkeypatch.setenv("TIERWATCH_DATA_DIR", str(tmp_path / "data"))
    done = CliRunner().invoke(main, ["up"])
    assert done.exit_code == 2
    assert what in done.output
    assert not (tmp_path / "data").exists()
