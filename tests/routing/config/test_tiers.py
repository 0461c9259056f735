"""The tiers: two or more, served, priced, cheapest first."""

from pathlib import Path

import pytest
from factories.config import load, problems, told

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


def priced(*costs: str) -> str:
    """A file of so many tiers."""
    tiers = "".join(f"    t{n}: {{model: m{n}, cost: {cost}}}\n" for n, cost in enumerate(costs))
    return f"routing:\n  tiers:\n{tiers}"


def test_tiers_keep_the_order_of_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, priced("1", "1", "{input: 0.5, output: 1.5}", "3"))
    assert [tier.name for tier in config.tiers] == ["t0", "t1", "t2", "t3"]
    assert [tier.price.blended_usd for tier in config.tiers] == [2.0, 2.0, 2.0, 6.0]
    assert config.default_tier == "t3"


def test_each_tier_that_is_cheaper_than_the_one_before_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, priced("3", "2", "1", "5"))
    assert [problem.split(": ")[1] for problem in found] == [
        "routing.tiers.t1.cost",
        "routing.tiers.t2.cost",
    ]


def test_a_price_that_is_missing_is_said_once_and_the_others_are_still_compared(
    tmp_path: Path,
) -> None:
    text = priced("3", "2", "1").replace(", cost: 2", "")
    found = problems(tmp_path, text)
    assert [problem.split(": ")[1] for problem in found] == [
        "routing.tiers.t1.cost",
        "routing.tiers.t2.cost",
    ]
    assert "no list price of 'm1'" in found[0]
    assert "cheaper than 't0' before it at $3/$3" in found[1]


@pytest.mark.parametrize("model", ["''", "'  '", "[]", "true", "~"])
def test_a_model_has_a_name(tmp_path: Path, model: str) -> None:
    text = priced("1", "2").replace("model: m0", f"model: {model}")
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("tierwatch.yaml:3: routing.tiers.t0.model: found ")


def test_a_models_name_may_look_like_a_number(tmp_path: Path) -> None:
    config = load(tmp_path, priced("1", "2").replace("model: m0", "model: 4.1"))
    assert config.tiers[0].model == "4.1"


def test_one_model_may_serve_two_tiers(tmp_path: Path) -> None:
    config = load(tmp_path, priced("1", "2").replace("m1", "m0"))
    assert {tier.model for tier in config.tiers} == {"m0"}
