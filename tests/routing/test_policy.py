import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import PolicyError
from tierwatch.routing.policy import ActivePolicies, Policy, hashed_share
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Price

POLICY = Policy(1, {"simple": 0.7, "standard": 0.6}, {"code": {"simple": 0.9}})


def test_a_task_type_overrides_only_what_it_names() -> None:
    assert POLICY.threshold("simple") == 0.7
    assert POLICY.threshold("simple", "code") == 0.9
    assert POLICY.threshold("standard", "code") == 0.6
    assert POLICY.threshold("simple", "unheard of") == 0.7
    with pytest.raises(PolicyError, match="found tier 'complex'; accepted"):
        POLICY.threshold("complex")


def test_a_changed_threshold_is_a_new_policy() -> None:
    changed = POLICY.with_threshold("simple", 0.8, version=2)
    assert (changed.version, changed.threshold("simple"), changed.threshold("simple", "code")) == (
        2,
        0.8,
        0.9,
    )
    assert POLICY.threshold("simple") == 0.7
    for_code = POLICY.with_threshold("standard", 0.5, version=2, task_type="code")
    assert for_code.by_task == {"code": {"simple": 0.9, "standard": 0.5}}
    assert for_code.threshold("standard") == 0.6
    new_task = POLICY.with_threshold("standard", 0.5, version=2, task_type="law")
    assert new_task.threshold("standard", "law") == 0.5
    with pytest.raises(PolicyError):
        POLICY.with_threshold("complex", 0.5, version=2)


def test_promises_belong_to_the_thresholds_they_were_made_of() -> None:
    promised = POLICY.with_promises({"simple": 0.0812, "standard": 0.2}, quality=0.95)
    assert promised.promised == {"simple": 0.0812, "standard": 0.2}
    assert promised.tolerance("simple", 0.05, 0.95) == 0.0812
    assert promised.tolerance("simple", 0.1, 0.95) == 0.1
    certain = POLICY.with_promises({"simple": 1.0}, quality=0.95)
    assert certain.tolerance("simple", 0.05, 0.95) == 0.99
    for changed in (
        promised.with_threshold("simple", 0.8, version=2),
        promised.with_threshold("simple", 0.8, version=2, task_type="code"),
        promised.with_model(4, "simple", 0.8, version=2),
    ):
        assert changed.promised == {"standard": 0.2}
        assert changed.promised_for == 0.95
    none = certain.with_threshold("simple", 0.8, version=2)
    assert (none.promised, none.promised_for) == ({}, None)
    assert Policy.from_json(json.loads(json.dumps(promised.to_json()))) == promised
    for wrong in ({"complex": 0.1}, {"simple": 1.1}, {"simple": True}, 0.1):
        with pytest.raises(PolicyError, match="promised"):
            Policy(1, {"simple": 0.7}, promised=wrong, promised_for=0.9)  # type: ignore[arg-type] # tested


def test_promises_count_only_for_the_quality_they_were_made_for() -> None:
    promised = POLICY.with_promises({"simple": 0.08}, quality=0.9)
    assert promised.tolerance("simple", 0.05, 0.9) == 0.08
    assert promised.tolerance("simple", 0.05, 0.95) == 0.05
    assert promised.tolerance("simple", 0.05, None) == 0.05
    for quality in (None, 0.0, 1.0, "0.9"):
        with pytest.raises(PolicyError, match="promised_for"):
            POLICY.with_promises({"simple": 0.08}, quality=quality)  # type: ignore[arg-type] # tested


def test_nothing_in_a_policy_can_be_changed() -> None:
    given_thresholds = {"simple": 0.7}
    policy = Policy(1, given_thresholds)
    given_thresholds["simple"] = 0.1
    assert policy.threshold("simple") == 0.7
    maps: list[Any] = [POLICY.thresholds, POLICY.by_task, POLICY.by_task["code"]]
    for mapping in maps:
        with pytest.raises(TypeError):
            mapping["simple"] = 0.1
    with pytest.raises(AttributeError):
        POLICY.version = 2  # type: ignore[misc] # refused, which is what is tested


def test_thresholds_lie_on_the_grid_of_two_decimals() -> None:
    policy = Policy(1, {"simple": 0.12499, "standard": 1})
    assert policy.thresholds == {"simple": 0.12, "standard": 1.0}
    assert isinstance(policy.threshold("standard"), float)


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_versions_count_from_one(version: Any) -> None:
    with pytest.raises(PolicyError, match="version"):
        Policy(version, {"simple": 0.7})


@pytest.mark.parametrize(
    "value", [-0.01, 1.01, float("nan"), float("inf"), True, "0.7", None, 10**400]
)
def test_a_threshold_is_a_number_from_0_to_1(value: Any) -> None:
    with pytest.raises(PolicyError, match=r"thresholds\.simple: found"):
        Policy(1, {"simple": value})
    with pytest.raises(PolicyError, match=r"by_task\.code\.simple: found"):
        Policy(1, {"simple": 0.5}, {"code": {"simple": value}})


@pytest.mark.parametrize(
    ("thresholds", "by_task"),
    [
        ({}, {}),
        (None, {}),
        ([0.7], {}),
        ({"": 0.7}, {}),
        ({3: 0.7}, {}),
        ({"simple": 0.7}, {"code": {"standard": 0.7}}),
        ({"simple": 0.7}, {"all": {"simple": 0.7}}),
        ({"simple": 0.7}, {"": {"simple": 0.7}}),
        ({"simple": 0.7}, {"code": 0.7}),
        ({"simple": 0.7}, [("code", 0.7)]),
    ],
)
def test_what_is_no_policy(thresholds: Any, by_task: Any) -> None:
    with pytest.raises(PolicyError, match="accepted"):
        Policy(1, thresholds, by_task)


@given(
    version=st.integers(1),
    thresholds=st.dictionaries(st.text(min_size=1), st.floats(0, 1), min_size=1),
    task=st.text(min_size=1).filter(lambda task: task != "all"),
)
def test_a_policy_survives_json(version: int, thresholds: dict[str, float], task: str) -> None:
    policy = Policy(version, thresholds, {task: thresholds})
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"version": 1},
        {"version": 1, "thresholds": {"simple": 0.7}, "threshold": 1},
        {"version": 1, "thresholds": 7},
    ],
)
def test_json_that_is_no_policy(value: Any) -> None:
    with pytest.raises(PolicyError, match="accepted"):
        Policy.from_json(value)
    assert Policy.from_json({"version": 1, "thresholds": {"simple": 0.7}}).by_task == {}


def test_hashed_share_is_the_same_on_every_machine() -> None:
    # blake2b("salt|key", 8 bytes) = its first 53 bits / 2^53; worked out once and written down,
    # since a change would move every session to another arm.
    assert hashed_share("salt", "key") == pytest.approx(SHARE_OF_SALT_KEY, abs=0)
    assert hashed_share("salt", "key") != hashed_share("other", "key")


SHARE_OF_SALT_KEY = 0.9624115439602122


@given(salt=st.text(), key=st.text(st.characters()))
def test_hashed_share_lies_below_one_for_any_text(salt: str, key: str) -> None:
    assert 0 <= hashed_share(salt, key) < 1
    assert 0 <= hashed_share(salt, key + "\ud800") < 1


def test_hashed_share_is_uniform_and_independent_between_salts() -> None:
    shares = [hashed_share("a", str(n)) for n in range(20_000)]
    # Standard error of a share of .2 over 20,000 is .0028; four of them.
    assert sum(share < 0.2 for share in shares) / 20_000 == pytest.approx(0.2, abs=0.0113)
    both = sum(s < 0.2 and hashed_share("b", str(n)) < 0.2 for n, s in enumerate(shares))
    assert both / 20_000 == pytest.approx(0.04, abs=0.0056)


def test_a_session_stays_in_its_arm_and_the_share_is_kept() -> None:
    candidate = POLICY.with_threshold("simple", 0.8, version=2)
    active = ActivePolicies(POLICY, candidate, 0.2, "rollout-2")
    sessions = [f"s{n}" for n in range(10_000)]
    arms = {session: active.for_session(session) for session in sessions}
    assert all(active.for_session(session) is arms[session] for session in sessions)
    share = sum(policy is candidate for policy in arms.values()) / len(sessions)
    assert share == pytest.approx(0.2, abs=0.016)
    # Who is in at 20 % stays in when the share grows.
    wider = ActivePolicies(POLICY, candidate, 0.5, "rollout-2")
    assert all(
        wider.for_session(s) is candidate for s, policy in arms.items() if policy is candidate
    )


@pytest.mark.parametrize(("share", "version"), [(0.0, 1), (1.0, 2)])
def test_no_session_and_every_session(share: float, version: int) -> None:
    candidate = POLICY.with_threshold("simple", 0.8, version=2)
    active = ActivePolicies(POLICY, candidate, share, "x")
    assert {active.for_session(str(n)).version for n in range(500)} == {version}


def test_without_a_candidate_the_stable_policy_serves() -> None:
    assert ActivePolicies(POLICY, None, 1.0).for_session("s") is POLICY


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_from_0_to_1(share: float) -> None:
    with pytest.raises(PolicyError, match="rollout share"):
        ActivePolicies(POLICY, None, share)


def test_two_policies_must_be_told_apart_and_have_the_same_tiers() -> None:
    with pytest.raises(PolicyError, match="found version 1 for both"):
        ActivePolicies(POLICY, Policy(1, {"simple": 0.8, "standard": 0.6}), 0.2)
    with pytest.raises(PolicyError, match="found tiers"):
        ActivePolicies(POLICY, Policy(2, {"simple": 0.8}), 0.2)


shares = st.integers(0, 100).map(lambda percent: percent / 100)


@given(first=shares, other=shares, new=shares, task=st.sampled_from(["all", "code", "law"]))
def test_one_changed_threshold_leaves_every_other_one(
    first: float, other: float, new: float, task: str
) -> None:
    old = Policy(1, {"simple": first, "standard": other}, {"code": {"standard": 0.5}})
    changed = old.with_threshold("simple", new, version=2, task_type=task)
    assert changed.threshold("simple", task) == new
    assert changed.version == 2
    for tier, kind in (("standard", "all"), ("standard", "code"), ("standard", "law")):
        assert changed.threshold(tier, kind) == old.threshold(tier, kind)
    if task != "all":
        assert changed.threshold("simple") == first
    # The policy that was stays what it was.
    assert old.threshold("simple", "code") == first


@pytest.mark.parametrize("tier", ["complex", "", "Simple"])
def test_a_tier_without_a_threshold_is_refused_everywhere(tier: str) -> None:
    policy = Policy(1, {"simple": 0.7})
    for ask in (
        lambda: policy.threshold(tier),
        lambda: policy.with_threshold(tier, 0.5, version=2),
        lambda: policy.with_model(1, tier, 0.5, version=2),
        lambda: policy.with_promises({tier: 0.1}, quality=0.9),
    ):
        with pytest.raises(PolicyError, match="accepted: "):
            ask()


@pytest.mark.parametrize("model", [-1, True, 1.0, "1", None])
def test_a_model_has_a_version_or_is_the_configured_one(model: Any) -> None:
    with pytest.raises(PolicyError, match="classifier: found"):
        Policy(1, {"simple": 0.7}, classifier=model)


@pytest.mark.parametrize("quality", [None, 0.0, 1.0, 1, "0.9", float("nan")])
def test_a_promise_is_made_for_a_quality(quality: Any) -> None:
    with pytest.raises(PolicyError, match="promised_for: found"):
        Policy(1, {"simple": 0.7}, promised={"simple": 0.1}, promised_for=quality)


def test_a_quality_without_a_promise_is_refused_unless_a_promise_may_follow() -> None:
    assert Policy(1, {"simple": 0.7}, promised_for=0.9).promised_for == 0.9
    assert Policy(1, {"simple": 0.7}).with_promises({}, quality=0.9).promised_for is None


def test_no_promise_tolerates_everything() -> None:
    policy = Policy(1, {"simple": 0.7}).with_promises({"simple": 1.0}, quality=0.5)
    assert policy.tolerance("simple", 0.05, 0.5) == 0.99
    assert policy.tolerance("simple", 1.0, None) == 0.99


@given(
    share=st.floats(0, 1),
    session=st.text(max_size=20),
    salt=st.sampled_from(["", "rollout-7", "rollout-8"]),
)
def test_a_larger_share_never_takes_a_session_away_from_the_candidate(
    share: float, session: str, salt: str
) -> None:
    stable, candidate = Policy(1, {"simple": 0.7}), Policy(2, {"simple": 0.6})
    arms = [
        ActivePolicies(stable, candidate, one, salt).for_session(session)
        for one in (share, min(1.0, share * 1.5 + 0.01))
    ]
    assert arms[0] is stable or arms[1] is candidate


def test_the_models_that_decide_are_those_of_both_policies() -> None:
    stable = Policy(1, {"simple": 0.7})
    assert ActivePolicies(stable).classifiers == {0}
    learned = stable.with_model(4, "simple", 0.6, version=2)
    assert ActivePolicies(stable, learned, 0.1).classifiers == {0, 4}
    assert ActivePolicies(
        learned, learned.with_threshold("simple", 0.5, version=3)
    ).classifiers == {4}


def test_a_drained_tier_is_one_for_its_task_types() -> None:
    policy = Policy(1, {"simple": 0.7, "standard": 0.6}, drained={"sql": ["simple"]})
    assert policy.is_drained("simple", "sql")
    assert not policy.is_drained("simple")
    assert not policy.is_drained("standard", "sql")
    more = policy.with_drained("simple", version=2)
    assert more.is_drained("simple", "chat")
    assert more.thresholds == policy.thresholds
    back = more.without_drained("simple", version=3)
    assert (back.drained, back.version) == ({"sql": {"simple"}}, 3)
    none = back.without_drained("simple", version=4, task_type="sql")
    assert none.drained == {}
    assert none.without_drained("simple", version=5).drained == {}


def test_a_drain_goes_through_json_and_no_drain_is_no_key_of_older_ones() -> None:
    policy = Policy(1, {"simple": 0.7, "standard": 0.6}, drained={"all": {"standard", "simple"}})
    assert policy.to_json()["drained"] == {"all": ["simple", "standard"]}
    assert Policy.from_json(policy.to_json()) == policy
    assert Policy.from_json({"version": 1, "thresholds": {"simple": 0.7}}).drained == {}
    assert Policy(1, {"simple": 0.7}, drained={"all": []}).drained == {}


@pytest.mark.parametrize(
    "drained",
    [["simple"], {"all": "simple"}, {"": ["simple"]}, {"all": ["top"]}, {3: []}, {"all": None}],
)
def test_drains_that_are_none(drained: Any) -> None:
    with pytest.raises(PolicyError, match=r"^drained"):
        Policy(1, {"simple": 0.7}, drained=drained)
    with pytest.raises(PolicyError):
        Policy(1, {"simple": 0.7}).with_drained("top", version=2)


NEW = TierModel("small-2", "lab", Price(0.1, 0.2), "", instead_of="small-1")


def test_another_model_at_a_tier_leaves_all_else() -> None:
    policy = Policy(1, {"simple": 0.7}, promised={"simple": 0.1}, promised_for=0.9)
    changed = policy.with_tier_model("top", NEW, version=2)
    assert changed.models == {"top": NEW}
    assert (changed.version, changed.thresholds) == (2, policy.thresholds)
    assert (changed.promised, changed.promised_for) == (policy.promised, 0.9)
    assert policy.models == {}
    assert changed.with_threshold("simple", 0.5, version=3).models == {"top": NEW}


def test_models_go_through_json() -> None:
    policy = Policy(1, {"simple": 0.7}).with_tier_model("simple", NEW, version=2)
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy
    without = {name: one for name, one in policy.to_json().items() if name != "models"}
    assert Policy.from_json(without).models == {}


@pytest.mark.parametrize("models", [None, [], {"simple": "small-2"}, {7: NEW}, {"simple": None}])
def test_what_is_no_model_is_refused(models: Any) -> None:
    with pytest.raises(PolicyError, match=r"^models: found"):
        Policy(1, {"simple": 0.7}, models=models)


def test_models_at_providers_that_a_file_does_not_name_are_left_out() -> None:
    stable = Policy(1, {"simple": 0.7})
    candidate = stable.with_tier_model("simple", NEW, version=2)
    both = ActivePolicies(stable, candidate, 0.2)
    assert both.within(["lab"]) is both
    left = both.within(["other"])
    assert left.stable is stable
    assert left.candidate is not None
    assert (left.candidate.version, left.candidate.models) == (2, {})
