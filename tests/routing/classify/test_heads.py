"""Judged pairs, and the two heads that learn from them."""

import math
from typing import Any

import pytest
from factories.prompts import judged
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.routing.classify.features import BUCKETS, prompt_features
from tierwatch.routing.classify.heads import (
    VERDICTS,
    Heads,
    check_weight,
    judged_pair,
    sigmoids_of,
    unseen_scores,
)
from tierwatch.routing.classify.linear import LinearModel


def fresh() -> Heads:
    """Heads that begin at even odds."""
    return Heads(
        tuple(LinearModel(0.0, BUCKETS) for _ in range(2)),
        tuple(LinearModel(0.0, 0) for _ in range(2)),
    )


@pytest.mark.parametrize(
    ("verdict", "targets"),
    [("worse", (1.0, 0.0)), ("tie", (0.0, 0.0)), ("better", (0.0, 1.0))],
)
def test_a_verdict_is_a_target_for_each_head(verdict: str, targets: tuple[float, float]) -> None:
    pair = judged_pair("Prove it.", verdict, 2.5)
    assert (pair.targets, pair.weight) == (targets, 2.5)
    assert pair.features == prompt_features("Prove it.")


@pytest.mark.parametrize("verdict", ["", "Worse", "unscored", None, 0])
def test_another_verdict_is_refused(verdict: Any) -> None:
    with pytest.raises(EvidenceError, match="accepted: worse, tie, better"):
        judged_pair("Prove it.", verdict, 1.0)


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_another_weight_is_refused(weight: float) -> None:
    with pytest.raises(EvidenceError, match="a number above 0"):
        check_weight(weight)
    with pytest.raises(EvidenceError, match="a number above 0"):
        judged_pair("Prove it.", "tie", weight)


@given(text=st.text(max_size=60), first=st.sampled_from(VERDICTS), other=st.sampled_from(VERDICTS))
def test_equal_prompts_fall_into_one_third(text: str, first: str, other: str) -> None:
    third = judged_pair(text, first, 1.0).third
    assert third == judged_pair(text, other, 9.0).third
    assert third in {0, 1, 2}


def test_thirds_are_of_about_one_size() -> None:
    thirds = [judged_pair(f"prompt {n}", "tie", 1.0).third for n in range(3_000)]
    # A binomial of 3,000 and 1/3 has a standard deviation of 26.
    assert all(abs(thirds.count(third) - 1_000) < 130 for third in range(3))


def test_a_step_gives_the_scores_from_before_it() -> None:
    heads, features = fresh(), prompt_features("Prove the lemma.")
    assert heads.step(features, (1.0, 0.0), 1.0) == (0.0, 0.0)
    higher, lower = heads.scores(features)
    assert higher > 0 > lower
    assert heads.step(features, (1.0, 0.0), 1.0) == (higher, lower)


def test_both_the_words_and_the_form_alone_are_taught() -> None:
    heads, features = fresh(), prompt_features("Prove the lemma.")
    for _ in range(20):
        heads.step(features, (1.0, 0.0), 1.0)
    assert [model.score(features) > 0 for model in heads.models()] == [True, False, True, False]


def test_what_these_heads_would_be_leaves_them_as_they_are() -> None:
    heads = fresh()
    features = prompt_features("Prove the lemma.")
    after = heads.after([judged_pair("Prove the lemma.", "worse", 1.0)] * 20)
    assert heads.scores(features) == (0.0, 0.0)
    assert after.scores(features)[0] > 0


def test_the_order_of_pairs_does_not_matter_where_it_is_reversed() -> None:
    pairs = [judged_pair(text, verdict, 1.0) for text, verdict in judged(200)]
    features = prompt_features("prove the integral of this")
    there, back = fresh().after(pairs), fresh().after(pairs[::-1])
    assert there.scores(features) == pytest.approx(back.scores(features), abs=1e-5)


def test_of_no_pairs_nothing_is_learned() -> None:
    features = prompt_features("anything")
    assert fresh().after([]).scores(features) == (0.0, 0.0)
    assert unseen_scores(fresh(), []) == []


def test_no_prompt_is_scored_by_a_model_that_has_learned_it() -> None:
    # Half of the prompts are always worse; each is written with a number of its own, so that a
    # model which has not seen it knows nothing of it.
    pairs = [judged_pair(f"zq{n}", "worse" if n % 2 else "tie", 1.0) for n in range(300)]
    scored = unseen_scores(fresh(), pairs)
    assert [(verdict, weight) for _, _, verdict, weight in scored] == [
        (pair.verdict, pair.weight) for pair in pairs
    ]
    worse = [higher for higher, _, verdict, _ in scored if VERDICTS[verdict] == "worse"]
    ties = [higher for higher, _, verdict, _ in scored if VERDICTS[verdict] == "tie"]
    learned = fresh().after(pairs)
    apart = sum(worse) / len(worse) - sum(ties) / len(ties)
    known = [learned.scores(pair.features)[0] for pair in pairs]
    memorised = sum(known[1::2]) / 150 - sum(known[::2]) / 150
    assert abs(apart) < 0.3 < memorised


def test_each_head_has_a_sigmoid_of_its_own() -> None:
    worse, better = VERDICTS.index("worse"), VERDICTS.index("better")
    # The first head's scores say what comes of it; the second's are too high by 3.
    scored = [(2.0, 1.0, worse, 1.0), (-2.0, 1.0, better, 1.0)] * 200
    scored += [(-2.0, 3.0, worse, 1.0), (2.0, 5.0, better, 1.0)] * 20
    first, second = sigmoids_of(scored)
    assert first[0] > 0.8
    assert abs(first[1]) < 0.3
    assert second != first


def test_without_pairs_both_sigmoids_leave_scores_alone() -> None:
    assert sigmoids_of(iter([])) == ((1.0, 0.0), (1.0, 0.0))
