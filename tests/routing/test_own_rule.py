"""What of a policy decides a segment: equal rules have one key, and looser is by every type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.own_rule import OwnRule, own_rule
from tierwatch.routing.policy import Policy

BASE = Policy(1, {"simple": 0.7, "standard": 0.6}, {"code": {"simple": 0.9}})
shares = st.integers(0, 100).map(lambda cents: cents / 100)
rules = st.builds(
    OwnRule,
    st.dictionaries(st.sampled_from(["code", "sql", "chat"]), shares).flatmap(
        lambda own: shares.map(lambda stated: {"all": stated} | own)
    ),
    st.integers(0, 2),
)


def keys(policy: Policy, artefact: int = 0) -> dict[str, str]:
    segments = {
        "simple/code": ("simple", "code"),
        "simple/sql": ("simple", "sql"),
        "simple/*": ("simple", None),
        "standard/sql": ("standard", "sql"),
        "standard/*": ("standard", None),
    }
    found = {}
    for name, (tier, task_type) in segments.items():
        found[name] = own_rule(policy, tier, task_type, artefact=artefact).key
    return found


@pytest.mark.parametrize(
    ("policy", "changed"),
    [
        (BASE.with_threshold("standard", 0.5, version=2), {"standard/sql", "standard/*"}),
        (BASE.with_threshold("simple", 0.6, version=2), {"simple/sql", "simple/*"}),
        (
            BASE.with_threshold("simple", 0.8, version=2, task_type="code"),
            {"simple/code", "simple/*"},
        ),
        (
            BASE.with_threshold("simple", 0.8, version=2, task_type="sql"),
            {"simple/sql", "simple/*"},
        ),
        # A threshold of its own that is the tier's decides nothing else.
        (BASE.with_threshold("simple", 0.7, version=2, task_type="sql"), set()),
        (
            BASE.with_promises({"standard": 0.08}, quality=0.95),
            {"standard/sql", "standard/*"},
        ),
        (Policy(9, dict(BASE.thresholds), dict(BASE.by_task)), set()),
    ],
    ids=["other tier", "own", "own type", "another type", "same value", "promise", "version"],
)
def test_a_segments_key_changes_with_its_own_rule_alone(policy: Policy, changed: set[str]) -> None:
    before, after = keys(BASE), keys(policy)
    assert {name for name in before if before[name] != after[name]} == changed


def test_another_classifier_is_another_rule() -> None:
    before, after = keys(BASE), keys(BASE, artefact=4)
    assert all(after[name] == before[name] + "a4" for name in before)


def test_a_tier_without_a_threshold_has_one_rule_under_every_policy() -> None:
    other = BASE.with_threshold("simple", 0.5, version=2)
    for tier in ("complex", "cache"):
        assert own_rule(BASE, tier, "code") == own_rule(other, tier, None) == OwnRule({"all": 0.0})


@given(rules, rules)
def test_equal_keys_are_equal_rules(one: OwnRule, other: OwnRule) -> None:
    same = one.key == other.key
    assert same == (one == other)
    if same:
        assert one.loosens(other)


@given(rules, rules, st.sampled_from(["all", "code", "sql", "chat", "unknown"]))
def test_a_looser_rule_keeps_what_the_stricter_kept(
    one: OwnRule, other: OwnRule, task_type: str
) -> None:
    if one.loosens(other):
        assert one.threshold(task_type) <= other.threshold(task_type)
        assert one.artefact == other.artefact
        if other.loosens(one):
            assert one.threshold(task_type) == other.threshold(task_type)


@given(rules, rules, rules)
def test_looser_than_looser_is_looser(one: OwnRule, other: OwnRule, third: OwnRule) -> None:
    if one.loosens(other) and other.loosens(third):
        assert one.loosens(third)
