"""`tierwatch init`: writes a file that is accepted, and never over another one unasked."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tierwatch.command import main
from tierwatch.config import load_config

TIERS = ("--tier", "simple=gpt-5-mini", "--tier", "complex=claude-sonnet-4-5")


def _init(*arguments: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["init", *map(str, arguments)], input=typed)


def test_options_alone_write_a_file(tmp_path: Path) -> None:
    out = tmp_path / "new" / "tierwatch.yaml"
    done = _init(out, *TIERS, "--judge", "gpt-5", "--tolerance", "0.1", "--budget", "3")
    assert done.exit_code == 0, done.output
    config = load_config(out)
    assert [tier.model for tier in config.tiers] == ["gpt-5-mini", "claude-sonnet-4-5"]
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.model == "gpt-5"
    assert config.evaluation.budget_usd_per_day == 3
    assert dict(config.evaluation.tolerance) == {"simple": 0.1}
    assert "set OPENAI_API_KEY" in done.output
    assert "tierwatch up" in done.output
    assert CliRunner().invoke(main, ["check", str(out)]).exit_code == 0


def test_one_server_of_your_own(tmp_path: Path) -> None:
    out = tmp_path / "t.yaml"
    server = ("--base-url", "http://10.0.0.1:8000/v1", "--key", "OWN_KEY")
    done = _init(out, "--tier", "a=small-house-model", "--tier", "b=gpt-5", *server)
    assert done.exit_code == 0, done.output
    config = load_config(out)
    assert set(config.providers) == {"own"}
    assert "cost: 0 # not known" in out.read_text()


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    out = tmp_path / "t.yaml"
    out.write_text("mine\n")
    done = _init(out, *TIERS)
    assert done.exit_code == 2
    assert "there already" in done.output
    assert out.read_text() == "mine\n"
    assert _init(out, *TIERS, "--force").exit_code == 0
    assert out.read_text() != "mine\n"


def test_what_would_not_be_accepted_is_not_written(tmp_path: Path) -> None:
    out = tmp_path / "t.yaml"
    done = _init(out, "--tier", "a=gpt-5", "--tier", "b=gpt-5-nano")
    assert done.exit_code == 2
    assert "cheaper than" in done.output
    assert f"{out}:" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        ((), "--from-litellm, or --tier"),
        (("--tier", "a"), "NAME=MODEL"),
        (("--tier", "a=x", "--tier", "a=y"), "each name once"),
        (("--tier", "a=gpt-5"), "two tiers or more"),
        ((*TIERS, "--base-url", "nonsense"), "a URL"),
        ((*TIERS, "--judge", "gpt-5-mini"), "serves no tier"),
    ],
)
def test_wrong_use_says_what_is_accepted(
    arguments: tuple[str, ...], accepted: str, tmp_path: Path
) -> None:
    done = _init(tmp_path / "t.yaml", *arguments)
    assert done.exit_code == 2
    assert accepted in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_is_read_and_what_is_to_be_done_is_said(tmp_path: Path) -> None:
    proxy = tmp_path / "config.yaml"
    proxy.write_text(
        "model_list:\n"
        "  - {model_name: fast, litellm_params: {model: openai/gpt-5-mini, rpm: 3}}\n"
        "  - {model_name: smart, litellm_params: {model: openai/gpt-5}}\n"
    )
    out = tmp_path / "t.yaml"
    done = _init(out, "--from-litellm", proxy, "--sample-rate", "1")
    assert done.exit_code == 0, done.output
    assert load_config(out).evaluation.sample_rate == 1
    assert "not carried over: line 2: model_list[0] (fast): rpm: stays with LiteLLM" in done.output
    assert "callback_type: generic_api" in done.output
    assert "LITELLM_INTAKE_KEY" in done.output
    both = _init(tmp_path / "u.yaml", "--from-litellm", proxy, *TIERS)
    assert (both.exit_code, "do not go with it" in both.output) == (2, True)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _init(tmp_path / "file" / "t.yaml", *TIERS)
    assert done.exit_code == 2
    assert "accepted a place that can be written" in done.output
