"""The tiers: two or more, served, priced, cheapest first."""

from pathlib import Path

import pytest
from factories.config import problems, told

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "model: claude-haiku-4-5,  ",
        "",
        (
            "4: routing.tiers.simple.model: found nothing; accepted The"
            " model's name as its provider knows it."
        ),
    ),
    (
        "~$3.00/M tokens",
        "~$30/M tokens",
        (
            "6: routing.tiers.complex.cost: found $15/$15 per M"
            " tokens, cheaper than 'standard' before it at $30/$30 per M tokens; accepted"
            " tiers in order of price,"
            " cheapest first"
        ),
    ),
    (
        "~$3.00/M tokens",
        "cheap",
        (
            "5: routing.tiers.standard.cost: found 'cheap'; accepted USD per"
            " million tokens, such as 0.25, ~$0.25/M tokens, $0.25/1M, {input: 3, output: 15} or"
            " {input: 3, output: 15, cached_input: 0.3, cache_write: 3.75}"
        ),
    ),
    (
        "model: claude-haiku-4-5,",
        "model: claude-haiku-4-5, provider: azure,",
        ("4: routing.tiers.simple.provider: found 'azure'; accepted one of anthropic, openai"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_tier(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]


@pytest.mark.parametrize("tiers", ["{}", "{only: {model: m, cost: 1}}"])
def test_fewer_than_two_tiers(tmp_path: Path, tiers: str) -> None:
    (problem,) = problems(tmp_path, f"routing:\n  tiers: {tiers}\n")
    assert problem.startswith("tierwatch.yaml:2: routing.tiers: found ")
    assert problem.endswith("accepted two tiers or more, cheapest first")
