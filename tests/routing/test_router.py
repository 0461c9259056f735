from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwatch.errors import ClassifierError, ConfigError, PolicyError, ProviderError, UsageError
from tierwatch.routing.classify.classification import Classification
from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.classify.task_types import BUCKETS, TaskTypes, table_of
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Price, Tier

NAMES = ("simple", "standard", "complex")
TIERS = tuple(Tier(name, f"{name}-1", "p", Price(1, 1)) for name in NAMES)
POLICY = Policy(3, {"simple": 0.7, "standard": 0.6}, {"code": {"simple": 0.95}})
ASK = [{"role": "user", "content": "hello"}]


def router(classifier: Any = None, policies: ActivePolicies | None = None) -> Router:
    return Router(TIERS, classifier, policies or ActivePolicies(POLICY), "standard")


class Fails:
    def __init__(self, cause: BaseException | None) -> None:
        self.cause = cause

    def classify(self, *_: object, **__: object) -> Classification:
        raise ClassifierError("no label") from self.cause


# Labelling classifiers: (label, confidence, task) -> (tier, threshold, escalated, reason)
LABELLED = [
    (("simple", 0.82, "all"), ("simple", 0.7, False, "kept")),
    (("simple", 0.70, "all"), ("simple", 0.7, False, "kept")),
    (("simple", 0.69, "all"), ("standard", 0.7, True, "escalated")),
    (("simple", 0.0, "all"), ("standard", 0.7, True, "escalated")),
    (("standard", 0.6, "all"), ("standard", 0.6, False, "kept")),
    (("standard", 0.5, "all"), ("complex", 0.6, True, "escalated")),
    (("complex", 0.1, "all"), ("complex", None, False, "top")),
    (("simple", 0.9, "code"), ("standard", 0.95, True, "escalated")),
    (("simple", 0.95, "code"), ("simple", 0.95, False, "kept")),
    (("simple", 0.9, "law"), ("simple", 0.7, False, "kept")),
]


@pytest.mark.parametrize(("said", "decided"), LABELLED)
def test_a_label_is_kept_or_moves_up_by_one_tier(
    said: tuple[str, float, str], decided: tuple[str, float | None, bool, str]
) -> None:
    label, confidence, task = said
    decision = router().decide(Classification(label, confidence, task))
    assert (decision.tier, decision.threshold, decision.escalated, decision.reason) == decided
    assert decision.model == f"{decision.tier}-1"
    assert (decision.label, decision.confidence) == (label, confidence)
    assert (decision.task_type, decision.policy_version) == (task, 3)


def test_the_confidences_of_a_label_are_0_below_it_and_1_above() -> None:
    confidences = router().decide(Classification("standard", 0.8)).confidences
    assert confidences == (("simple", 0.0), ("standard", 0.8))
    assert router().decide(Classification("simple", 0.8)).confidences[1] == ("standard", 1.0)
    assert router().decide(Classification("complex", 0.8)).confidences == (
        ("simple", 0.0),
        ("standard", 0.0),
    )


# Scoring classifiers: (c_simple, c_standard) -> (tier, label, confidence, threshold, reason)
SCORED = [
    ((0.8, 0.9), ("simple", "simple", 0.8, 0.7, "kept")),
    ((0.6, 0.9), ("standard", "simple", 0.6, 0.7, "escalated")),
    ((0.6, 0.59), ("complex", "simple", 0.6, 0.7, "escalated")),
    ((0.4, 0.9), ("standard", "standard", 0.9, 0.6, "kept")),
    ((0.4, 0.55), ("complex", "standard", 0.55, 0.6, "escalated")),
    ((0.2, 0.3), ("complex", "complex", 0.7, None, "top")),
]


def scored(simple: float, standard: float) -> Classification:
    confidences = {"simple": simple, "standard": standard}
    for tier, confidence in confidences.items():
        if confidence >= 0.5:
            return Classification(tier, confidence, confidences=confidences)
    return Classification("complex", 1 - standard, confidences=confidences)


@pytest.mark.parametrize(("scores", "decided"), SCORED)
def test_the_first_tier_that_reaches_its_threshold(
    scores: tuple[float, float], decided: tuple[str, str, float, float | None, str]
) -> None:
    decision = router().decide(scored(*scores))
    assert (
        decision.tier,
        decision.label,
        decision.confidence,
        decision.threshold,
        decision.reason,
    ) == decided
    assert decision.confidences == (("simple", scores[0]), ("standard", scores[1]))


def test_a_low_threshold_keeps_below_the_label() -> None:
    low = ActivePolicies(Policy(1, {"simple": 0.3, "standard": 0.6}))
    decision = router(policies=low).decide(scored(0.4, 0.9))
    assert (decision.tier, decision.label, decision.reason) == ("simple", "standard", "kept")
    assert (decision.confidence, decision.threshold, decision.escalated) == (0.4, 0.3, False)
    from_the_top = router(policies=low).decide(scored(0.3, 0.4))
    assert (from_the_top.tier, from_the_top.label) == ("simple", "complex")


@given(
    scores=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    thresholds=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    labelled=st.booleans(),
)
def test_what_holds_of_every_decision(
    scores: tuple[float, float], thresholds: tuple[float, float], *, labelled: bool
) -> None:
    policy = Policy(1, dict(zip(NAMES, thresholds, strict=False)))
    said = Classification("simple", scores[0]) if labelled else scored(*scores)
    decision = router(policies=ActivePolicies(policy)).decide(said)
    served = NAMES.index(decision.tier)
    for below, confidence in decision.confidences[:served]:
        assert confidence < policy.threshold(below)
    if decision.tier != "complex":
        assert dict(decision.confidences)[decision.tier] >= policy.threshold(decision.tier)
    assert decision.escalated == (served > NAMES.index(decision.label))
    assert decision.escalated == (decision.reason == "escalated")
    if decision.reason == "kept":
        assert decision.threshold is not None
        assert decision.confidence >= decision.threshold
    if decision.reason == "escalated":
        assert decision.threshold is not None
        assert decision.confidence < decision.threshold


@given(
    low=st.floats(0, 1), high=st.floats(0, 1), scores=st.tuples(st.floats(0, 1), st.floats(0, 1))
)
def test_a_higher_threshold_never_serves_from_a_cheaper_tier(
    low: float, high: float, scores: tuple[float, float]
) -> None:
    low, high = sorted((low, high))
    loose, strict = (
        router(policies=ActivePolicies(Policy(1, {"simple": tau, "standard": 0.5})))
        for tau in (low, high)
    )
    said = scored(*scores)
    assert NAMES.index(loose.decide(said).tier) <= NAMES.index(strict.decide(said).tier)


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (None, "unreadable"),
        (TimeoutError(), "timeout"),
        (ProviderError("busy", kind="rate_limited"), "rate_limited"),
    ],
)
def test_a_failed_classifier_costs_no_request(cause: BaseException | None, why: str) -> None:
    decision = router(Fails(cause)).route(ASK, "s")
    assert (decision.tier, decision.reason) == ("standard", f"classifier_failed:{why}")
    assert (decision.confidence, decision.threshold, decision.escalated) == (0.0, None, False)
    assert (decision.label, decision.confidences, decision.policy_version) == ("standard", (), 3)


def test_what_does_not_fit_the_tiers_is_a_failed_classifier() -> None:
    assert router().decide(Classification("huge", 0.9)).reason == "classifier_failed:unknown_label"
    missing = Classification("simple", 0.9, confidences={"simple": 0.9})
    assert router().decide(missing).reason == "classifier_failed:missing_confidences"
    assert router().route(ASK).reason == "classifier_failed:no_classifier"


def test_a_tier_or_a_model_can_be_pinned() -> None:
    by_tier, by_model = router().pinned("complex"), router().pinned("simple-1", "s")
    assert by_tier is not None
    assert by_model is not None
    assert (by_tier.tier, by_tier.reason, by_tier.confidence) == ("complex", "pinned", 1.0)
    assert (by_model.tier, by_model.label, by_model.threshold) == ("simple", "simple", None)
    assert router().pinned("huge") is None


def test_a_name_pins_before_a_model_and_the_cheaper_of_two() -> None:
    tiers = (
        Tier("a", "b", "", Price(1, 1)),
        Tier("b", "m", "", Price(2, 2)),
        Tier("c", "m", "", Price(3, 3)),
    )
    active = ActivePolicies(Policy(1, {"a": 0.5, "b": 0.5}))
    pins = Router(tiers, None, active, "c")
    named, shared = pins.pinned("b"), pins.pinned("m")
    assert named is not None
    assert shared is not None
    assert (named.tier, shared.tier) == ("b", "b")


def test_a_session_decides_the_policy_and_none_gets_the_stable_one() -> None:
    candidate = Policy(4, {"simple": 0.9, "standard": 0.6})
    active = ActivePolicies(POLICY, candidate, 0.5, "r")
    routed = router(StaticClassifier("simple")).with_policies(active)
    assert routed.policies is active
    sessions = [f"s{n}" for n in range(200)]
    for session in sessions:
        assert routed.route(ASK, session).policy_version == active.for_session(session).version
    assert {routed.route(ASK, s).policy_version for s in sessions} == {3, 4}
    assert routed.route(ASK).policy_version == 3
    assert (
        routed.failed(
            "x", next(s for s in sessions if active.for_session(s) is candidate)
        ).policy_version
        == 4
    )


def test_swapping_policies_leaves_the_router_as_it_was() -> None:
    first = router(StaticClassifier("simple"))
    second = first.with_policies(ActivePolicies(Policy(9, {"simple": 1.0, "standard": 1.0})))
    assert first.route(ASK).policy_version == 3
    assert second.route(ASK).policy_version == 9
    assert second.tiers == first.tiers


BUILDS: list[tuple[tuple[Tier, ...], dict[str, float], str, str]] = [
    (TIERS[:1], {}, "simple", "two or more"),
    ((), {}, "simple", "two or more"),
    ((TIERS[0], TIERS[0]), {"simple": 0.5}, "simple", "each name once"),
    (TIERS, {"simple": 0.5, "standard": 0.5}, "huge", "default tier: found 'huge'"),
    (TIERS, {"simple": 0.5}, "simple", "accepted: exactly"),
    (TIERS, {"simple": 0.5, "standard": 0.5, "complex": 0.5}, "simple", "accepted: exactly"),
]


@pytest.mark.parametrize(("tiers", "thresholds", "default", "message"), BUILDS)
def test_what_does_not_fit_together_is_refused(
    tiers: tuple[Tier, ...], thresholds: dict[str, float], default: str, message: str
) -> None:
    active = ActivePolicies(Policy(1, thresholds or {"x": 0.5}))
    with pytest.raises(PolicyError, match=message):
        Router(tiers, None, active, default)


contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "role", "content", "image_url"]), inner)
    ),
    max_leaves=8,
)
odd_messages = st.lists(
    contents
    | st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "system", None, 7]),
         "content": contents | st.just([{"type": "text", "text": "hi"}])}
    ),
    max_size=5,
)  # fmt: skip


@example(messages=[{"role": "user", "content": [{"type": []}]}], tools=None, response_format=None)
@given(messages=odd_messages, tools=contents, response_format=contents)
def test_odd_messages_are_routed_all_the_same(
    messages: list[Any], tools: Any, response_format: Any
) -> None:
    decision = router(HeuristicClassifier(NAMES)).route(
        messages, "s", tools=tools, response_format=response_format
    )
    assert decision.tier in NAMES
    assert not decision.reason.startswith("classifier_failed")


YAML = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_router_from_a_file_in_five_lines(tmp_path: Path) -> None:
    path = written(tmp_path, YAML)
    decision = Router.from_config(path).route(ASK)
    assert (decision.tier, decision.model, decision.policy_version) == ("simple", "small-1", 1)
    static = written(tmp_path, YAML.replace("kind: heuristic", "kind: static, label: complex"))
    assert Router.from_config(str(static)).route(ASK).reason == "top"


def test_a_file_with_an_llm_needs_a_function_that_asks(tmp_path: Path) -> None:
    path = written(tmp_path, YAML.replace("kind: heuristic", "model: cheap"))
    with pytest.raises(UsageError, match="needs `ask`"):
        Router.from_config(path)
    asked: list[dict[str, Any]] = []

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return {"choices": [{"message": {"content": "simple 0.9"}}]}

    decision = Router.from_config(path, ask=ask).route(ASK)
    assert (decision.tier, decision.confidence) == ("simple", 0.9)
    assert asked[0]["model"] == "cheap"


def test_other_sections_are_left_unread_but_routing_is_checked(tmp_path: Path) -> None:
    path = written(tmp_path, YAML + "providers: {p: {kind: openai, nonsense: 1}}\nother: 1\n")
    assert {tier.provider for tier in Router.from_config(path).tiers} == {"p"}
    odd = written(tmp_path, YAML + "providers: [1]\n")
    assert {tier.provider for tier in Router.from_config(odd).tiers} == {""}
    with pytest.raises(ConfigError, match=r":4: routing\.tiers\.simple\.model"):
        Router.from_config(written(tmp_path, YAML.replace("model: small-1, ", "")))


def test_any_object_with_classify_is_a_classifier() -> None:
    class Longest:
        def classify(
            self,
            messages: Sequence[Mapping[str, Any]],
            *,
            tools: Sequence[Any] | None = None,
            response_format: Mapping[str, Any] | None = None,
        ) -> Classification:
            return Classification("complex" if len(messages) > 3 else "simple", 0.9)

    route: Callable[..., Any] = router(Longest()).route
    assert route(ASK).tier == "simple"
    assert route(ASK * 4).tier == "complex"


def test_types_name_what_the_classifier_does_not() -> None:
    codes, biases = table_of([[0.0] * BUCKETS, [0.0] * BUCKETS], [0.0, 1.0])
    types = TaskTypes(1, ("first", "second"), ((), ()), codes, biases)
    plain = router(StaticClassifier("simple"))
    typed = plain.with_types(types)
    asked = [{"role": "user", "content": "anything"}]
    assert plain.typed(Classification("simple", 0.9), asked).task_type == "all"
    assert typed.typed(Classification("simple", 0.9), asked).task_type == "second"
    assert typed.typed(Classification("simple", 0.9, "code"), asked).task_type == "code"
    assert typed.types is types
    assert typed.with_policies(typed.policies).types is types
    assert typed.with_types(None).types is None


def test_each_session_s_policy_says_who_serves_its_tiers() -> None:
    tiers = (
        Tier("simple", "small-1", "lab", Price(1, 1)),
        Tier("complex", "large-1", "lab", Price(9, 9)),
    )
    stable = Policy(1, {"simple": 0.7})
    new = TierModel("small-2", "lab", Price(0.5, 0.5), "", instead_of="small-1")
    candidate = stable.with_tier_model("simple", new, version=2)
    classifier = StaticClassifier("simple")
    whole = ActivePolicies(stable, candidate, 1.0, "salt")
    router = Router(tiers, classifier, whole, "complex")
    chat = [{"role": "user", "content": "Hi"}]
    assert router.route(chat).model == "small-1"  # nobody's session is on the stable policy
    tried = router.route(chat, "somebody")
    assert (tried.tier, tried.model, tried.policy_version) == ("simple", "small-2", 2)
    assert [tier.model for tier in router.ladder(2).tiers] == ["small-2", "large-1"]
    # Of a policy that has ended meanwhile, the stable one's.
    assert router.ladder(9) is router.ladder(1)
    assert [tier.model for tier in router.every_tier] == ["small-1", "large-1", "small-2"]
    # The file's names stay callers' names, whoever serves.
    pinned = router.pinned("small-1", "somebody")
    assert pinned is not None
    assert (pinned.tier, pinned.model) == ("simple", "small-2")
    assert router.pinned("small-2", "somebody") is None
    assert router.failed("why", "somebody").model == "large-1"
    # Taken back, the file's model serves again.
    back = router.with_policies(ActivePolicies(stable))
    assert back.route(chat, "somebody").model == "small-1"
