"""The whole file: what loads, its defaults, and problems of every section at once."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
import yaml
from factories.config import ARTICLE, WHOLE, load, problems, told
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.config import Secret, load_config
from tierwatch.errors import ConfigError
from tierwatch.routing.tiers import Price


def test_the_articles_file_loads_as_it_stands(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE)
    assert [tier.name for tier in config.tiers] == ["simple", "standard", "complex"]
    assert config.tier("standard").price == Price(3.0, 3.0)
    assert config.tier("complex").model == "claude-opus-4-6"
    assert config.classifier.kind == "llm"
    assert config.classifier.model == "gpt-4o-mini"
    assert config.classifier.timeout_s == 2.0
    assert config.default_tier == "complex"
    assert config.initial_policy.version == 1
    assert config.initial_policy.thresholds == {"simple": 0.7, "standard": 0.7}
    assert config.evaluation.tolerance == {"simple": 0.05, "standard": 0.05}
    assert config.evaluation.judge is None
    with pytest.raises(KeyError):
        config.tier("huge")


def test_a_file_without_providers_says_what_has_none(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE + "evaluation: {judge: {model: gpt-4o}}\n")
    assert config.missing_providers == (
        "routing.tiers.simple",
        "routing.tiers.standard",
        "routing.tiers.complex",
        "routing.classifier",
        "evaluation.judge",
    )
    assert {tier.provider for tier in config.tiers} == {""}
    static = load(tmp_path, ARTICLE.replace("model: gpt-4o-mini, max_tokens: 50", "kind: static"))
    assert "routing.classifier" not in static.missing_providers
    assert static.classifier.label == "simple"


def test_the_whole_file_loads_and_providers_are_inferred(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert {tier.provider for tier in config.tiers} == {"anthropic"}
    assert config.classifier.provider == "openai"
    assert config.classifier.logprobs
    assert config.providers["openai"].base_url == "https://api.openai.com/v1"
    assert config.providers["openai"].timeout_s == 300.0
    assert config.providers["anthropic"].base_url == "https://api.anthropic.com"
    assert config.providers["anthropic"].api_key == Secret("ANTHROPIC_API_KEY")
    assert config.missing_providers == ()
    judge = config.evaluation.judge
    assert judge is not None
    assert (judge.model, judge.provider, judge.orders) == ("gpt-4o", "openai", "both")
    assert config.evaluation.tolerance == {"simple": 0.05, "standard": 0.04}
    assert config.evaluation.alert_level == 1e7
    assert config.evaluation.retune.alpha == "tolerance"


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE)
    evaluation, gateway = config.evaluation, config.gateway
    assert (evaluation.sample_rate, evaluation.probe_down_rate) == (0.05, None)
    assert (evaluation.burst, evaluation.budget_usd_per_day) == (10.0, None)
    assert evaluation.direct_share == 0.01
    retune, rollout = evaluation.retune, evaluation.rollout
    assert (retune.mode, retune.step, retune.delta, retune.min_pairs) == ("propose", 0.1, 0.05, 200)
    assert (rollout.share, rollout.min_pairs) == (0.2, 100)
    assert (evaluation.alert_level, evaluation.min_pairs) == (1e7, 30)
    assert evaluation.retention_days == 90
    assert (gateway.api_keys, gateway.auto_models, gateway.max_body_mb) == ((), (), 20)
    assert gateway.capture_buffer == 10_000
    assert (config.retry.attempts, config.retry.wait_s, config.retry.escalate) == (1, 0.2, True)
    assert config.notify == config.scores == ()


def test_an_empty_section_is_an_absent_one(tmp_path: Path) -> None:
    assert load(tmp_path, ARTICLE + "evaluation:\nnotify:\n").notify == ()


PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "evaluation:",
        "evalation:",
        (
            "11: evalation: found an unknown key; accepted alerts, evaluation,"
            " gateway, intake, notify, people, prices, providers, routing, scores, watch"
            " (did you mean 'evaluation'?)"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_an_unknown_section_is_named_with_a_guess(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert told(tmp_path, old, new) == [sentence]


def test_all_problems_are_listed_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = (
        WHOLE.replace("~$0.25", "~$5")
        .replace("env:OPENAI", "sk-OPENAI")
        .replace("sample_rate: 0.05", "sample_rate: 2")
        .replace("orders", "ordres")
        .replace("strategy: escalate", "strategy: 1")
    )
    keys = [
        re.sub(r"^[^:]*:(\d+): ([^:]*):.*$", r"\1 \2", line) for line in problems(tmp_path, text)
    ]
    assert keys == [
        "7 routing.fallback.strategy",
        "10 providers.openai.api_key",
        "12 evaluation.sample_rate",
        "15 evaluation.judge.ordres",
    ]
    # Of a routing section that is well formed, its order of price is checked whatever else fails.
    text = text.replace("strategy: 1", "strategy: escalate")
    assert any("routing.tiers.standard.cost" in line for line in problems(tmp_path, text))


def test_routing_may_not_be_missing(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "gateway: {}\n")
    assert problem.startswith("tierwatch.yaml:1: routing: found nothing; accepted")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["routing", "tiers", "model", "cost", "fallback", "threshold", "providers", "kind",
             "evaluation", "judge", "tolerance", "notify", "gateway", "api_keys", "a", ""]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(value=values)
def test_any_other_yaml_lists_its_problems(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.mktemp("any") / "t.yaml"
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    # What is drawn never has both tiers and prices, so it never loads.
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.problems
    for problem in caught.value.problems:
        assert re.match(rf"{path}:\d+: ", problem)
        assert "; accepted " in problem


def test_a_tier_is_found_by_its_name(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert [config.tier(tier.name) for tier in config.tiers] == list(config.tiers)
    for name in ("", "Simple", "cache"):
        with pytest.raises(KeyError):
            config.tier(name)


def test_what_is_asked_at_a_price_nobody_knows_is_named(tmp_path: Path) -> None:
    text = WHOLE.replace("model: gpt-4o-mini", "model: nobody").replace(
        "model: gpt-4o,", "model: x,"
    )
    config = load(tmp_path, text)
    assert config.unpriced == ("routing.classifier", "evaluation.judge")
    assert config.prices["routing.classifier"].price is None
    assert config.prices["routing.tiers.simple"].price == Price(0.25, 0.25)
    assert list(config.prices) == [
        "routing.tiers.simple",
        "routing.tiers.standard",
        "routing.tiers.complex",
        "routing.classifier",
        "evaluation.judge",
    ]


def test_a_file_with_some_provider_lacks_none(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE).missing_providers == ()
    # A judge that asks nobody needs none either.
    (tmp_path / "said.jsonl").write_text("")
    recorded = ARTICLE + "evaluation: {judge: {kind: recorded, verdicts: said.jsonl}}\n"
    assert "evaluation.judge" not in load(tmp_path, recorded).missing_providers


def test_what_is_loaded_cannot_be_changed(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    with pytest.raises(FrozenInstanceError):
        config.path = "x"  # type: ignore[misc] # refused, which is what is tested
    with pytest.raises(TypeError):
        config.providers["x"] = config.providers["openai"]  # type: ignore[index] # likewise
    with pytest.raises(TypeError):
        config.price_origins["x"] = "cost"  # type: ignore[index] # likewise


def test_the_same_file_is_the_same_configuration(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE) == load(tmp_path, WHOLE)
    assert load(tmp_path, WHOLE) != load(tmp_path, WHOLE.replace("0.04", "0.03"))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_of_other_systems_load(tmp_path: Path, ending: str, mark: str) -> None:
    path = tmp_path / "tierwatch.yaml"
    path.write_bytes((mark + WHOLE.replace("\n", ending)).encode())
    assert len(load_config(path).tiers) == 3
