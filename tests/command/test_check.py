"""`tierwatch check`: what an accepted configuration means, and where a mistake stands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tierwatch.command import main

BARE = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
  fallback: {threshold: {simple: 0.75, standard: 0.6}}
"""
WHOLE = (
    BARE.replace("cost: 0.25", "cost: 0.25, providers: [{provider: a}, {provider: b}]")
    + """\
providers:
  a: {kind: openai}
  b: {kind: anthropic}
evaluation:
  judge: {model: judge-1}
"""
)


@pytest.fixture
def check(tmp_path: Path) -> Callable[[str], Result]:
    def checked(text: str) -> Result:
        file = tmp_path / "tierwatch.yaml"
        file.write_text(text)
        return CliRunner().invoke(main, ["check", str(file)])

    return checked


def test_each_tier_is_said_with_what_it_keeps_and_who_serves_it(
    check: Callable[[str], Result],
) -> None:
    done = check(WHOLE.replace("medium-1", "medium-1, provider: a"))
    assert done.exit_code == 0, done.output
    first, *lines = done.output.splitlines()
    assert first.endswith("tierwatch.yaml: accepted")
    assert "  simple: small-1 at a, b, keeps from 0.75" in lines
    assert "  standard: medium-1 at a, keeps from 0.6" in lines
    assert any("complex: large-1 at " in line and "takes what no other" in line for line in lines)


def test_what_is_missing_to_serve_is_said_and_is_no_error(check: Callable[[str], Result]) -> None:
    done = check(BARE)
    assert done.exit_code == 0
    assert "simple: small-1 at no provider yet" in done.output
    assert "no provider for " in done.output
    assert "add one under `providers` before `tierwatch up`" in done.output
    assert "no judge: add evaluation.judge before `tierwatch up`" in done.output
    assert "no judge" not in check(WHOLE).output


def test_patterns_that_decide_nothing_are_named_and_are_no_error(
    check: Callable[[str], Result],
) -> None:
    names = 'gateway: {models: {"*haiku*": simple, "claude-haiku-4": complex, "gpt-*": auto}}'
    done = check(BARE + names + "\n")
    assert done.exit_code == 0
    (warning,) = (line.strip() for line in done.output.splitlines() if "warning" in line)
    assert warning == (
        "warning: gateway.models 'claude-haiku-4' decides nothing: '*haiku*' stands before it and"
        " fits all that it fits"
    )


def test_every_mistake_is_said_with_its_line(check: Callable[[str], Result]) -> None:
    done = check(BARE.replace("0.75", "7").replace("cost: 3", "cost: cheap"))
    assert done.exit_code == 2
    assert "tierwatch.yaml:4: routing.tiers.standard.cost" in done.output
    assert "tierwatch.yaml:6: routing.fallback.threshold" in done.output
    assert "accepted" in done.output
    assert "Traceback" not in done.output


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check", str(tmp_path / "none.yaml")])
    assert done.exit_code == 2
    assert "none.yaml" in done.output


def test_without_a_file_it_is_the_one_that_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text(WHOLE)
    monkeypatch.setenv("TIERWATCH_CONFIG", str(tmp_path / "own.yaml"))
    assert CliRunner().invoke(main, ["check"]).output.startswith(f"{tmp_path}/own.yaml: accepted")


def test_a_file_that_is_not_there_is_named_without_a_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check", str(tmp_path / "nope.yaml")])
    assert done.exit_code == 2
    assert done.output.strip().endswith(
        "nope.yaml: cannot be read (No such file or directory); accepted a YAML file"
    )
