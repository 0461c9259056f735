"""What a recording answers to the real prompts of the judge and the classifier, and to evalsets."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from factories.recorded import (
    BETTER,
    MODELS,
    PRICES,
    WORSE,
    Recorded,
    app_of,
    ask,
    exchange,
    request,
    text,
)
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from tierwatch.errors import ProviderError, UsageError
from tierwatch.evalsets import Anchor, Probe
from tierwatch.judges.pairwise import PairwiseJudge
from tierwatch.judges.verdict import Question
from tierwatch.providers.recorded.answers import RecordedOptions, tokens, usage
from tierwatch.providers.recorded.recordings import Recordings
from tierwatch.providers.recorded.traffic_file import RecordedAnswer, RecordedExchange
from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.classify.llm import classification_request, read_classification
from tierwatch.routing.tiers import Tier


def judged(
    app: Starlette, one: RecordedExchange, served: str, alternative: str, **options: Any
) -> tuple[str | None, str]:
    judge = PairwiseJudge(Recorded(app), "p", "judge", **options)
    verdict = judge.judge(
        Question(messages=one.messages),
        {"role": "assistant", "content": one.answers[served].text},
        {"role": "assistant", "content": one.answers[alternative].text},
    )
    return verdict.preferred, verdict.basis


@pytest.mark.parametrize(
    ("one", "served", "alternative", "preferred"),
    [
        (WORSE, "simple", "standard", "alternative"),
        (WORSE, "standard", "simple", "served"),
        (WORSE, "standard", "complex", "tie"),
        (BETTER, "simple", "standard", "served"),
        (BETTER, "standard", "complex", "alternative"),  # by score: .0 against .5
        (BETTER, "simple", "complex", "served"),  # no neighbours: by score
    ],
)
def test_the_judge_says_what_was_recorded(
    one: RecordedExchange, served: str, alternative: str, preferred: str
) -> None:
    assert judged(app_of(WORSE, BETTER), one, served, alternative) == (preferred, "pairwise")


def test_a_pair_without_a_recorded_verdict_is_an_error() -> None:
    with pytest.raises(ProviderError, match="no verdict between") as caught:
        judged(app_of(WORSE), WORSE, "simple", "complex")
    assert caught.value.status == 404
    with pytest.raises(ProviderError, match="no one recorded exchange"):
        judged(app_of(BETTER), WORSE, "simple", "standard")


def test_of_a_prompt_and_the_same_with_a_preamble_the_longer_one_was_asked() -> None:
    pairs = ("The answer is (A).", "The answer is (B).", "other one")
    plain = exchange("x", "Which one?", {"simple<standard": "worse"}, texts=pairs)
    chatty = exchange("y", "Hello. Which one?", {"simple<standard": "better"}, texts=pairs)
    app = app_of(plain, chatty)
    assert judged(app, chatty, "simple", "standard")[0] == "served"
    assert judged(app, plain, "simple", "standard")[0] == "alternative"


def test_short_answers_are_told_apart_by_the_conversation() -> None:
    pairs = ("The answer is (A).", "The answer is (B).", "other one")
    first = exchange("x", "First?", {"simple<standard": "worse"}, texts=pairs)
    second = exchange("y", "Second?", {"simple<standard": "better"}, texts=pairs)
    app = app_of(first, second)
    assert judged(app, first, "simple", "standard")[0] == "alternative"
    assert judged(app, second, "simple", "standard")[0] == "served"
    with pytest.raises(ProviderError, match="no one recorded exchange"):
        judged(app, exchange("z", "Third?", texts=pairs), "simple", "standard")


def test_equal_texts_are_a_tie_whatever_was_recorded() -> None:
    same = exchange("s", "q", {"simple<standard": "worse"}, texts=("equal text",) * 3)
    assert judged(app_of(same), same, "simple", "standard")[0] == "tie"


def test_answers_from_two_recordings_of_one_prompt_are_compared_by_score() -> None:
    a, b = exchange("a", "q", scores=(0, 1, 1)), exchange("b", "q", scores=(1, 1, 1))
    found = Recordings([a, b]).pair("low b", "mid a", "[user] q")
    assert found is not None
    assert (found.tier_a, found.tier_b, found.preferred) == ("simple", "standard", "tie")
    assert Recordings([a, exchange("b", "other")]).pair("low b", "mid a", "[user] q") is None


def test_long_texts_are_found_by_head_and_tail_and_redacted_texts_too() -> None:
    texts = tuple(f"{n} starts; mail ann@x.test " + f"{n} {'x' * 40} " * 99 + "end" for n in "abc")
    long = exchange("l", "p " * 3000 + "?", {"simple<standard": "worse"}, texts=texts)
    decoy = exchange("d", "q", {"simple<standard": "tie"}, texts=tuple(t + "!" for t in texts))
    app = app_of(decoy, long, redact=lambda one: one.replace("ann@x.test", "[EMAIL]"))
    assert judged(app, long, "simple", "standard", prompt_tokens=2_000)[0] == "alternative"
    seen = exchange("l", "p?", texts=tuple(t.replace("ann@x.test", "[EMAIL]") for t in texts))
    assert judged(app, seen, "simple", "standard", prompt_tokens=2_000)[0] == "alternative"
    assert judged(app, seen, "simple", "standard")[0] == "alternative"
    # Within an exchange marks have letters of their own.
    keyed = tuple(t.replace("ann@x.test", "[EMAIL kxqwzabc]") for t in texts)
    assert judged(app, exchange("l", "p?", texts=keyed), "simple", "standard")[0] == "alternative"


def test_short_answers_to_an_agents_prompt_are_found_by_what_the_person_wrote() -> None:
    pairs = ("Yes.", "No.", "other one")

    def asked(name: str, verdict: str, text: str) -> RecordedExchange:
        prompt = f"<system-reminder>{'Be brief. ' * 2_000}</system-reminder>\n{text}"
        return exchange(name, prompt, {"simple<standard": verdict}, texts=pairs)

    one, other = asked("x", "worse", "Is it safe?"), asked("y", "better", "Is it fast?")
    app = app_of(one, other)
    for options in ({}, {"prompt_tokens": 2_500}):
        assert judged(app, one, "simple", "standard", **options)[0] == "alternative"
        assert judged(app, other, "simple", "standard", **options)[0] == "served"


def test_a_biased_judge_names_the_first_answer_in_both_orders() -> None:
    options = RecordedOptions(position_consistency=0.0)
    verdict = judged(app_of(WORSE, options=options), WORSE, "simple", "standard")
    assert verdict == ("inconclusive", "swap_disagreement")


def test_a_flipping_judge_is_wrong_in_both_orders_from_a_given_request_on() -> None:
    app = app_of(WORSE, options=RecordedOptions(flip_rate=1.0, judge_noise_from=2))
    assert judged(app, WORSE, "simple", "standard") == ("alternative", "pairwise")
    assert judged(app, WORSE, "simple", "standard") == ("served", "pairwise")
    assert judged(app, WORSE, "standard", "complex")[0] in {"served", "alternative"}


def test_the_rates_of_a_noisy_judge_are_those_asked_for() -> None:
    # 400 pairs at .3 and then .2 of the consistent: 120 and 56 expected, sd 9.2 and 6.9; 4 sd.
    many = [exchange(f"m{n}", f"q{n}", {"simple<standard": "worse"}) for n in range(400)]
    options = RecordedOptions(position_consistency=0.7, flip_rate=0.2)
    app = app_of(*many, options=options)
    body = "<<<ANSWER_A ab\n{}\nANSWER_A ab>>>\n<<<ANSWER_B ab\n{}\nANSWER_B ab>>>"
    bodies = [
        request(body.format(*pair), "judge")
        for one in many
        for pair in [(f"low {one.id}", f"mid {one.id}"), (f"mid {one.id}", f"low {one.id}")]
    ]
    said = [json.loads(text(answer))["verdict"] for answer in ask(app, *bodies)]
    kinds = Counter(zip(said[::2], said[1::2], strict=True))
    assert kinds.keys() == {("A", "A"), ("B", "A"), ("A", "B")}
    assert abs(kinds["A", "A"] - 120) < 37
    assert abs(kinds["A", "B"] - 56) < 28


TIERS = tuple(Tier(tier, model, "p", PRICES[tier]) for model, tier in MODELS.items())


def classified(app: Starlette, *exchanges: RecordedExchange) -> list[tuple[str, float]]:
    config = ClassifierConfig(kind="llm", model="classifier")
    bodies = [classification_request(one.messages, TIERS, config) for one in exchanges]
    found = [read_classification(answer.json(), TIERS) for answer in ask(app, *bodies)]
    return [(one.label, one.confidence) for one in found]


def test_a_perfect_classifier_names_the_cheapest_tier_that_suffices_for_the_kind_of_task() -> None:
    ties = {"simple<standard": "tie", "standard<complex": "tie"}
    worse = {"simple<standard": "worse", "standard<complex": "tie"}
    top = {"simple<standard": "worse", "standard<complex": "worse"}
    kinds = {"easy": ties, "medium": worse, "hard": top}
    known = [
        exchange(f"{kind}{n}", f"{kind} question {n}", verdicts, task=kind)
        for n in range(4)
        for kind, verdicts in kinds.items()
    ]
    # Later the standard tier got worse on medium tasks: the classifier was made before.
    later = [exchange(f"m{n}", f"later {n}", top, task="medium") for n in range(18)]
    app = app_of(*known, *later, options=RecordedOptions(classifier_accuracy=1.0))
    labels = [label for label, _ in classified(app, *known[:3], later[0])]
    assert labels == ["simple", "standard", "complex", "standard"]


def test_the_classifier_is_as_accurate_as_it_says() -> None:
    many = [exchange(f"m{n}", f"q{n}", {"simple<standard": "tie"}) for n in range(500)]
    labels = classified(app_of(*many), *many)
    right = [label == "simple" for label, _ in labels]
    sure = [confidence for _, confidence in labels]
    assert abs(sum(right) / 500 - 0.8) < 0.072  # 4 sd of .018
    assert abs(sum(sure) / 500 - 0.8) < 0.03
    assert min(sure) >= 0.6
    assert {label for label, _ in labels} == {"simple", "standard"}  # only the neighbour


ANCHOR = Anchor("a1", "facts", "plain", "Name a prime.", "Four.", "Seven.", "b", "4 is no prime")


PROBES = tuple(
    Probe(f"p{n}", "facts", "easy", f"Probe {n}?", {"how": "exact", "value": "yes"}, "yes", "no")
    for n in range(200)
)


def test_an_anchor_gets_its_known_verdict_and_the_judges_noise() -> None:
    for options, preferred in (
        (RecordedOptions(), "alternative"),
        (RecordedOptions(flip_rate=1.0), "served"),
        (RecordedOptions(position_consistency=0.0), "inconclusive"),
    ):
        app = app_of(WORSE, anchors=[ANCHOR], options=options)
        verdict = PairwiseJudge(Recorded(app), "p", "judge").judge(
            Question(messages=[{"role": "user", "content": ANCHOR.prompt}]),
            {"role": "assistant", "content": ANCHOR.a},
            {"role": "assistant", "content": ANCHOR.b},
        )
        assert verdict.preferred == preferred


def test_a_tier_passes_as_many_probes_as_its_recent_scores_say() -> None:
    # 1,000 lines: standard scores 1 in the first half and .5 in the second.
    lines = [
        exchange(f"e{n}", f"Question {n}", {}, (0.5, 1.0 if n < 500 else 0.5, 1.0))
        for n in range(1_000)
    ]
    app = app_of(*lines, probes=PROBES)
    before = passed(app, "middle")
    assert before == 200
    # Serving the 900th line moves the stretch into the second half.
    ask(app, {"model": "small", "messages": list(lines[900].messages)})
    after = passed(app, "middle")
    # 200 x .5 with five standard deviations of 7.
    assert 65 <= after <= 135
    assert passed(app, "large") == 200


def passed(app: Starlette, model: str) -> int:
    requests = [
        {"model": model, "messages": [{"role": "user", "content": probe.prompt}]}
        for probe in PROBES
    ]
    replies = [reply.json()["choices"][0]["message"]["content"] for reply in ask(app, *requests)]
    return replies.count("yes")


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"418": 0.1}, "418"),
        ({"500": -0.1}, "0 or more"),
        ({"500": 0.6, "429": 0.6}, "at most 1"),
    ],
)
def test_impossible_fault_rates_are_refused(rates: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RecordedOptions(error_rates=rates)


def test_every_request_may_fail() -> None:
    assert sum(RecordedOptions(error_rates={"500": 0.5, "html": 0.5}).error_rates.values()) == 1


@given(what=st.text(max_size=5), key=st.text(max_size=5), seed=st.integers(0, 99))
def test_chance_is_a_matter_of_the_seed_the_question_and_the_key(
    what: str, key: str, seed: int
) -> None:
    options = RecordedOptions(seed=seed)
    assert 0 <= options.chance(what, key) < 1
    assert options.chance(what, key) == RecordedOptions(seed=seed).chance(what, key)
    assert options.chance(what, key) != RecordedOptions(seed=seed + 1).chance(what, key)


def test_chances_are_even() -> None:
    options = RecordedOptions()
    drawn = [options.chance("fault", str(number)) for number in range(1_000)]
    # The mean of 1,000 draws has a standard error of sqrt(1/12/1000) = .009.
    assert abs(sum(drawn) / len(drawn) - 0.5) < 0.03


ONE = exchange("e1", "p" * 40, texts=("x" * 20, "mid", "high"))


def test_without_prices_four_characters_are_a_token() -> None:
    assert tokens(ONE, "simple", None) == usage(10, 5)
    assert tokens(ONE, "simple", (1.0, 0.0)) == usage(10, 5)  # nothing to solve for


@given(cost=st.floats(0, 0.1), price=st.floats(0.1, 30))
def test_the_usage_costs_what_was_recorded_within_half_a_token(cost: float, price: float) -> None:
    answers = {**ONE.answers, "simple": RecordedAnswer("x", cost)}
    counts = tokens(replace(ONE, answers=answers), "simple", (price, price))
    assert counts["prompt_tokens"] == 10
    paid = (counts["prompt_tokens"] + counts["completion_tokens"]) * price / 1e6
    if cost >= 10 * price / 1e6:
        assert paid == pytest.approx(cost, abs=0.51 * price / 1e6)
    else:  # the prompt alone costs more than was recorded
        assert counts["completion_tokens"] == 0


def test_the_total_is_the_sum() -> None:
    assert usage(3, 4) == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


@pytest.mark.parametrize("prompt", ["plain", "reference"])
def test_both_prompts_of_a_judge_are_answered(prompt: Any) -> None:
    app = app_of(WORSE)
    question = Question(messages=list(WORSE.messages))
    verdict = PairwiseJudge(Recorded(app), "p", "judge", prompt=prompt).judge(
        question,
        {"role": "assistant", "content": WORSE.answers["simple"].text},
        {"role": "assistant", "content": WORSE.answers["standard"].text},
    )
    assert (verdict.preferred, verdict.basis) == ("alternative", "pairwise")
    assert verdict.calls == (2 if prompt == "plain" else 3)
