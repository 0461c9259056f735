"""tierwatch.yaml: what loads, and what each thing that does not load is told."""

import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tierwatch.config import Config, ConfigFile, ProviderConfig, Secret, WebhookConfig, load_config
from tierwatch.errors import ConfigError, SettingsError
from tierwatch.routing.config.reading.schema import accepted_keys
from tierwatch.routing.tiers import Price

DOCS = Path(__file__).parents[1] / "docs" / "configuration.md"

ARTICLE = """\
routing:
  classifier: {model: gpt-4o-mini, max_tokens: 50}
  tiers:
    simple:   {model: claude-haiku-4-5,  cost: ~$0.25/M tokens}
    standard: {model: claude-sonnet-4-6, cost: ~$3.00/M tokens}
    complex:  {model: claude-opus-4-6,   cost: ~$15.00/M tokens}
  fallback: {strategy: escalate, threshold: Confidence < 0.7}
"""

WHOLE = (
    ARTICLE
    + """\
providers:
  anthropic: {kind: anthropic, api_key: env:ANTHROPIC_API_KEY}
  openai: {kind: openai, api_key: env:OPENAI_API_KEY, timeout: 5m}
evaluation:
  sample_rate: 0.05
  budget_usd_per_day: 25
  tolerance: {simple: 0.05, standard: 0.04}
  judge: {kind: pairwise, model: gpt-4o, orders: both}
  retune: {mode: propose, step: 0.1, alpha: tolerance, delta: 0.05, min_pairs: 200}
  alert_level: 1.0e7
"""
)


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    """Each problem without the folder: ``tierwatch.yaml:3: key: found X; accepted Y``."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


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
    assert evaluation.budget_usd_per_day is None
    retune, rollout = evaluation.retune, evaluation.rollout
    assert (retune.mode, retune.step, retune.delta, retune.min_pairs) == ("propose", 0.1, 0.05, 200)
    assert (rollout.share, rollout.min_pairs) == (0.2, 100)
    assert (evaluation.alert_level, evaluation.min_pairs) == (1e7, 30)
    assert evaluation.retention_days == 90
    assert (gateway.api_keys, gateway.auto_models, gateway.max_body_mb) == ((), (), 20)
    assert gateway.capture_buffer == 10_000
    assert (config.retry.attempts, config.retry.wait_s, config.retry.escalate) == (1, 0.2, True)
    assert config.notify == ()


@pytest.mark.parametrize(
    ("written", "tolerance"),
    [
        ("tolerance: 0.1", {"simple": 0.1, "standard": 0.1}),
        ("tolerance: 10 %", {"simple": 0.1, "standard": 0.1}),
        ("tolerance: {standard: 0.2}", {"simple": 0.05, "standard": 0.2}),
        ("objective: {quality: 0.95}", {"simple": 0.05, "standard": 0.05}),
        ("objective: {quality: 90 %}", {"simple": 0.1, "standard": 0.1}),
    ],
)
def test_a_tolerance_for_each_tier_but_the_top(
    tmp_path: Path, written: str, tolerance: dict[str, float]
) -> None:
    config = load(tmp_path, ARTICLE + f"evaluation: {{{written}}}\n")
    assert config.evaluation.tolerance == tolerance


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (
            "retune: {alpha: 0.02}",
            "retune.alpha: found 0.02; accepted tolerance, with evaluation.objective",
        ),
        (
            "retune: {judge_errors: correct}",
            "retune.judge_errors: found correct; accepted ignore, with evaluation.objective",
        ),
        (
            "probe_down_rate: 0",
            (
                "probe_down_rate: found 0, by which nobody sees what a tier would make of requests"
                " it does not keep; accepted above 0, or left out, with evaluation.objective"
            ),
        ),
    ],
)
def test_what_means_nothing_beside_an_objective_is_refused(
    tmp_path: Path, beside: str, said: str
) -> None:
    written = f"evaluation: {{objective: {{quality: 0.95}}, {beside}}}\n"
    (problem,) = problems(tmp_path, ARTICLE + written)
    assert said in problem


def test_nothing_is_probed_downwards_where_tolerances_are_asked_for(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE + "evaluation: {tolerance: 0.05, probe_down_rate: 0}\n")
    assert config.evaluation.probe_down_rate == 0


def test_per_tier_and_per_task_thresholds_and_the_default_for_the_rest(tmp_path: Path) -> None:
    fallback = "fallback: {threshold: {simple: 80 %}, by_task: {code: 0.9, law: {standard: 0.5}}}"
    text = re.sub("fallback: .*", fallback, ARTICLE)
    policy = load(tmp_path, text).initial_policy
    assert policy.thresholds == {"simple": 0.8, "standard": 0.7}
    assert policy.by_task == {"code": {"simple": 0.9, "standard": 0.9}, "law": {"standard": 0.5}}
    (problem,) = problems(tmp_path, text.replace("code", "all"))
    assert "routing.fallback.by_task.all: found the name of every task type" in problem


def test_off_is_a_mode_although_yaml_reads_it_as_false(tmp_path: Path) -> None:
    config = load(tmp_path, ARTICLE + "evaluation: {retune: {mode: off, alpha: 0.02}}\n")
    assert config.evaluation.retune.mode == "off"
    assert config.evaluation.retune.alpha == 0.02


def test_an_empty_section_is_an_absent_one(tmp_path: Path) -> None:
    assert load(tmp_path, ARTICLE + "evaluation:\nnotify:\n").notify == ()


def test_recorded_verdicts_stand_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "said.jsonl").write_text("")
    text = ARTICLE + "evaluation: {judge: {kind: recorded, verdicts: %s}}\n"
    for name in ("said.jsonl", tmp_path / "said.jsonl"):
        judge = load(tmp_path, text % name).evaluation.judge
        assert judge is not None
        assert judge.verdicts == str(tmp_path / "said.jsonl")
    monkeypatch.chdir(tmp_path)
    judge = load_config("tierwatch.yaml").evaluation.judge
    assert judge is not None
    assert judge.verdicts == str(tmp_path / "said.jsonl")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("kind: recorded", "nothing; accepted a file"),
        ("kind: recorded, verdicts: none.jsonl", "'{}/none.jsonl': No such file or directory;"),
        ("kind: recorded, verdicts: .", "'{}': Is a directory;"),
        ("model: gpt-4o, verdicts: x", "a file; accepted none, since the kind is pairwise"),
    ],
)
def test_verdicts_that_cannot_be_read(tmp_path: Path, written: str, found: str) -> None:
    (problem,) = problems(tmp_path, ARTICLE + f"evaluation: {{judge: {{{written}}}}}\n")
    at = "tierwatch.yaml:8: evaluation.judge.verdicts: found "
    assert problem.startswith(at + found.format(tmp_path))


ONE_PROBLEM = [
    # (what is replaced in WHOLE, by what, the whole sentence after the file's name)
    (
        "max_tokens",
        "max_token",
        (
            "2: routing.classifier.max_token: found an unknown key; accepted"
            " cost, kind, label, logprobs, max_tokens, model, models, provider, providers, timeout"
            " (did you mean 'max_tokens'?)"
        ),
    ),
    (
        "evaluation:",
        "evalation:",
        (
            "11: evalation: found an unknown key; accepted evaluation,"
            " gateway, notify, prices, providers, routing (did you mean 'evaluation'?)"
        ),
    ),
    (
        "model: claude-haiku-4-5,  ",
        "",
        (
            "4: routing.tiers.simple.model: found nothing; accepted The"
            " model's name as its provider knows it."
        ),
    ),
    (
        "< 0.7",
        "< 1.7",
        (
            "7: routing.fallback.threshold: found 'Confidence < 1.7'; accepted a number"
            " from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "threshold: Confidence < 0.7",
        "threshold: {complex: 0.7}",
        (
            "7: routing.fallback.threshold"
            ".complex: found no tier that has a threshold; accepted simple, standard"
        ),
    ),
    (
        "threshold: Confidence < 0.7",
        "threshold: {simple: 7}",
        (
            "7: routing.fallback.threshold: found"
            " a mapping; accepted tier: a number from 0 to 1, for each tier but the top one"
        ),
    ),
    (
        "strategy: escalate",
        "strategy: retry",
        ("7: routing.fallback.strategy: found 'retry'; accepted 'escalate'"),
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
        "env:OPENAI_API_KEY",
        "sk-very-secret",
        (
            "10: providers.openai.api_key: found a value that is"
            " not shown, since it may be secret; accepted env:NAME, the environment"
            " variable that holds"
            " it; never the secret"
        ),
    ),
    (
        "sample_rate: 0.05",
        "sample_rate: 5",
        (
            "12: evaluation.sample_rate: found 5; accepted a number"
            " from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "sample_rate: 0.05",
        "sample_rate: yes",
        (
            "12: evaluation.sample_rate: found true; accepted a"
            " number from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "sample_rate: 0.05",
        "sample_rate: [1]",
        (
            "12: evaluation.sample_rate: found a list; accepted a"
            " number from 0 to 1, such as 0.7, 70 % or Confidence < 0.7"
        ),
    ),
    (
        "standard: 0.04",
        "huge: 0.04",
        (
            "14: evaluation.tolerance.huge: found no tier that has a tier"
            " above it; accepted simple, standard, cache"
        ),
    ),
    (
        "standard: 0.04",
        "standard: -1",
        (
            "14: evaluation.tolerance: found a mapping; accepted tier:"
            " a number above 0 and below 1, for each tier"
        ),
    ),
    (
        "budget_usd_per_day: 25",
        "objective: {quality: 0.9}",
        ("13: evaluation.objective: found tolerance as well; accepted one of the two"),
    ),
    (
        "budget_usd_per_day: 25",
        "budget_usd_per_day: -1",
        ("13: evaluation.budget_usd_per_day: found -1; accepted a number of 0 or more"),
    ),
    (
        "alert_level: 1.0e7",
        "alert_level: 1",
        ("17: evaluation.alert_level: found 1; accepted a number above 1"),
    ),
    (
        "min_pairs: 200",
        "min_pairs: 2.5",
        (
            "16: evaluation.retune.min_pairs: found 2.5; accepted a"
            " whole number from 1 to 1,000,000,000"
        ),
    ),
    (
        "alpha: tolerance",
        "alpha: 3",
        (
            "16: evaluation.retune.alpha: found 3; accepted tolerance, or"
            " a number above 0 and below 1"
        ),
    ),
    (
        "model: gpt-4o,",
        "model: anthropic/claude-opus-4-6-20260101,",
        (
            "15: evaluation.judge.model:"
            " found 'anthropic/claude-opus-4-6-20260101', the model of tier 'complex',"
            " which would judge"
            " its own answers; accepted a model that serves no tier"
        ),
    ),
    (
        "model: gpt-4o,",
        "",
        ("15: evaluation.judge.model: found nothing; accepted the model that kind pairwise asks"),
    ),
    (
        "model: gpt-4o,",
        "model: gpt-4o, provider: azure,",
        ("15: evaluation.judge.provider: found 'azure'; accepted one of anthropic, openai"),
    ),
    (
        "orders: both",
        "orders: two",
        ("15: evaluation.judge.orders: found 'two'; accepted 'both' or 'one'"),
    ),
    (
        "model: claude-haiku-4-5,",
        "model: claude-haiku-4-5, provider: azure,",
        ("4: routing.tiers.simple.provider: found 'azure'; accepted one of anthropic, openai"),
    ),
    (
        "kind: openai",
        "kind: azure",
        ("10: providers.openai.kind: found 'azure'; accepted 'openai' or 'anthropic'"),
    ),
    (
        "timeout: 5m",
        "timeout: soon",
        (
            "10: providers.openai.timeout: found 'soon'; accepted a"
            " duration above zero, such as 500ms, 30s, 5m or 1h30m"
        ),
    ),
    (
        "max_tokens: 50",
        "max_tokens: 500",
        ("2: routing.classifier.max_tokens: found 500; accepted a whole number from 1 to 50"),
    ),
    (
        "model: gpt-4o-mini",
        "kind: magic",
        (
            "2: routing.classifier.kind: found 'magic'; accepted 'llm', 'local', 'heuristic' or"
            " 'static'"
        ),
    ),
    (
        "model: gpt-4o-mini",
        "kind: llm",
        ("2: routing.classifier.model: found nothing; accepted the model that kind llm asks"),
    ),
    (
        "model: gpt-4o-mini",
        "kind: heuristic, model: gpt-4o-mini",
        (
            "2: routing.classifier.kind:"
            " found heuristic; accepted llm, since `model` is given; or no `model`"
        ),
    ),
    (
        "model: gpt-4o-mini",
        "label: simple, kind: heuristic",
        ("2: routing.classifier.label: found a label; accepted none, since the kind is heuristic"),
    ),
    (
        "model: gpt-4o-mini",
        "label: huge, kind: static",
        ("2: routing.classifier.label: found 'huge'; accepted simple, standard, complex"),
    ),
    (
        "routing:",
        "routing:\n  default_tier: huge",
        ("2: routing.default_tier: found 'huge'; accepted simple, standard, complex"),
    ),
    (
        "routing:",
        "gateway: {api_keys: [env:KEY, literal]}\nrouting:",
        (
            "1: gateway.api_keys[1]: found"
            " a value that is not shown, since it may be secret; accepted env:NAME, the environment"
            " variable that holds it; never the secret"
        ),
    ),
    (
        "routing:",
        "gateway: {log_content: true}\nrouting:",
        (
            "1: gateway.log_content: found an unknown key; accepted"
            " api_keys, auto_models, cache, capture_buffer, max_body_mb"
        ),
    ),
    (
        "routing:",
        "routing:\n  retry: {escalate: 7}",
        ("2: routing.retry.escalate: found 7; accepted true or false"),
    ),
    (
        "routing:",
        "gateway: {api_keys: env:KEY}\nrouting:",
        (
            "1: gateway.api_keys: found a value that"
            " is not shown, since it may be secret; accepted a list"
        ),
    ),
    ("routing:", "gateway: 7\nrouting:", "1: gateway: found 7; accepted a mapping"),
    (
        "routing:",
        "gateway: {cache: {mode: similar}}\nrouting:",
        "1: gateway.cache.mode: found 'similar'; accepted 'off', 'exact' or 'semantic'",
    ),
    (
        "routing:",
        "gateway: {cache: {temperature: 0.2}}\nrouting:",
        "1: gateway.cache.temperature: found 0.2; accepted 0 or 'any'",
    ),
    (
        "routing:",
        "gateway: {cache: {budget_ms: 0}}\nrouting:",
        "1: gateway.cache.budget_ms: found 0; accepted a number above 0",
    ),
    (
        "routing:",
        "gateway: {cache: {ttl: 0}}\nrouting:",
        (
            "1: gateway.cache.ttl: found 0; accepted a duration above zero, such as 500ms, 30s, 5m"
            " or 1h30m"
        ),
    ),
    (
        "routing:",
        "notify: [{}]\nrouting:",
        (
            "1: notify[0].url: found nothing; accepted A URL, or"
            " `env:NAME` where the URL itself is a secret."
        ),
    ),
    (
        "routing:",
        "notify: [{uri: x, url: env:URL}]\nrouting:",
        (
            "1: notify[0].uri: found an unknown"
            " key; accepted kind, secret, url (did you mean 'url'?)"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), ONE_PROBLEM)
def test_a_problem_names_line_key_found_and_accepted(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in WHOLE
    assert problems(tmp_path, WHOLE.replace(old, new, 1)) == [f"tierwatch.yaml:{sentence}"]


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


@pytest.mark.parametrize("tiers", ["{}", "{only: {model: m, cost: 1}}"])
def test_fewer_than_two_tiers(tmp_path: Path, tiers: str) -> None:
    (problem,) = problems(tmp_path, f"routing:\n  tiers: {tiers}\n")
    assert problem.startswith("tierwatch.yaml:2: routing.tiers: found ")
    assert problem.endswith("accepted two tiers or more, cheapest first")


def test_routing_may_not_be_missing(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "gateway: {}\n")
    assert problem.startswith("tierwatch.yaml:1: routing: found nothing; accepted")


def test_a_provider_must_be_named_where_none_can_be_inferred(tmp_path: Path) -> None:
    both = "a: {kind: anthropic}\n  b: {kind: anthropic}"
    text = ARTICLE + f"providers:\n  {both}\n"
    (problem,) = problems(tmp_path, text)
    assert problem == (
        "tierwatch.yaml:2: routing.classifier.provider: found nothing; accepted one of a, b"
    )
    named = load(tmp_path, text.replace("model: gpt-4o-mini", "model: gpt-4o-mini, provider: b"))
    assert named.classifier.provider == "b"
    # Anthropic's wire gives no log-probabilities.
    assert not named.classifier.logprobs
    assert named.tier("simple").provider == "a"


def test_the_only_provider_serves_every_model(tmp_path: Path) -> None:
    config = load(
        tmp_path, ARTICLE + "providers: {p: {kind: openai, base_url: 'http://h:1/v1/'}}\n"
    )
    assert {tier.provider for tier in config.tiers} == {config.classifier.provider} == {"p"}
    assert config.providers["p"].base_url == "http://h:1/v1"


@pytest.mark.parametrize(
    "url",
    ["", "host/v1", "ftp://h", "https://", "http://u:p4ss@h/v1", "http://h:x/", "http://[", "7"],
)
def test_a_url_that_is_none_and_never_shown(tmp_path: Path, url: str) -> None:
    (problem,) = problems(
        tmp_path, ARTICLE + f"providers: {{p: {{kind: openai, base_url: '{url}'}}}}\n"
    )
    assert "providers.p.base_url" in problem
    assert "p4ss" not in problem


SECRET_PLACES = [
    "providers: {p: {kind: openai, api_key: %s}}",
    "providers: {p: {kind: openai, apikey: %s}}",
    "providers: {p: {kind: %s}}",
    "providers: {p: %s}",
    "providers: %s",
    "gateway: {api_keys: [%s]}",
    "gateway: {api_keys: %s}",
    "notify: [{url: 'https://h/', secret: %s}]",
    "notify: [{url: %s}]",
    "evaluation: {judge: {model: m, provider: %s}}\nproviders: {p: {kind: openai}}",
    "evaluation: {sample_rate: %s}",
    "providers: {p: {kind: openai, api_key: %s, api_key: x}}",
    "providers: {p: {kind: openai, api_key: !!int %s}}",
    "providers: {p: {kind: openai, api_key: {%s: }}}",
    "providers: {p: {kind: openai, api_key: *%s}}",
    "providers: {p: {kind: openai, api_key: !%s x}}",
    "routing: {%s: 1}",
    "fallback: %s",
    "providers: {p: {kind: openai, api_key: %s",
]


@pytest.mark.parametrize("place", SECRET_PLACES)
@pytest.mark.parametrize("secret", ["sk-proj-AbC123AbC123AbC123", "AKIA" + "Q" * 36])
def test_a_literal_secret_is_refused_and_never_printed(
    tmp_path: Path, place: str, secret: str
) -> None:
    for problem in problems(tmp_path, ARTICLE + place % secret + "\n"):
        assert secret not in problem
        assert secret[5:] not in problem


def test_a_secret_is_revealed_from_the_environment_alone() -> None:
    secret = Secret("KEY")
    assert secret.reveal({"KEY": " value\n"}) == "value"
    assert "value" not in repr(secret)
    for environ in ({}, {"KEY": "  "}):
        with pytest.raises(SettingsError, match=r"KEY: found nothing"):
            secret.reveal(environ)


def test_a_webhooks_url_may_be_a_secret(tmp_path: Path) -> None:
    hooks = "notify: [{url: env:HOOK, secret: env:SIGN}, {kind: webhook, url: 'https://h/x'}]\n"
    secret, literal = load(tmp_path, ARTICLE + hooks).notify
    assert secret.secret == Secret("SIGN")
    assert secret.target({"HOOK": "https://h/t"}) == "https://h/t"
    assert literal.target({}) == "https://h/x"


def test_configuration_is_built_from_values_too_and_is_immutable() -> None:
    provider = ProviderConfig(kind="openai", api_key=Secret("K"), timeout_s=5.0)
    assert (provider.timeout_s, provider.api_key) == (5.0, Secret("K"))
    assert WebhookConfig(url=Secret("HOOK")).url == Secret("HOOK")
    with pytest.raises(ValidationError):
        provider.timeout_s = 6.0  # type: ignore[misc] # refused, which is what is tested


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


# Documentation -----------------------------------------------------------------------------------

KIND_OF = {
    "read_share": "share",
    "read_open_share": "share",
    "read_seconds": "duration",
    "read_price": "price",
    "read_name": "name",
    "read_secret": "env:NAME",
    "read_url": "URL",
    "read_url_or_secret": "URL or env:NAME",
    "_read_tolerance": "share, or tier: share",
    "_read_thresholds": "share, or tier: share",
    "_read_alpha": "`tolerance` or share",
}


def kind_of(  # noqa: PLR0911 - one return for each form that a type can have
    annotation: Any, metadata: tuple[Any, ...] = ()
) -> str:
    """The type of a key as the documentation writes it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return kind_of(arguments[0], arguments[1:])
    for validator in metadata:
        function = getattr(validator, "func", None)
        if function is not None and function.__name__ in KIND_OF:
            return KIND_OF[function.__name__]
    if origin in {typing.Union, types.UnionType}:
        return kind_of(next(a for a in arguments if a is not type(None)), metadata)
    if origin is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin is tuple:
        return f"list of {kind_of(arguments[0])}"
    if origin in {dict, Mapping}:
        return f"name: {kind_of(arguments[1])}"
    return {bool: "true or false", int: "whole number", float: "number", str: "text"}[annotation]


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in models_in(part)]


def written(default: object) -> str:
    if default is None or default in ("", ()) or isinstance(default, Mapping):
        return "-"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def rows(model: type[BaseModel], prefix: str = "") -> list[str]:
    """A row ``| key | type | default | help |`` for each key at and below a model."""
    found = []
    for key, field in accepted_keys(model).items():
        origin = typing.get_origin(field.annotation)
        inner = models_in(field.annotation)
        name = f"{prefix}{key}"
        if inner:
            step = ".*" if origin is Mapping else "[]" if origin is tuple else ""
            found += rows(inner[0], f"{name}{step}.")
            continue
        kind = kind_of(field.annotation, tuple(field.metadata))
        if kind == "duration" and isinstance(field.default, float):
            default = f"{field.default:g}s"
        else:
            default = (
                "required"
                if field.is_required()
                else written(field.get_default(call_default_factory=True, validated_data={}))
            )
        found.append(f"| `{name}` | {kind} | {default} | {field.description} |")
    return found


def test_cache_is_off_until_asked_for_and_has_a_tolerance(tmp_path: Path) -> None:
    plain = load(tmp_path, WHOLE)
    assert plain.gateway.cache.mode == "off"
    assert plain.cache_tolerance == 0.05
    assert plain.serving == ("simple", "standard", "complex")
    told = WHOLE.replace("standard: 0.04", "cache: 0.01")
    config = load(tmp_path, told + "gateway: {cache: {mode: exact}}\n")
    assert config.cache_tolerance == 0.01
    assert dict(config.evaluation.tolerance) == {"simple": 0.05, "standard": 0.05}
    assert config.serving == ("simple", "standard", "complex", "cache")
    bare = load(tmp_path, WHOLE + "gateway: {cache: {mode: off}}\n")
    assert bare.gateway.cache.mode == "off"


def test_a_tier_named_cache_and_the_cache_exclude_each_other(tmp_path: Path) -> None:
    named = ARTICLE.replace("simple: ", "cache: ")
    assert load(tmp_path, named).serving == ("cache", "standard", "complex")
    assert problems(tmp_path, named + "gateway: {cache: {mode: exact}}\n") == [
        (
            "tierwatch.yaml:4: routing.tiers.cache: found a tier named cache, as answers of"
            " gateway.cache are counted; accepted another name, or gateway.cache.mode: off"
        )
    ]


def test_every_key_is_documented_with_type_default_and_help() -> None:
    expected = rows(ConfigFile)
    assert len(expected) > 40
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    documented = [line for line in lines if line.startswith("| `")]
    assert documented == expected


def test_the_documented_examples_load(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        assert load(tmp_path, example).tiers
