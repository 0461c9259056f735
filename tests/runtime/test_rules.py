"""What a configuration asks of each step of the loop."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, load

from tierwatch.config import Config
from tierwatch.evaluation.sampling.plan import weight_cap
from tierwatch.loop.improve.objective import Objective
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.runtime.rules import (
    burst_rules,
    learn_rules,
    monitor_rules,
    refit_rules,
    retune_alpha,
    retune_rules,
    rollout_rules,
)
from tierwatch.runtime.sampling import sampling_plan
from tierwatch.settings import Settings

SETTINGS = Settings(conversation_idle_s=120.0, retune_every_s=3_600.0)


def asked(folder: Path, evaluation: str, *, routing: str = ARTICLE) -> Config:
    """A configuration of which only the section ``evaluation`` matters."""
    return load(folder, f"{routing}evaluation: {{{evaluation}}}\n")


def test_monitors_get_the_level_the_tolerances_and_the_caches(tmp_path: Path) -> None:
    config = asked(tmp_path, "tolerance: {simple: 0.1, cache: 0.01}, alert_level: 500")
    rules = monitor_rules(SETTINGS, config)
    assert dict(rules.tolerance) == {"simple": 0.1, "standard": 0.05, "cache": 0.01}
    # Two alarms share the budget: each alarms at twice the level.
    assert (rules.level, rules.min_pairs, rules.quality) == (1_000.0, 30, None)
    assert rules.past is not None
    assert (list(rules.past.models), rules.past.level) == (
        ["simple", "standard", "complex"],
        1_000.0,
    )
    assert rules.conversation_idle_s == 120.0
    assert rules.max_weight == weight_cap(sampling_plan(config))


@pytest.mark.parametrize(
    ("evaluation", "density"),
    [
        ("sample_rate: 0.02", 10.0),
        ("sample_rate: 0.02, burst: 3", 3.0),
        ("sample_rate: 0.02, burst: 1", 1.0),
        # There is no more than all of the traffic: (1 - .2 / 3) / .2.
        ("sample_rate: 0.2", 14 / 3),
        ("sample_rate: 1", 1.0),
    ],
)
def test_bursts_are_no_denser_than_there_is_traffic_for(
    tmp_path: Path, evaluation: str, density: float
) -> None:
    rules = burst_rules(asked(tmp_path, f"budget_usd_per_day: 4, {evaluation}"))
    assert rules.density == pytest.approx(density)
    assert rules.budget_usd_per_day == 4


def test_the_level_that_follows_from_false_alarms_reaches_the_monitors(tmp_path: Path) -> None:
    config = asked(tmp_path, "false_alarms: 10 % per 1000 pairs")
    # 1,000 / .1, and half of it for each of two alarms.
    assert monitor_rules(SETTINGS, config).level == 20_000.0


def test_an_objective_gives_every_tier_what_it_leaves_and_the_monitors_its_quality(
    tmp_path: Path,
) -> None:
    rules = monitor_rules(SETTINGS, asked(tmp_path, "objective: {quality: 0.9}"))
    assert dict(rules.tolerance) == {"simple": 0.1, "standard": 0.1, "cache": 0.1}
    assert rules.quality == 0.9


def test_retuning_certifies_the_tolerance_unless_another_rate_is_asked_for(tmp_path: Path) -> None:
    tolerated = retune_rules(SETTINGS, asked(tmp_path, "tolerance: {simple: 0.1}"))
    assert dict(tolerated.alpha) == {"simple": 0.1, "standard": 0.05}
    assert (tolerated.mode, tolerated.every_s, tolerated.objective) == ("propose", 3_600.0, None)
    stricter = asked(tmp_path, "tolerance: {simple: 0.1}, retune: {alpha: 0.02, mode: auto}")
    assert retune_alpha(stricter) == {"simple": 0.02, "standard": 0.02}
    assert retune_rules(SETTINGS, stricter).mode == "auto"


@pytest.mark.parametrize(("said", "corrected"), [("ignore", False), ("correct", True)])
def test_judge_errors_are_corrected_where_that_is_asked_for(
    tmp_path: Path,
    said: str,
    corrected: bool,  # noqa: FBT001 - pytest's
) -> None:
    config = asked(tmp_path, f"retune: {{judge_errors: {said}}}")
    assert retune_rules(SETTINGS, config).correct_judge is corrected


def test_under_an_objective_all_tiers_are_tested_together_and_models_share_what_may_be_lost(
    tmp_path: Path,
) -> None:
    config = asked(tmp_path, "objective: {quality: 0.94}")
    assert retune_rules(SETTINGS, config).objective == Objective(
        0.94, ["simple", "standard"], "complex"
    )
    # 1 - .94 in two parts, rounded: 1 - .94 is .06000000000000005.
    assert retune_alpha(config) == {"simple": 0.03, "standard": 0.03}


LOCAL = ARTICLE.replace("{model: gpt-4o-mini, max_tokens: 50}", "{kind: local}")


def test_models_are_learned_only_where_they_decide(tmp_path: Path) -> None:
    other = refit_rules(asked(tmp_path, "refit: {mode: auto}"), judge_version="j/1")
    assert (other.mode, other.configured) == ("off", {})
    local = refit_rules(asked(tmp_path, "refit: {mode: auto}", routing=LOCAL), judge_version="j/1")
    assert (local.mode, local.judge_version, local.min_pairs) == ("auto", "j/1", 300)
    assert set(local.configured) == {"simple", "standard"}
    assert all(one.pairs == 0 for one in local.configured.values())


def test_configured_models_are_read_from_their_files(tmp_path: Path) -> None:
    learned = LocalClassifier()
    learned.learn("Prove it.", "worse")
    learned.save(tmp_path / "simple.model")
    routing = LOCAL.replace("{kind: local}", "{kind: local, models: {simple: simple.model}}")
    rules = refit_rules(asked(tmp_path, "sample_rate: 1", routing=routing), judge_version="j/1")
    assert {tier: one.pairs for tier, one in rules.configured.items()} == {
        "simple": 1,
        "standard": 0,
    }


def test_a_rollout_is_watched_by_the_weights_of_the_plan(tmp_path: Path) -> None:
    config = asked(tmp_path, "rollout: {share: 0.5, min_pairs: 7}, objective: {quality: 0.95}")
    rules = rollout_rules(config)
    assert (rules.share, rules.min_pairs, rules.quality) == (0.5, 7, 0.95)
    assert dict(rules.tolerance) == {"simple": 0.05, "standard": 0.05}
    assert rules.max_weight == weight_cap(sampling_plan(config))


@pytest.mark.parametrize(("rate", "base"), [("0.2", 0.2), ("0", 1.0)])
def test_learning_weighs_pairs_against_the_rate_they_were_sampled_at(
    tmp_path: Path, rate: str, base: float
) -> None:
    rules = learn_rules(asked(tmp_path, f"sample_rate: {rate}"), judge_version="j/1")
    assert (list(rules.boundaries), rules.judge_version) == (["simple", "standard"], "j/1")
    # Nothing is sampled at 0, and nothing may be divided by it.
    assert rules.base_rate == base
