"""`tierwatch up`: what it refuses to start."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tierwatch.command import main, up

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


@pytest.mark.parametrize(
    ("words", "consent"), [([], "ask"), (["--yes"], "yes"), (["--hold"], "hold")]
)
def test_what_is_said_about_anchors_and_probes_arrives(
    words: list[str], consent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def run_up(**how: Any) -> int:
        asked.append(how)
        return 0

    monkeypatch.setattr(up, "run_up", run_up)
    assert CliRunner().invoke(main, ["up", "--config", "c.yaml", *words]).exit_code == 0
    (how,) = asked
    assert (how["consent"], how["settings"].config) == (consent, Path("c.yaml"))


def test_both_are_one_too_many() -> None:
    done = CliRunner().invoke(main, ["up", "--yes", "--hold"])
    assert done.exit_code == 2
    assert done.output == "found --yes and --hold; accepted is one of them\n"
