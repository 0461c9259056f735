"""README and docs: links lead somewhere, commands are accepted, paths exist, examples load."""

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from tierwatch.command import main
from tierwatch.config import load_config

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
# OpenAI's shutdowns of December 2026 and January 2027, and what is older than those.
SWITCHED_OFF = ("gpt-4o", "gpt-4.1", "gpt-4-", "gpt-3.5", "gpt-5-", "o3", "o4-mini", "claude-3")

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^[ ]*```(?P<kind>\w*)\n(?P<text>.*?)^[ ]*```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`(?P<text>[^`\n]+)`")
PYTHON_FILE = re.compile(r"^(?:app|workers|migrations|evalsets|tests|benchmarks)/[\w./]+$")


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", names(PAGES + DECISIONS))
def test_every_relative_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for match in LINK.finditer(text_of(page)):
        target, _, heading = match["target"].partition("#")
        if "://" in target:
            continue
        found = (ROOT / page).parent / target if target else ROOT / page
        assert found.exists(), f"{match[0]}: no such file"
        if heading:
            assert heading in anchors(found), f"{match[0]}: no such heading"


def commands(page: str) -> list[str]:
    """Every `tierwatch ...` of a page: in backticks, and whole lines of code blocks."""
    text = text_of(page)
    lines = [line.strip() for fence in FENCE.finditer(text) for line in fence["text"].splitlines()]
    lines += [line.strip() for line in text.splitlines() if line.startswith("    ")]
    lines += [match["text"] for match in CODE.finditer(re.sub(r"\n(?=\S)", " ", text))]
    return [line.partition(" #")[0] for line in lines if line.startswith("tierwatch ")]


@pytest.mark.parametrize("page", names(PAGES))
def test_every_command_line_is_one_that_the_program_accepts(page: str) -> None:
    for line in commands(page):
        words = shlex.split(line)[1:]
        context = click.Context(main, info_name="tierwatch")
        group: click.Command = main
        while isinstance(group, click.Group) and words and not words[0].startswith("-"):
            found = group.get_command(context, words.pop(0))
            assert found is not None, f"{line}: no such command"
            group = found
        known = {name for option in group.params for name in (*option.opts, *option.secondary_opts)}
        for word in words:
            if word.startswith("-"):
                assert word.partition("=")[0] in known | {"--help"}, f"{line}: no such option"


@pytest.mark.parametrize("page", names(PAGES))
def test_every_path_of_the_code_exists(page: str) -> None:
    for match in CODE.finditer(text_of(page)):
        if PYTHON_FILE.match(match["text"]):
            assert (ROOT / match["text"]).exists(), f"{page}: `{match['text']}`"


@pytest.mark.parametrize("page", names(PAGES))
def test_no_example_names_a_model_that_is_switched_off_within_a_year(page: str) -> None:
    for fence in FENCE.finditer(text_of(page)):
        for model in re.findall(r"model: ([\w.\-]+)", fence["text"]):
            assert not model.startswith(SWITCHED_OFF), f"{page}: {model}"


def test_the_readme_s_configuration_is_accepted_and_complete(tmp_path: Path) -> None:
    (text,) = [
        fence["text"] for fence in FENCE.finditer(text_of("README.md")) if fence["kind"] == "yaml"
    ]
    file = tmp_path / "tierwatch.yaml"
    file.write_text(text)
    config = load_config(file)
    assert config.missing_providers == ()
    # Every model has a price, so the net saving is not "at most".
    assert config.unpriced == ()
    assert set(config.evaluation.tolerance) == set(config.initial_policy.thresholds)
    assert yaml.safe_load(text)["evaluation"]["judge"]["model"] not in {
        tier.model for tier in config.tiers
    }


def test_the_readme_is_short_and_says_nothing_of_a_loss() -> None:
    text = text_of("README.md")
    assert text.count("\n") <= 120
    assert "383" not in text
