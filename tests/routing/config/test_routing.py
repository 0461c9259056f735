"""The routing section as one value."""

from pathlib import Path

import pytest
from factories.config import WHOLE, load, told

from tierwatch.errors import ConfigError, UsageError
from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.config.balance import BalanceSection
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.config.routing import load_routing
from tierwatch.routing.config.sessions import SessionsSection
from tierwatch.routing.policy import Policy
from tierwatch.routing.router import Router

SMALL = """\
routing:
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: mid-1, cost: 3}
    complex: {model: large-1, cost: 15}
"""

YAML = """\
routing:
  classifier: {model: cheap}
  tiers:
    simple: {model: small-1, cost: 0.25, description: facts}
    complex: {model: large-1, cost: 15}
  retry: {attempts: 0, wait: 50ms, escalate: no}
  default_tier: simple
"""

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "routing:",
        "routing:\n  default_tier: huge",
        ("2: routing.default_tier: found 'huge'; accepted simple, standard, complex"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_default_tier(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]


def test_the_routing_section(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(YAML)
    routing = load_routing(path)
    assert [tier.description for tier in routing.tiers] == ["facts", ""]
    assert (routing.retry.attempts, routing.retry.wait_s, routing.retry.escalate) == (
        0,
        0.05,
        False,
    )
    assert (routing.default_tier, routing.initial_policy.thresholds) == ("simple", {"simple": 0.7})
    # The gateway classifies by itself: a router without `ask` decides, and does not classify.
    router = Router.described(routing)
    assert router.route([]).reason == "classifier_failed:no_classifier"
    with pytest.raises(UsageError, match="needs `ask`"):
        Router.from_config(path)


def test_the_smallest_section_has_every_default(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(SMALL)
    routing = load_routing(path)
    assert routing.classifier == ClassifierConfig()
    assert (routing.default_tier, routing.cascade) == ("complex", None)
    assert routing.initial_policy == Policy(1, {"simple": 0.7, "standard": 0.7})
    assert (routing.retry, routing.sessions, routing.balance) == (
        RetrySection(),
        SessionsSection(),
        BalanceSection(),
    )
    assert set(routing.price_origins.values()) == {"cost"}


def test_the_library_reads_what_the_whole_file_reads(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    routing = load_routing(tmp_path / "tierwatch.yaml")
    for name in ("tiers", "classifier", "default_tier", "initial_policy", "retry", "sessions"):
        assert getattr(routing, name) == getattr(config, name), name
    assert dict(routing.price_origins).items() <= dict(config.price_origins).items()


def test_sections_of_others_may_be_wrong_and_are_left_unread(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(SMALL + "evaluation: {sample_rate: 7}\ngateway: 3\nnonsense: 1\n")
    assert len(load_routing(path).tiers) == 3


def test_every_problem_of_every_part_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        SMALL.replace("cost: 3}", "cost: 0.1}")
        + "  classifier: {kind: static, label: huge}\n"
        + "  fallback: {threshold: {complex: 1}}\n"
        + "  default_tier: huge\n"
        + "  balance: {breaker: {share: 0}}\n"
        + "  cascade: {tiers: [complex]}\n"
        + "prices: {gpt-4o: 1, openai/gpt-4o: 2}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_routing(path)
    keys = [problem.removeprefix(f"{path}:").split(": ")[1] for problem in caught.value.problems]
    assert keys == [
        "routing.tiers.standard.cost",
        "routing.classifier.label",
        "routing.fallback.threshold.complex",
        "routing.default_tier",
        "routing.balance.breaker.share",
        "routing.cascade.tiers[0]",
        "prices.openai/gpt-4o",
    ]


def test_a_value_of_the_wrong_form_is_told_before_what_values_demand_of_each_other(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(SMALL + "  default_tier: huge\n  retry: 7\n")
    with pytest.raises(ConfigError) as caught:
        load_routing(path)
    (problem,) = caught.value.problems
    assert "routing.retry: found 7; accepted a mapping" in problem


@pytest.mark.parametrize("tier", ["simple", "standard", "complex"])
def test_any_tier_may_serve_when_the_classifier_fails(tmp_path: Path, tier: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(f"{SMALL}  default_tier: {tier}\n")
    assert load_routing(path).default_tier == tier


def test_numbers_of_sessions_and_retry_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        SMALL
        + "  sessions: {sticky: false, idle: 1h, cache: 1h30m}\n"
        + "  retry: {attempts: 5, wait: 2s, escalate: no}\n"
    )
    routing = load_routing(path)
    assert routing.sessions == SessionsSection(sticky=False, idle_s=3_600.0, cache_s=5_400.0)
    assert routing.retry == RetrySection(attempts=5, wait_s=2.0, escalate=False)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("sessions: {idle: 0}", "routing.sessions.idle"),
        ("sessions: {cache: forever}", "routing.sessions.cache"),
        ("sessions: {sticky: 3}", "routing.sessions.sticky"),
        ("sessions: {idle_s: 3}", "routing.sessions.idle_s"),
        ("retry: {attempts: 6}", "routing.retry.attempts"),
        ("retry: {attempts: -1}", "routing.retry.attempts"),
        ("retry: {attempts: 1.5}", "routing.retry.attempts"),
        ("retry: {wait: -1s}", "routing.retry.wait"),
    ],
)
def test_numbers_that_are_none_are_named(tmp_path: Path, written: str, key: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(f"{SMALL}  {written}\n")
    with pytest.raises(ConfigError) as caught:
        load_routing(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:6: {key}: found ")
