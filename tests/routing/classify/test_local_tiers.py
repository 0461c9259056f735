"""All boundaries together: confidences, labels, task types, and what going up costs."""

import random

import pytest
from factories.prompts import EASY, HARD, confident, prompt, taught
from factories.types import types_of
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.answer_cost import AnswerCost
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import SUREST, LocalTierClassifier
from tierwatch.routing.classify.type_offsets import TypeOffsets
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.tiers import Price, Tier

CONFIDENT = confident()
TYPES = types_of("prove", "capital")

TIERS = tuple(
    Tier(name, f"{name}-1", "", Price(usd, usd))
    for name, usd in (("simple", 0.25), ("standard", 3.0), ("complex", 15.0))
)


def ladder() -> LocalTierClassifier:
    names = [tier.name for tier in TIERS]
    return LocalTierClassifier(names, {"simple": CONFIDENT, "standard": CONFIDENT})


def test_the_router_keeps_easy_prompts_low_and_sends_hard_ones_up() -> None:
    policies = ActivePolicies(Policy(1, {"simple": 0.7, "standard": 0.7}))
    router = Router(TIERS, ladder(), policies, "complex")
    chance = random.Random(2)
    easy = [{"role": "user", "content": prompt(chance, EASY)}]
    hard = [{"role": "user", "content": prompt(chance, HARD)}]
    assert router.route(easy).tier == "simple"
    decision = router.route(hard)
    assert (decision.tier, decision.label, decision.reason) == ("complex", "complex", "top")
    assert dict(decision.confidences).keys() == {"simple", "standard"}


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


STRANGE = "Xylophone zeugma quixotic; vexing jazz: gryphon! Blizzard? Fjord..."


def ladder_of(**boundaries: LocalClassifier) -> LocalTierClassifier:
    return LocalTierClassifier([*boundaries, "top"], boundaries, unfamiliar_share=0.05)


def test_what_is_unlike_anything_judged_is_served_by_the_top_tier_and_says_so() -> None:
    names = [tier.name for tier in TIERS]
    classifier = LocalTierClassifier(
        names, {"simple": CONFIDENT, "standard": CONFIDENT}, unfamiliar_share=0.05
    )
    said = classifier.classify(messages(STRANGE))
    assert (said.label, said.confidence, said.task_type) == ("complex", 0.0, "unfamiliar")
    assert said.confidences == {"simple": 0.0, "standard": 0.0}
    assert classifier.confidences(STRANGE) == (0.0, 0.0)
    policies = ActivePolicies(Policy(1, {"simple": 0.01, "standard": 0.01}))
    decision = Router(TIERS, classifier, policies, "simple").route(messages(STRANGE))
    assert (decision.tier, decision.reason) == ("complex", "unfamiliar")
    assert (decision.threshold, decision.escalated, decision.chosen) == (None, False, True)


def test_a_threshold_of_0_keeps_what_is_unfamiliar_too() -> None:
    classifier = ladder_of(simple=CONFIDENT, standard=CONFIDENT)
    tiers = (*TIERS[:2], Tier("top", "top-1", "", Price(15, 15)))
    policies = ActivePolicies(
        Policy(1, {"simple": 0.9, "standard": 0.9}, {"unfamiliar": {"simple": 0}})
    )
    decision = Router(tiers, classifier, policies, "top").route(messages(STRANGE))
    assert (decision.tier, decision.reason, decision.task_type) == ("simple", "kept", "unfamiliar")


def test_of_prompts_like_those_judged_few_are_unfamiliar_and_others_are_decided_as_before() -> None:
    classifier, before = (
        ladder_of(simple=CONFIDENT),
        LocalTierClassifier(["simple", "top"], {"simple": CONFIDENT}),
    )
    chance = random.Random(12)
    asked = [prompt(chance, chance.choice((EASY, HARD))) for _ in range(400)]
    unfamiliar = 0
    for text in asked:
        said = classifier.classify(messages(text))
        unfamiliar += said.task_type == "unfamiliar"
        if said.task_type != "unfamiliar":
            assert said == before.classify(messages(text))
    assert unfamiliar <= 0.05 * 400


def test_one_boundary_that_knows_the_like_is_enough() -> None:
    strange = LocalClassifier().fit([f"{STRANGE} {at}" for at in range(300)], ["tie"] * 300)
    assert ladder_of(simple=CONFIDENT).classify(messages(STRANGE)).task_type == "unfamiliar"
    both = ladder_of(simple=CONFIDENT, standard=strange)
    assert both.classify(messages(STRANGE)).task_type == "all"


def test_a_boundary_that_has_learned_too_little_has_no_say() -> None:
    both = ladder_of(simple=CONFIDENT, standard=taught(150))
    assert both.classify(messages(STRANGE)).task_type == "unfamiliar"
    none = ladder_of(simple=LocalClassifier(), standard=taught(150))
    assert none.classify(messages(STRANGE)).task_type == "all"


def test_other_task_types_and_no_share_at_all() -> None:
    typed = ladder_of(simple=CONFIDENT).with_types(TYPES)
    assert typed.classify(messages(STRANGE)).task_type == "unfamiliar"
    assert typed.classify(messages("prove this of the integral")).task_type in TYPES.names
    none = LocalTierClassifier(["simple", "top"], {"simple": CONFIDENT})
    assert none.classify(messages(STRANGE)).task_type == "all"


def test_confidence_is_one_less_the_most_that_any_way_up_gains() -> None:
    text = "prove the integral of this"
    higher, lower = CONFIDENT.predict(text)
    gain = higher - lower
    assert gain > 0
    said = ladder().classify([{"role": "user", "content": text}])
    assert dict(said.confidences or {}) == {
        "simple": pytest.approx(max(0, 1 - 2 * gain)),
        "standard": pytest.approx(1 - gain),
    }


def test_a_prompt_that_only_the_top_tier_answers_does_not_look_easy_at_the_bottom() -> None:
    ties = LocalClassifier().fit(["write a story"] * 400, ["tie"] * 400)
    worse = LocalClassifier().fit(["write a story"] * 400, ["worse"] * 400)
    names = [tier.name for tier in TIERS]
    classifier = LocalTierClassifier(names, {"simple": ties, "standard": worse})
    simple, standard = classifier.confidences("write a story")
    assert simple < 0.2
    assert standard < 0.2


def test_one_reading_tells_confidences_and_the_type_that_the_types_tell() -> None:
    """The router asks no second time, and a router without types names none."""
    types = types_of("prove", "capital")
    policies = ActivePolicies(Policy(1, {"simple": 0.7, "standard": 0.7}))
    router = Router(TIERS, ladder(), policies, "complex")
    for text in ("prove the integral of this", "the capital of France"):
        asked = [{"role": "user", "content": text}]
        plain, typed = router.route(asked), router.with_types(types).route(asked)
        assert (plain.task_type, typed.task_type) == ("all", types.assign(text))
        assert typed.confidences == plain.confidences
        said = ladder().with_types(types).classify(asked)
        assert said.task_type == types.assign(text)
    assert router.with_types(types).with_types(None).route(asked).task_type == "all"


def test_where_an_answer_is_dear_going_up_must_gain_more() -> None:
    cost = AnswerCost()
    for _ in range(200):
        cost.learn("prove the integral of this", 0.09)
        cost.learn("capital of the", 0.01)
    names = [tier.name for tier in TIERS]
    boundaries = {"simple": CONFIDENT, "standard": CONFIDENT}
    priced = LocalTierClassifier(names, boundaries, cost)
    text = "prove the integral of this"
    assert priced.confidences(text)[1] > ladder().confidences(text)[1]


def test_a_boundary_without_a_classifier_is_refused() -> None:
    with pytest.raises(ArtefactError, match=r"found boundaries \['simple'\]"):
        LocalTierClassifier(["simple", "standard", "complex"], {"simple": taught(400)})


def test_offsets_decide_in_the_router_as_they_were_measured() -> None:
    names = [tier.name for tier in TIERS]
    carrier = LocalClassifier.from_bytes(CONFIDENT.to_bytes())
    carrier.type_offsets = TypeOffsets(TYPES.version, {"prove": (-3.0, 0.5)})
    ladder_with = LocalTierClassifier(names, {"simple": CONFIDENT, "standard": carrier})
    policies = ActivePolicies(Policy(1, {"simple": 0.7, "standard": 0.7}))
    router = Router(TIERS, ladder_with, policies, "complex")
    asked = [{"role": "user", "content": "prove the integral of this"}]
    plain = dict(router.route(asked).confidences)
    typed = dict(router.with_types(TYPES).route(asked).confidences)
    higher, lower = carrier.predict("prove the integral of this", TYPES)
    assert typed["standard"] == pytest.approx(min(0.999, 1 - max(0.0, higher - lower)))
    assert typed["standard"] > plain["standard"]
    assert typed["simple"] >= plain["simple"]
    assert dict(router.with_types(TYPES).with_types(None).route(asked).confidences) == plain


def test_a_sure_tie_keeps_a_prompt_at_the_bottom_but_for_a_threshold_of_one() -> None:
    ties = LocalClassifier().fit(["write a story"] * 400, ["better"] * 400)
    classifier = LocalTierClassifier(["simple", "complex"], {"simple": ties})
    (confidence,) = classifier.confidences("write a story")
    assert confidence == SUREST < 1
    said = classifier.classify([{"role": "user", "content": "write a story"}])
    assert (said.label, said.confidence, said.task_type) == ("simple", SUREST, "all")


def test_the_label_is_the_first_tier_that_is_more_likely_than_not_to_do() -> None:
    names = ("simple", "standard", "complex")
    sure, unsure = CONFIDENT, LocalClassifier()  # unsure: 1 - (.45 - .07) = .62
    classifier = LocalTierClassifier(names, {"simple": sure, "standard": unsure})
    said = classifier.classify([{"role": "user", "content": "prove the integral of this"}])
    assert (said.label, said.confidence) == ("standard", pytest.approx(0.62))
    assert said.confidences is not None
    assert said.confidences["simple"] < 0.5


def test_the_confidence_of_the_top_label_is_that_the_one_below_does_not_do() -> None:
    classifier = LocalTierClassifier(["simple", "complex"], {"simple": CONFIDENT})
    said = classifier.classify([{"role": "user", "content": "prove the integral of this"}])
    assert said.label == "complex"
    assert said.confidence == 1 - classifier.confidences("prove the integral of this")[0]


@given(text=st.text(max_size=200))
def test_every_text_has_a_confidence_for_each_boundary(text: str) -> None:
    found = ladder().confidences(text)
    assert len(found) == 2
    assert all(0 <= confidence <= SUREST for confidence in found)
    assert found == ladder().confidences(text)


def test_a_prompt_that_is_no_text_is_classified_all_the_same() -> None:
    for messages in ([], [{}], [{"role": "user", "content": None}], [{"content": [{"type": "x"}]}]):
        assert ladder().classify(messages).label in {tier.name for tier in TIERS}
