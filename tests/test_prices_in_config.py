"""Prices in tierwatch.yaml: who wins, what is refused, and what check and doctor say."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tierwatch.command import main
from tierwatch.command.replaying.report_text import show_report
from tierwatch.command.serve.examine import Finding, price_findings
from tierwatch.config import Config, load_config
from tierwatch.errors import ConfigError
from tierwatch.routing.config.prices import shipped_prices
from tierwatch.routing.config.routing import load_routing
from tierwatch.routing.tiers import Price
from tierwatch.settings import read_settings

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


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(text)
    return load_config(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_the_articles_costs_win_over_the_table_whole(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE)
    # Haiku's list price has a price for cached tokens; the file's one number has none.
    assert config.tiers[0].price == Price(0.25, 0.25)
    assert config.classifier.price == shipped_prices().prices["gpt-4o-mini"]
    assert config.evaluation.judge is not None
    assert config.evaluation.judge.price == shipped_prices().prices["gpt-4o"]
    assert config.price_origins == {
        "routing.tiers.simple": "cost",
        "routing.tiers.standard": "cost",
        "routing.tiers.complex": "cost",
        "routing.classifier": "table",
        "evaluation.judge": "table",
    }
    assert config.unpriced == ()


def test_a_tier_without_cost_has_the_list_price_of_its_model(tmp_path: Path) -> None:
    config = load(tmp_path, BARE)
    assert [tier.price for tier in config.tiers] == [
        Price(1.0, 5.0, 0.1, 1.25),
        Price(5.0, 25.0, 0.5, 6.25),
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
    text = BARE.replace("claude-opus-4-6", "gpt-4o-mini")
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(
        "tierwatch.yaml:5: routing.tiers.complex.cost: found $0.15/$0.6 per M tokens, cheaper than"
        " 'simple' before it at $1/$5 per M tokens; accepted tiers in order of price"
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
    assert (
        "routing.tiers.simple: 1 USD per million tokens read, 5 written, 0.1 from a cache, 1.25 put"
        f" into one (list price of {shipped_prices().as_of})" in told
    )


def findings(tmp_path: Path, text: str, days: int) -> list[Finding]:
    load(tmp_path, text)
    settings = read_settings({"TIERWATCH_CONFIG": str(tmp_path / "tierwatch.yaml")})
    today = shipped_prices().as_of + dt.timedelta(days)
    return price_findings(settings, today)


def test_doctor_warns_of_old_list_prices_that_are_in_use_and_of_missing_ones(
    tmp_path: Path,
) -> None:
    (fine,) = findings(tmp_path, BARE, 180)
    assert (fine.ok, fine.warning, fine.detail) == (True, False, "known")
    (old,) = findings(tmp_path, BARE, 181)
    assert (old.ok, old.warning) == (True, True)
    assert old.detail.startswith("routing.tiers.simple, routing.tiers.complex: list prices of 20")
    assert "181 days old" in old.detail
    # Whose every price is in the file does not care how old the table is.
    own = ARTICLE.replace("max_tokens: 50", "cost: 1").replace("orders: both", "cost: 1")
    assert [found.warning for found in findings(tmp_path, own, 999)] == [False]
    (missing,) = findings(tmp_path, ARTICLE.replace("model: gpt-4o,", "model: nobody,"), 0)
    assert missing.warning
    assert missing.detail.startswith("evaluation.judge: no price is known")
    # What is wrong with the file is said of the configuration, and once.
    assert price_findings(read_settings({"TIERWATCH_CONFIG": "/nowhere"}), dt.date.min) == []


def report(saving_net: float | None, unpriced: list[str]) -> dict[str, Any]:
    return {
        "tiers": {}, "alerts": [], "proposals": [], "recorded_quality": None, "objective": None,
        "captured": 0, "judged": 0, "unscored": 0, "failed": 0, "dropped": 0, "pending": 0,
        "cost_usd": 1.0, "cost_top_tier_usd": 4.0, "saving": None if saving_net is None else 0.75,
        "saving_net_of_evaluation": saving_net, "evaluation_cost_usd": 5.5, "thresholds": {},
        "policy_version": 1,
        "costs": {
            "serving_usd": 1.0, "classifier_usd": 0.5, "shadow_usd": 2.0, "judge_usd": 3.0,
            "checks_usd": 0.5, "unpriced": unpriced,
        },
    }  # fmt: skip


def test_the_terminal_shows_a_net_loss_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(report(-0.75, []))
    told = capsys.readouterr().out
    assert "saved 75 %" in told
    assert (
        "net of classifier and evaluation: -75 % (classifier 0.50, shadow answers 2.00, judge 3.00,"
        " checks 0.50 USD)" in told
    )
    assert "watching costs more than routing saves" in told
    show_report(report(0.4, ["evaluation.judge"]))
    told = capsys.readouterr().out
    assert "costs more than" not in told
    assert "net of classifier and evaluation: at most 40 %" in told
    assert "no price is known for evaluation.judge" in told
    show_report(report(None, []))
    assert "net of" not in capsys.readouterr().out
