"""A drained tier keeps nothing, whatever the confidence, the classifier's failure or the past."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.classification import Classification
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.stickiness import Pin, SessionRules, Turn, settled_turn
from tierwatch.routing.tiers import Price, Tier

TIERS = tuple(
    Tier(name, f"{name}-1", "lab", Price(cost, cost))
    for name, cost in (("simple", 1.0), ("standard", 3.0), ("complex", 15.0))
)
POLICY = Policy(1, {"simple": 0.7, "standard": 0.6})


def router(policy: Policy, default: str = "complex") -> Router:
    return Router(TIERS, None, ActivePolicies(policy), default)


def said(confidence: float, label: str = "simple", task_type: str = "all") -> Classification:
    return Classification(label=label, confidence=confidence, task_type=task_type)


def test_even_full_confidence_goes_up() -> None:
    decision = router(POLICY.with_drained("simple", version=2)).decide(said(1.0))
    assert (decision.tier, decision.reason, decision.escalated) == ("standard", "drained", True)
    assert (decision.confidence, decision.threshold) == (1.0, 0.7)
    assert decision.chosen  # its outcome is evidence, as any escalated one's


def test_what_would_have_gone_up_anyway_says_so() -> None:
    decision = router(POLICY.with_drained("simple", version=2)).decide(said(0.3))
    assert (decision.tier, decision.reason) == ("standard", "escalated")


def test_all_of_them_drained_is_the_top() -> None:
    policy = POLICY.with_drained("simple", version=2).with_drained("standard", version=3)
    assert router(policy).decide(said(1.0)).tier == "complex"
    assert router(policy).decide(said(0.9, "complex")).reason == "top"


def test_a_task_type_is_drained_alone() -> None:
    policy = POLICY.with_drained("simple", version=2, task_type="sql")
    assert router(policy).decide(said(1.0, task_type="sql")).tier == "standard"
    assert router(policy).decide(said(1.0, task_type="chat")).tier == "simple"


def test_a_failed_classifier_does_not_bring_it_back() -> None:
    policy = POLICY.with_drained("simple", version=2).with_drained("standard", version=3)
    decision = router(policy, "simple").failed("timeout")
    assert (decision.tier, decision.reason) == ("complex", "classifier_failed:timeout")
    assert router(POLICY, "simple").failed("timeout").tier == "simple"


def test_who_names_it_gets_it() -> None:
    decision = router(POLICY.with_drained("simple", version=2)).pinned("simple")
    assert decision is not None
    assert decision.tier == "simple"


@given(
    st.floats(0, 1),
    st.sampled_from(["simple", "standard", "complex"]),
    st.sets(st.sampled_from(["simple", "standard"])),
)
def test_no_confidence_is_kept_by_a_drained_tier_and_nothing_goes_down(
    confidence: float, label: str, drained: set[str]
) -> None:
    policy = Policy(2, POLICY.thresholds, drained={"all": drained})
    classification = said(confidence, label)
    before, now = router(POLICY).decide(classification), router(policy).decide(classification)
    assert now.tier not in drained
    ranks = ["simple", "standard", "complex"]
    assert ranks.index(now.tier) >= ranks.index(before.tier)
    assert (now.tier == before.tier) == (before.tier not in drained)


TOOL = [
    {"role": "user", "content": "Look it up."},
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "4"},
]


def turn(pinned: str, drained: set[str], messages: Any, warm: int = 0) -> Turn:
    decision = router(POLICY).decide(said(0.9))
    pin = Pin(pinned, f"{pinned}-1", "lab", seen_at=1_000, warm_tokens=warm)
    return settled_turn(
        decision,
        pin,
        messages=messages,
        tiers=TIERS,
        rules=SessionRules(),
        prompt_tokens=warm,
        now=1_010,
        drained=drained.__contains__,
    )


@pytest.mark.parametrize(
    ("pinned", "drained", "tier"),
    [
        ("standard", set(), "standard"),
        ("standard", {"standard"}, "complex"),
        ("standard", {"simple"}, "standard"),
        ("complex", {"standard"}, "complex"),
    ],
)
def test_a_conversation_held_at_a_drained_tier_moves_up(
    pinned: str, drained: set[str], tier: str
) -> None:
    found = turn(pinned, drained, TOOL)
    assert (found.decision.tier, found.move) == (tier, "tool_exchange")
    assert found.held


def test_a_warm_cache_does_not_hold_at_a_drained_tier() -> None:
    fresh = [{"role": "user", "content": "Now something quite different: what is 2 + 2?"}]
    found = turn("standard", {"standard"}, fresh, warm=100_000)
    assert (found.decision.tier, found.move) == ("simple", "down")
