"""Prices in tierwatch.yaml: who wins, what is refused, and what check and doctor say."""

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories.config import load, problems

from tierwatch.command import main
from tierwatch.command.examine import Finding, price_findings
from tierwatch.routing.config.list_prices import packaged_price, packaged_since
from tierwatch.routing.config.prices import Priced, price_words
from tierwatch.routing.config.routing import load_routing
from tierwatch.routing.tiers import Price
from tierwatch.settings import read_settings


def today() -> dt.date:
    """As the file's reader sees it."""
    return dt.datetime.now(dt.UTC).date()


ARTICLE = """\
routing:
  classifier: {model: gpt-4o-mini, max_tokens: 50}
  tiers:
    simple:   {model: claude-haiku-4-5,  cost: ~$0.25/M tokens}
    standard: {model: claude-sonnet-4-6, cost: ~$3.00/M tokens}
    complex:  {model: claude-opus-4-6,   cost: ~$15.00/M tokens}
evaluation:
  judge: {kind: pairwise, model: gpt-4o, orders: both}
"""
BARE = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: anthropic/claude-haiku-4-5-20251001}
    complex: {model: claude-opus-4-6}
"""


def test_the_articles_costs_win_over_the_table_whole(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE)
    # Haiku's list price has a price for cached tokens; the file's one number has none.
    assert config.tiers[0].price == Price(0.25, 0.25)
    assert config.classifier.price == packaged_price("gpt-4o-mini", today())
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.price == packaged_price("gpt-4o", today())
    assert config.price_origins == {
        "routing.tiers.simple": "cost",
        "routing.tiers.standard": "cost",
        "routing.tiers.complex": "cost",
        "routing.classifier": "package",
        "evaluation.judge": "package",
    }
    assert config.unpriced == ()


def test_a_tier_without_cost_has_the_list_price_of_its_model(tmp_path: Path) -> None:
    config = load(tmp_path, BARE)
    assert [tier.price for tier in config.tiers] == [
        packaged_price("claude-haiku-4-5", today()),
        packaged_price("claude-opus-4-6", today()),
    ]


def test_the_section_wins_over_the_table_for_tiers_classifier_and_judge(tmp_path: Path) -> None:
    section = """\
prices:
  claude-haiku-4-5: {input: $0.9/M, output: 4.5, cached_input: 0.09}
  GPT-4o-mini: 0.1
  gpt-4o-2024-08-06: 2
"""
    text = ARTICLE.replace(",  cost: ~$0.25/M tokens", "") + section
    config = load(tmp_path, text)
    assert config.tiers[0].price == Price(0.9, 4.5, 0.09)
    assert config.classifier.price == Price(0.1, 0.1)
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.price == Price(2.0, 2.0)
    # The library reads the section too, without the rest of the file.
    routing = load_routing(tmp_path / "tierwatch.yaml")
    assert (routing.tiers[0].price, routing.classifier.price) == (
        config.tiers[0].price,
        config.classifier.price,
    )


def test_a_tier_nobody_knows_the_price_of_is_refused_by_name(tmp_path: Path) -> None:
    text = BARE.replace("claude-opus-4-6", "my-own-70b")
    assert problems(tmp_path, text) == [
        (
            "tierwatch.yaml:5: routing.tiers.complex.cost: found nothing, and no list price of"
            " 'my-own-70b'; accepted USD per million tokens, such as {input: 3, output: 15}, here"
            " or under `prices`; 0 for a model of your own"
        )
    ]


def test_a_model_of_your_own_costs_nothing_when_you_say_so(tmp_path: Path) -> None:
    text = BARE.replace("anthropic/claude-haiku-4-5-20251001", "my-own-8b, cost: 0")
    config = load(tmp_path, text)
    assert config.tiers[0].price == Price(0.0, 0.0)
    assert config.unpriced == ()


def test_list_prices_out_of_order_are_refused_with_both_prices(tmp_path: Path) -> None:
    # The tiers turned round: the dear model first.
    text = BARE.replace("claude-opus-4-6", "claude-haiku-4-5").replace(
        "anthropic/claude-haiku-4-5-20251001", "claude-opus-4-6"
    )
    (problem,) = problems(tmp_path, text)
    dear, cheap = (
        packaged_price(name, today()) for name in ("claude-opus-4-6", "claude-haiku-4-5")
    )
    assert problem.startswith(
        f"tierwatch.yaml:5: routing.tiers.complex.cost: found {cheap}, cheaper than 'simple' before"
        f" it at {dear}; accepted tiers in order of price"
    )


def test_a_model_priced_twice_under_two_of_its_names_is_refused(tmp_path: Path) -> None:
    text = BARE + "prices: {gpt-4o: 1, openai/gpt-4o-2024-08-06: 2}\n"
    assert problems(tmp_path, text) == [
        (
            "tierwatch.yaml:6: prices.openai/gpt-4o-2024-08-06: found the model of 'gpt-4o' a"
            " second time; accepted each model once"
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("cost: ~$0.25/M tokens", "cost: {input: 1, output: 2, cached: 1}", "tiers.simple.cost"),
        ("cost: ~$0.25/M tokens", "cost: {output: 2, cached_input: 1}", "tiers.simple.cost"),
        ("cost: ~$0.25/M tokens", "cost: {input: 1, output: 2, cached_input: no}", "simple.cost"),
        ("max_tokens: 50", "cost: -1", "routing.classifier.cost"),
        ("evaluation:", "prices: {m: cheap}\nevaluation:", "prices.m"),
        ("evaluation:", "prices: [1]\nevaluation:", "prices"),
    ],
)
def test_what_is_no_price_is_refused_where_it_stands(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    (problem,) = problems(tmp_path, ARTICLE.replace(old, new))
    assert f"{key}: found " in problem
    assert "; accepted " in problem


def test_a_classifier_that_asks_nobody_has_no_cost(tmp_path: Path) -> None:
    text = BARE.replace("{kind: heuristic}", "{kind: heuristic, cost: 1}")
    (problem,) = problems(tmp_path, text)
    assert "routing.classifier.cost: found a price; accepted none, since the kind" in problem


@pytest.mark.parametrize("model", ["tiny", "gpt-4o-mini"])  # without a list price, and with one
def test_a_classifier_whose_every_deployment_has_a_price_has_the_firsts(
    tmp_path: Path, model: str
) -> None:
    places = "[{provider: a, cost: 1}, {provider: b, cost: 2}]"
    text = BARE.replace("kind: heuristic", f"model: {model}, providers: {places}")
    kind = "kind: openai, base_url: 'http://127.0.0.1/v1'"
    config = load(tmp_path, f"{text}providers: {{a: {{{kind}}}, b: {{{kind}}}}}\n")
    priced = config.prices["routing.classifier"]
    assert (priced.price, priced.origin) == (Price(1, 1), "cost")
    assert config.unpriced == ()
    assert [one.price for one in config.classifier.deployments] == [Price(1, 1), Price(2, 2)]


def test_check_says_where_each_price_came_from(tmp_path: Path) -> None:
    text = ARTICLE.replace("model: gpt-4o,", "model: somebody-else,")
    load(tmp_path, text + "prices: {gpt-4o-mini: {input: 0.1, output: 0.4}}\n")
    done = CliRunner().invoke(main, ["check", str(tmp_path / "tierwatch.yaml")])
    assert done.exit_code == 0
    told = done.output
    assert (
        "routing.tiers.simple: 0.25 USD per million tokens read, 0.25 written (this file)" in told
    )
    assert (
        "routing.classifier: 0.1 USD per million tokens read, 0.4 written (`prices` in this file)"
        in told
    )
    assert "evaluation.judge: no price is known, so it counts as free" in told
    load(tmp_path, BARE)
    told = CliRunner().invoke(main, ["check", str(tmp_path / "tierwatch.yaml")]).output
    priced = Priced(packaged_price("claude-haiku-4-5", today()), "package")
    assert f"routing.tiers.simple: {price_words(priced)}\n" in told


def findings(tmp_path: Path, text: str, days: int) -> list[Finding]:
    """What doctor says of prices, so many days after genai-prices was installed."""
    load(tmp_path, text)
    settings = read_settings({"TIERWATCH_CONFIG": str(tmp_path / "tierwatch.yaml")})
    since = packaged_since()
    assert since is not None
    return price_findings(settings, since + dt.timedelta(days))


def test_doctor_warns_of_old_list_prices_that_are_in_use_and_of_missing_ones(
    tmp_path: Path,
) -> None:
    (fine,) = findings(tmp_path, BARE, 180)
    assert (fine.ok, fine.warning, fine.detail) == (True, False, "known")
    (old,) = findings(tmp_path, BARE, 181)
    assert (old.ok, old.warning) == (True, True)
    assert old.detail.startswith("routing.tiers.simple, routing.tiers.complex: list prices in")
    assert "181 days old" in old.detail
    # Whose every price is in the file does not care how old the table is.
    own = ARTICLE.replace("max_tokens: 50", "cost: 1").replace("orders: both", "cost: 1")
    assert [found.warning for found in findings(tmp_path, own, 999)] == [False]
    (missing,) = findings(tmp_path, ARTICLE.replace("model: gpt-4o,", "model: nobody,"), 0)
    assert missing.warning
    assert missing.detail.startswith("evaluation.judge: no price is known")
    # What is wrong with the file is said of the configuration, and once.
    assert price_findings(read_settings({"TIERWATCH_CONFIG": "/nowhere"}), dt.date.min) == []
