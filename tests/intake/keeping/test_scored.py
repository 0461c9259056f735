"""A watched router's decision as ours would stand: by its logged score, or outside the evidence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories.sources import CONFIG, STARTED

from tierwatch.config import Config, load_config
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.intake.calls import Call
from tierwatch.intake.keeping.placing import Placed, Placing
from tierwatch.intake.keeping.scored import Scored
from tierwatch.loop.capture.admission.outside import BY_RULE, OTHER_THRESHOLDS, outside_at_once
from tierwatch.routing.foreign.complexity import DEFAULTS
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router

ROUTER = """\
  router:
    kind: litellm_complexity
    settings: {tiers: {SIMPLE: fast, MEDIUM: medium-1, COMPLEX: medium-1, REASONING: smart}}
"""
NOW = {"simple": 0.85, "standard": 0.4}
THEN = {"simple": 0.95, "standard": 0.4}
POLICIES = ActivePolicies(Policy(1, NOW))
CALL = Call(
    source_id="c-1",
    trace="",
    session="",
    started_at=STARTED,
    asked="fast",
    model="small-1",
    provider="openai",
    request={"messages": [{"role": "user", "content": "Capital of France?"}]},
    answer={"role": "assistant", "content": "Paris."},
    finish_reason="stop",
    finished=True,
    confidence=0.9,
    boundaries=DEFAULTS,
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG + ROUTER)
    return load_config(tmp_path / "tierwatch.yaml")


def scored(config: Config) -> Scored:
    assert config.foreign is not None
    return Scored(config.foreign, config.tiers)


def placed(
    config: Config, policies: ActivePolicies = POLICIES, at: float = STARTED + 1, **changes: Any
) -> Placed:
    router = Router.described(config).with_policies(policies)
    placing = Placing(config, lambda: router, Conversations(b"secret"))
    return placing.place(CALL._replace(**changes), "proxy", at)


def test_the_first_policy_is_what_the_router_runs_with(config: Config) -> None:
    assert config.initial_policy.thresholds == NOW


def test_one_score_is_the_confidence_at_every_boundary(config: Config) -> None:
    served = placed(config).served
    assert served is not None
    assert served.decision.confidences == (("simple", 0.9), ("standard", 0.9))
    assert (served.decision.reason, served.decision.label) == ("watched", "simple")
    assert not served.decision.escalated
    assert outside_at_once(served) == ""


def test_above_the_cheapest_it_was_moved_up(config: Config) -> None:
    served = placed(config, asked="medium-1", model="medium-1", confidence=0.5).served
    assert served is not None
    assert served.decision.escalated
    assert served.decision.confidence == 0.5
    assert outside_at_once(served) == ""


def test_what_a_rule_decided_is_outside(config: Config) -> None:
    served = placed(config, by_rule="reasoning_override", confidence=None).served
    assert served is not None
    assert served.decision.reason == "by_rule:reasoning_override"
    assert outside_at_once(served) == BY_RULE
    unsaid = placed(config, confidence=None, boundaries={}).served
    assert unsaid is not None
    assert unsaid.decision.reason == "by_rule:not_logged"


def test_its_policy_is_the_one_with_the_thresholds_that_it_logged(config: Config) -> None:
    trying = ActivePolicies(Policy(1, NOW), Policy(2, THEN), share=1.0, salt="s")
    then = {**DEFAULTS, "simple_medium": 0.05}
    other = {**DEFAULTS, "simple_medium": 0.3}
    versions = []
    for boundaries in (DEFAULTS, then):
        served = placed(config, trying, boundaries=boundaries).served
        assert served is not None
        versions.append(served.decision.policy_version)
    assert versions == [1, 2]
    unknown = placed(config, trying, boundaries=other).served
    assert unknown is not None
    assert outside_at_once(unknown) == OTHER_THRESHOLDS


def test_a_router_that_logs_none_is_taken_to_run_with_the_newest(config: Config) -> None:
    assert config.foreign is not None
    own = replace(config.foreign, kind="json", keys={}, text="{simple: 0.85, standard: 0.4}")
    trying = ActivePolicies(Policy(1, NOW), Policy(2, THEN), share=1.0, salt="s")
    tier = config.tier("simple")
    call = CALL._replace(boundaries={})
    assert Scored(own, config.tiers).decision(call, tier, trying).policy_version == 2
    assert Scored(own, config.tiers).decision(call, tier, POLICIES).policy_version == 1


def test_what_runs_is_seen_in_new_records_alone(config: Config) -> None:
    assert placed(config).seen == '{"simple":0.85,"standard":0.4}'
    assert placed(config, at=STARTED + 3_600).seen == ""
    assert placed(config, boundaries={}).seen == ""
    assert placed(config, boundaries={**DEFAULTS, "simple_medium": 0.151}).seen == ""


def test_boundaries_of_ever_new_kinds_take_no_memory(config: Config) -> None:
    of = scored(config)
    for step in range(1_500):
        of.thresholds({**DEFAULTS, "simple_medium": step / 1_500})
    assert len(of._known) <= 1_000
    assert of.thresholds(DEFAULTS) == NOW
