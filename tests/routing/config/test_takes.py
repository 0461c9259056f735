"""``takes`` of a tier: what the file says of its model, and what is not accepted."""

from pathlib import Path

import pytest
from factories.config import load, problems

from tierwatch.routing.config.takes import TakesSection, read_effort
from tierwatch.routing.facts import EFFORTS, UNKNOWN, Facts

FILE = """
routing:
  tiers:
    simple: {{model: small-1, cost: 0.25, takes: {takes}}}
    complex: {{model: large-1, cost: 15}}
"""


def test_a_file_that_says_nothing_knows_nothing() -> None:
    assert TakesSection().facts() == UNKNOWN


def test_what_the_file_says_is_the_tiers(tmp_path: Path) -> None:
    takes = "{context: 32000, images: false, effort: [high, low], limit: max_completion_tokens}"
    config = load(tmp_path, FILE.format(takes=takes))
    assert config.tiers[0].takes == Facts(
        context=32_000, images=False, effort=("low", "high"), limit="max_completion_tokens"
    )
    assert config.tiers[1].takes == UNKNOWN


def test_every_fact_has_its_key() -> None:
    assert set(TakesSection.model_fields) == set(Facts._fields)


@pytest.mark.parametrize(
    ("written", "levels"),
    [(True, EFFORTS), (False, ()), ("low", ("low",)), (["max", "none"], ("none", "max")), ([], ())],
)
def test_effort_is_a_yes_a_no_or_levels(written: object, levels: tuple[str, ...]) -> None:
    assert read_effort(written) == levels


@pytest.mark.parametrize(
    ("takes", "sentence"),
    [
        ("{context: 0}", "a whole number from 1 to 100,000,000"),
        ("{context: many}", "a whole number from 1 to 100,000,000"),
        ("{effort: [huge]}", "true, false, or a list of none, minimal, low"),
        ("{effort: 3}", "true, false, or a list of none"),
        ("{thinking: sometimes}", "adaptive"),
        ("{limit: tokens}", "max_completion_tokens"),
        ("{images: perhaps}", "images"),
        ("{picture: false}", "picture"),
        ("[images]", "takes"),
    ],
)
def test_a_wrong_value_is_said_with_its_place(tmp_path: Path, takes: str, sentence: str) -> None:
    said = "\n".join(problems(tmp_path, FILE.format(takes=takes)))
    assert "routing.tiers.simple.takes" in said
    assert sentence in said
